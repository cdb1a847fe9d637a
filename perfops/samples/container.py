"""Containers from container/<runtime>/<id12>: the counters of their control group, as JSON."""

from math import nan
from operator import sub
from typing import Any, NamedTuple

import orjson

from perfops.samples.devices import Values, fallen
from perfops.samples.notes import Notes

PREFIX = "container/"
# Counters by which a container that was made anew under its old name is told from one that went on.
COUNTERS = (
    "cpu_usage_usec",
    "cpu_user_usec",
    "cpu_system_usec",
    "io_read_bytes",
    "io_write_bytes",
    "io_read_ops",
    "io_write_ops",
    "cpu_throttled_usec",
    "cpu_throttled",
    "cpu_periods",
)
NO_RATES: Values = (nan,) * len(COUNTERS)
MICROSECONDS = 10_000  # of CPU time in a second, that are one percent of one core
NO_LIMIT = 1 << 62  # a memory limit of this size is the kernel's way to say that there is none


class Container(NamedTuple):
    """One container in one snapshot; `counters` in the order of COUNTERS; NaN is what is not there."""

    id: str
    name: str
    runtime: str
    counters: Values
    memory_current: float
    memory_max: float
    memory_anon: float
    memory_file: float
    pids_current: float
    pids_max: float


def parse(subsystem: str, text: str) -> Container:
    """Read one container's measurement; ValueError where it is not a JSON object with an id."""
    value: Any = orjson.loads(text)
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - what is wrong is the text
    return Container(
        id=str(value.get("container_id") or subsystem.rpartition("/")[2]),
        name=str(value.get("container_name") or ""),
        runtime=str(value.get("runtime") or subsystem.split("/")[1]),
        counters=tuple([_number(value, name) for name in COUNTERS]),
        memory_current=_number(value, "memory_current"),
        memory_max=limit if 0 < (limit := _number(value, "memory_max")) < NO_LIMIT else nan,
        memory_anon=_number(value, "memory_anon"),
        memory_file=_number(value, "memory_file"),
        pids_current=_number(value, "pids_current"),
        pids_max=_number(value, "pids_max"),
    )


def _number(value: dict[str, Any], name: str) -> float:
    number = value.get(name)
    return number if isinstance(number, (int, float)) and number >= 0 else nan


def figures(before: Container | None, now: Container, seconds: float, notes: Notes, when: str) -> Values:
    """A container's row in the catalogue's order; rates are NaN without a snapshot before, or where a counter fell."""
    rates = NO_RATES
    if before is not None:
        deltas = list(map(sub, now.counters, before.counters))
        if any([delta < 0 for delta in deltas]):  # noqa: C419 - a list is quicker here
            fallen(notes, "container", now.id[:12], when)
        else:
            rates = tuple([delta / seconds for delta in deltas])
    usage, user, system, read, written, reads, writes, held_back, throttled, periods = rates
    return (
        usage / MICROSECONDS,
        user / MICROSECONDS,
        system / MICROSECONDS,
        now.memory_current,
        now.memory_max,
        now.memory_current / now.memory_max * 100,
        read,
        written,
        reads,
        writes,
        now.pids_current,
        held_back / MICROSECONDS,
        min(throttled / periods * 100, 100.0) if periods else nan,
        now.memory_anon,
        now.memory_file,
        now.pids_max,
    )
