"""The phases of a machine's collection, each with its own statistics."""

from dataclasses import replace
from datetime import timedelta
from typing import NamedTuple

from perfops.catalogue import HOST, SYSTEM
from perfops.errors import BadInputError
from perfops.outputs.summary import Annotation
from perfops.report.pictures import Found
from perfops.report.statistics import statistics
from perfops.store.connection import Connection
from perfops.store.machines import Machine

MOST = 30  # phases of a collection that have a row in the report
BETWEEN = timedelta(microseconds=1)  # a sample is of the time before it: that of a phase's first moment is not its own


class Spent(NamedTuple):
    """A phase of a collection, and the statistics of the host in it."""

    phase: Annotation
    found: Found


def phases_of(machine: Machine, name: str | None = None) -> list[Annotation]:
    """The phases of a collection, or those of a name; BadInputError where there is none of the name."""
    found = [note for note in machine.annotations if note.kind == "phase" and note.end is not None]
    if name is None:
        return found
    chosen = [note for note in found if note.text == name]
    if not chosen:
        known = ", ".join(dict.fromkeys(note.text for note in found)) or "it has none"
        raise BadInputError(f"{machine.name} has no phase {name!r} ({known}; perfops phase RUN NAME writes one)")
    return chosen


def during(machine: Machine, phase: Annotation) -> Machine:
    """The machine as if its collection were the phase alone."""
    return replace(machine, start=phase.start + BETWEEN, end=phase.end or machine.end)


def spent(connection: Connection, machine: Machine) -> list[Spent]:
    """The first phases of a collection with statistics of the host and the system in each."""
    kinds = [kind for kind in (HOST, SYSTEM) if machine.summary.samples.get(kind.name)]
    return [
        Spent(
            phase,
            {
                kind.name: {device.key: device for device in statistics(connection, during(machine, phase), kind)}
                for kind in kinds
            },
        )
        for phase in phases_of(machine)[:MOST]
    ]
