"""Paging, swapping, page faults and reclaim from /proc/vmstat."""

from collections.abc import Callable
from math import nan
from operator import itemgetter
from typing import Any, NamedTuple

from perfops.samples.counters import checked, growth
from perfops.samples.devices import Values

# Counted alone, in KiB and in pages; and what makes up the last figures, before Linux 4.8 once a zone.
IN_KIB = ("pgpgin", "pgpgout")
SINGLE = ("pswpin", "pswpout", "pgfault", "pgmajfault")
SCANNED = ("pgscan_kswapd", "pgscan_direct")
RECLAIMED = ("pgsteal_kswapd", "pgsteal_direct")
KILLED = "oom_kill"
PLAIN = (*IN_KIB, *SINGLE, *SCANNED, *RECLAIMED, KILLED)
ZONES = ("dma", "dma32", "normal", "high", "movable", "device")
KIB = 1024
NOTHING: Values = (nan,) * (len(PLAIN) - 2)


class Paging(NamedTuple):
    """Counters in the order of the figures, NaN where the kernel has none; the names in the text.

    `chosen` takes PLAIN from the numbers in the text; it is None where not all of them are there.
    """

    counters: tuple[float, ...]
    names: list[str]
    chosen: Callable[[list[str]], tuple[str, ...]] | None


def parse(text: str, before: Paging | None = None) -> Paging:
    """Read /proc/vmstat or a part of it; ValueError where it is no list of names and numbers."""
    words = text.split()
    names, numbers = words[::2], words[1::2]
    chosen: Callable[[list[str]], Any]
    if before is not None and before.chosen and names == before.names:
        chosen = before.chosen
    else:
        known = {name: place for place, name in enumerate(names[: len(numbers)])}
        if not all(name in known for name in PLAIN):
            return parse_others(names, numbers)
        chosen = itemgetter(*[known[name] for name in PLAIN])
    found = tuple(map(int, chosen(numbers)))
    checked(found)
    return Paging((*found[:6], found[6] + found[7], found[8] + found[9], found[10]), names, chosen)


def parse_others(names: list[str], numbers: list[str]) -> Paging:
    """The counters of a kernel that does not have all of PLAIN."""
    known = dict(zip(names, numbers, strict=False))
    figures = [[name] for name in (*IN_KIB, *SINGLE)]
    figures += [[name for each in parts for name in zoned(each)] for parts in (SCANNED, RECLAIMED)]
    figures.append([KILLED])
    found = [[int(known[name]) for name in figure if name in known] for figure in figures]
    if not any(found) and not all(map(str.isdigit, numbers)):
        raise ValueError("no lines of a name and a number")
    sums = [sum(figure) for figure in found]
    checked(sums)
    counters = [total if figure else nan for total, figure in zip(sums, found, strict=True)]
    return Paging(tuple(counters), names, None)


def zoned(name: str) -> list[str]:
    """The names under which a counter may stand."""
    return [name, *(f"{name}_{zone}" for zone in ZONES)]


def rates(before: Paging | None, now: Paging | None, seconds: float) -> Values:
    """Figures in the catalogue's order; NaN where the kernel has none, one of the two is missing or a counter fell."""
    if before is None or now is None:
        return NOTHING
    read, written, *pages = growth(before.counters, now.counters, 1 / seconds)
    return (read * KIB, written * KIB, *pages)
