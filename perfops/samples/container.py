"""Containers from container/<runtime>/<id12>: the counters of their control group, as JSON."""

from typing import Any, NamedTuple

import orjson

from perfops.samples.disk import RESET
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
NO_RATES = (None,) * len(COUNTERS)
NO_LIMIT = 1 << 62  # a memory limit of this size is the kernel's way to say that there is none


class Container(NamedTuple):
    """One container in one snapshot; `counters` in the order of COUNTERS."""

    id: str
    name: str
    runtime: str
    counters: tuple[int, ...]
    memory_current: int | None
    memory_max: int | None
    pids_current: int | None


def parse(subsystem: str, text: str) -> Container:
    """Read one container's measurement; ValueError where it is not a JSON object with an id."""
    value: Any = orjson.loads(text)
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - what is wrong is the text
    limit = _number(value.get("memory_max"))
    return Container(
        id=str(value.get("container_id") or subsystem.rpartition("/")[2]),
        name=str(value.get("container_name") or ""),
        runtime=str(value.get("runtime") or subsystem.split("/")[1]),
        counters=tuple([_number(value.get(name)) or 0 for name in COUNTERS]),
        memory_current=_number(value.get("memory_current")),
        memory_max=limit if limit is not None and 0 < limit < NO_LIMIT else None,
        pids_current=_number(value.get("pids_current")),
    )


def _number(value: Any) -> int | None:
    return int(value) if isinstance(value, (int, float)) else None


def figures(
    before: Container | None, now: Container, seconds: float, notes: Notes, when: str
) -> tuple[float | None, ...]:
    """A container's row in the catalogue's order; rates are None without a snapshot before, or where a counter fell."""
    rates: tuple[float | None, ...] = NO_RATES
    if before is not None and seconds > 0:
        deltas = [later - sooner for later, sooner in zip(now.counters, before.counters, strict=True)]
        if min(deltas) < 0:
            notes.add(RESET, f"container {now.id[:12]}: its counters fell at {when}: no value for that interval")
        else:
            rates = tuple([delta / seconds for delta in deltas])
    current, limit = now.memory_current, now.memory_max
    cpu = [None if rate is None else rate / 10_000 for rate in rates[:3]]  # microseconds a second to percent
    share = current / limit * 100 if current is not None and limit else None
    return (*cpu, current, limit, share, *rates[3:], now.pids_current)
