"""The system row: scheduler figures from /proc/stat, load averages, memory beyond the host's columns."""

from math import nan

from perfops.samples.counters import LARGEST, level
from perfops.samples.cpu import Stat, rate
from perfops.samples.devices import Values

NO_LOAD: Values = (nan, nan, nan)
NO_SCHEDULER: Values = (nan,) * 5


def parse_load(text: str, before: Values | None = None) -> Values:  # noqa: ARG001 - all sources are parsed alike
    """The three averages of /proc/loadavg; ValueError where they are not there."""
    one, five, fifteen, *_ = map(float, text.split()[:3])
    if not (0 <= one < LARGEST and 0 <= five < LARGEST and 0 <= fifteen < LARGEST):
        raise ValueError(f"no load averages: {text[:40]!r}")
    return one, five, fifteen


def scheduler(before: Stat, now: Stat, seconds: float) -> Values:
    """procs_running and procs_blocked; context switches, interrupts and forks a second; NaN for what is not there."""
    return (
        level(now.counters.get("procs_running", nan)),
        level(now.counters.get("procs_blocked", nan)),
        rate(before, now, "ctxt", seconds),
        rate(before, now, "intr", seconds),
        rate(before, now, "processes", seconds),
    )
