"""Devices with a line of counters each: what disks and interfaces have in common."""

from collections.abc import Callable
from operator import ne
from typing import NamedTuple

from perfops.samples.notes import Notes

RESET = "counters that fell"
Counters = tuple[int, ...]
Values = tuple[float, ...]
Rows = list[tuple[str, Values]]


class Devices(NamedTuple):
    """The devices of one snapshot: the lines as read, the name on each ('' where there is none), counters by name."""

    lines: list[str]
    names: list[str]
    counters: dict[str, Counters]


def parse(text: str, before: Devices | None, read_line: Callable[[str], tuple[str, Counters] | None]) -> Devices:
    """Read lines with `read_line`, which gives a name and counters, or None for a line of another shape.

    Most lines do not change from tick to tick: those keep the very counters of `before`. ValueError where the text has
    lines and no device is on them.
    """
    lines = text.split("\n")
    if before is not None and len(lines) == len(before.lines):
        counters = before.counters.copy()
        for place, changed in enumerate(map(ne, lines, before.lines)):
            if changed:
                found = read_line(lines[place])
                if found is None or found[0] != before.names[place]:
                    break
                counters[found[0]] = found[1]
        else:
            return Devices(lines, before.names, counters)
    every = [read_line(line) for line in lines]
    counters = dict(filter(None, every))
    if text.strip() and not counters:
        raise ValueError("no line with a device's counters")
    return Devices(lines, [found[0] if found else "" for found in every], counters)


def fallen(notes: Notes, what: str, name: str, when: str) -> None:
    """Remark that a device has no value for an interval."""
    notes.add(RESET, f"{what} {name}: its counters fell at {when}: no value for that interval")
