"""Records to snapshots: all records of one tick."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from perfops.samples.records import Fields

# What a recorder says about itself; a snapshot of these alone is no tick.
CONTROL = frozenset(("host", "end", "gap", "clock", "frame", "/proc/cpuinfo"))


class Snapshot(NamedTuple):
    """The records of one tick by subsystem; `timestamp` in Unix seconds, `monotonic` in seconds of boottime or None."""

    timestamp: float
    monotonic: float | None
    records: dict[str, str]


def group(records: Iterable[Fields]) -> Iterator[Snapshot]:
    """Neighbouring records with one timestamp; a subsystem that comes again starts the next snapshot.

    So does a host record: where a file goes on with another one, it stands before the last tick once more.
    """
    timestamp: float | None = None
    monotonic: float | None = None
    found: dict[str, str] = {}
    for now, clock, subsystem, measurement in records:
        if now != timestamp or subsystem in found or subsystem == "host":
            if timestamp is not None:
                yield Snapshot(timestamp, monotonic, found)
            timestamp, monotonic, found = now, clock, {}
        found[subsystem] = measurement
    if timestamp is not None:
        yield Snapshot(timestamp, monotonic, found)
