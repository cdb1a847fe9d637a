"""Which collection is compared with which: machines of two runs by their names; and how the machines differ."""

from dataclasses import replace
from typing import Any, NamedTuple

from perfops.catalogue import HOST
from perfops.errors import BadInputError
from perfops.store.machines import Machine
from perfops.store.states import LATE, LIVE

NEARLY = 0.95  # of the longer side that the shorter one has at least: less is told
FACTS = ("cloud", "instance_type", "model_name", "total_cpus", "cpus_online", "os", "kernel")


class Pair(NamedTuple):
    """Two collections to compare."""

    baseline: Machine
    other: Machine


class Pairs(NamedTuple):
    """The pairs, and the names of machines that are on one side only."""

    pairs: list[Pair]
    alone: list[str]


def pair(baseline: list[Machine], other: list[Machine]) -> Pairs:
    """Machines of a name together; two that are alone on their sides, whatever their names.

    No side pools machines. BadInputError where no name is on both sides.
    """
    if len(baseline) == len(other) == 1:
        return Pairs([Pair(baseline[0], other[0])], [])
    one, two = ({machine.name: machine for machine in side} for side in (baseline, other))
    pairs = [Pair(one[name], two[name]) for name in one if name in two]
    if not pairs:
        raise BadInputError(
            f"no machine is in both: {', '.join(one)} against {', '.join(two)} (give ids of collections: perfops list)"
        )
    return Pairs(pairs, [name for name in {**one, **two} if name not in one or name not in two])


def tell_apart(pairs: list[Pair]) -> list[Pair]:
    """The pairs with names that tell the two sides apart: by run, else by start."""
    named = []
    for pair in pairs:
        marks = [side.run or "" for side in pair]
        if pair.baseline.name != pair.other.name:
            named.append(pair)
            continue
        if len(set(marks)) == 1:
            marks = [f"{side.start:%Y-%m-%d %H:%M:%S}" for side in pair]
        named.append(
            Pair(*(replace(side, name=f"{side.name}, {mark}") for side, mark in zip(pair, marks, strict=True)))
        )
    return named


def unlike(pair: Pair) -> list[str]:
    """What is not the same on both sides and may explain a difference, one phrase each."""
    told = []
    facts = [(name, *(fact(side, name) for side in pair)) for name in FACTS]
    facts.append(("frequency", *(f"{side.frequency:g} s" for side in pair)))
    facts.append(("state", *(LIVE if side.state == LATE else side.state for side in pair)))
    if much_less(*(side.seconds for side in pair)):
        facts.append(("length", *(f"{side.seconds:.10g} s" for side in pair)))
    if much_less(*map(samples, pair)):
        facts.append(("samples", *(str(samples(side)) for side in pair)))
    for name, one, two in facts:
        if one != two:
            told.append(f"{name.replace('_', ' ')} {one or 'unknown'} against {two or 'unknown'}")
    return told


def samples(machine: Machine) -> int:
    """Samples of the machine as a whole."""
    return machine.summary.samples.get(HOST.name, 0)


def much_less(one: float, two: float) -> bool:
    """Whether one is so much less than the other that it may explain a difference."""
    return min(one, two) < NEARLY * max(one, two)


def fact(machine: Machine, name: str) -> str:
    """A fact about a machine, as text."""
    found: Any = machine.summary.host.get(name)
    return "" if found is None else str(found)
