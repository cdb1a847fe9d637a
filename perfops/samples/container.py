"""Containers from container/<runtime>/<id12>: the counters of their control group, as JSON."""

from math import nan
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
)
NO_RATES: Values = (nan,) * len(COUNTERS)
NO_LIMIT = 1 << 62  # a memory limit of this size is the kernel's way to say that there is none


class Container(NamedTuple):
    """One container in one snapshot; `counters` in the order of COUNTERS, levels NaN where they are not there."""

    id: str
    name: str
    runtime: str
    counters: Values
    memory_current: float
    memory_max: float
    pids_current: float


def parse(subsystem: str, text: str) -> Container:
    """Read one container's measurement; ValueError where it is not a JSON object with an id."""
    value: Any = orjson.loads(text)
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - what is wrong is the text
    return Container(
        id=str(value.get("container_id") or subsystem.rpartition("/")[2]),
        name=str(value.get("container_name") or ""),
        runtime=str(value.get("runtime") or subsystem.split("/")[1]),
        counters=tuple([_level(value, name, 0) for name in COUNTERS]),
        memory_current=_level(value, "memory_current"),
        memory_max=limit if 0 < (limit := _level(value, "memory_max")) < NO_LIMIT else nan,
        pids_current=_level(value, "pids_current"),
    )


def _level(value: dict[str, Any], name: str, missing: float = nan) -> float:
    level = value.get(name)
    return level if isinstance(level, (int, float)) else missing


def figures(before: Container | None, now: Container, seconds: float, notes: Notes, when: str) -> Values:
    """A container's row in the catalogue's order; rates are NaN without a snapshot before, or where a counter fell."""
    rates = NO_RATES
    if before is not None:
        deltas = [later - sooner for later, sooner in zip(now.counters, before.counters, strict=True)]
        if min(deltas) < 0:
            fallen(notes, "container", now.id[:12], when)
        else:
            rates = tuple([delta / seconds for delta in deltas])
    cpu = (rates[0] / 10_000, rates[1] / 10_000, rates[2] / 10_000)  # microseconds a second to percent of one core
    share = now.memory_current / now.memory_max * 100
    return (*cpu, now.memory_current, now.memory_max, share, *rates[3:], now.pids_current)
