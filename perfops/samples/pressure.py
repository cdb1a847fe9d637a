"""Pressure stall information from /proc/pressure/cpu, memory and io."""

from math import nan
from typing import NamedTuple

from perfops.samples.counters import checked, growth
from perfops.samples.devices import Values

MOST = 100.0
PERCENT_OF_MICROSECONDS = 1e-4  # of stalled microseconds in a second: 100 ÷ 10^6


class Pressure(NamedTuple):
    """Microseconds for which some task waited, and for which all did: NaN where the kernel does not count that."""

    some: float
    full: float


NOTHING = Pressure(nan, nan)


def parse(text: str, before: Pressure | None = None) -> Pressure:  # noqa: ARG001 - all sources are parsed alike
    """Read a file of /proc/pressure; ValueError where it has no line `some` with a total."""
    totals: dict[str, int] = {}
    for line in text.split("\n"):
        head, equals, total = line.rpartition("total=")
        if equals:
            totals[head[:4]] = int(total)
    if "some" not in totals:
        raise ValueError("no line 'some' with a total")
    checked(totals.values())
    return Pressure(totals["some"], totals.get("full", nan))


def columns(before: list[Pressure | None], now: list[Pressure | None], seconds: float) -> Values:
    """The columns of the system row in the catalogue's order, in percent of the time; of CPU, memory and io each.

    NaN where the kernel has none, one of the two is missing or a counter fell.
    """
    earlier = [total for pressure in before for total in pressure or NOTHING]
    later = [total for pressure in now for total in pressure or NOTHING]
    shares = growth(earlier, later, PERCENT_OF_MICROSECONDS / seconds)
    cpu, _, *others = [min(share, MOST) for share in shares]  # min() keeps a NaN that comes first
    return (cpu, *others)
