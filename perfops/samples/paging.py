"""Paging, swapping, page faults and reclaim from /proc/vmstat."""

from math import nan
from typing import NamedTuple

from perfops.samples.counters import checked, growth
from perfops.samples.devices import Values

# The lines that make up each figure, in the catalogue's order; before Linux 4.8 some stand there once a zone.
FIGURES = (
    ("pgpgin",),
    ("pgpgout",),
    ("pswpin",),
    ("pswpout",),
    ("pgfault",),
    ("pgmajfault",),
    ("pgscan_kswapd", "pgscan_direct"),
    ("pgsteal_kswapd", "pgsteal_direct"),
    ("oom_kill",),
)
ZONED = FIGURES[6] + FIGURES[7]
ZONES = ("dma", "dma32", "normal", "high", "movable", "device")
IN_BYTES = 2  # figures, the first ones, that the kernel counts in KiB
KIB = 1024
NOTHING: Values = (nan,) * len(FIGURES)


class Paging(NamedTuple):
    """The counters of FIGURES, NaN where the kernel has none; the names in the text, and the places of each figure."""

    counters: tuple[float, ...]
    names: list[str]
    places: list[list[int]]


def parse(text: str, before: Paging | None = None) -> Paging:
    """Read /proc/vmstat or a part of it; ValueError where it is no list of names and numbers."""
    words = text.split()
    names, numbers = words[::2], words[1::2]
    if before is not None and names == before.names:
        places = before.places
    else:
        places = find_places(names[: len(numbers)])
        if not any(places) and not all(map(str.isdigit, numbers)):
            raise ValueError("no lines of a name and a number")
    counters = [[int(numbers[place]) for place in figure] for figure in places]
    totals = [sum(figure) for figure in counters if figure]
    checked(totals)
    if len(totals) == len(FIGURES):
        return Paging(tuple(totals), names, places)
    return Paging(tuple([sum(figure) if figure else nan for figure in counters]), names, places)


def find_places(names: list[str]) -> list[list[int]]:
    """Where the numbers of each figure stand; nowhere where the kernel does not count them."""
    known = {name: place for place, name in enumerate(names)}
    return [[known[name] for whole in figure for name in spellings(whole) if name in known] for figure in FIGURES]


def spellings(name: str) -> list[str]:
    """The names under which a counter may stand."""
    return [name, *(f"{name}_{zone}" for zone in ZONES)] if name in ZONED else [name]


def rates(before: Paging | None, now: Paging | None, seconds: float) -> Values:
    """Figures in the catalogue's order; NaN where the kernel has none, one of the two is missing or a counter fell."""
    if before is None or now is None:
        return NOTHING
    each, in_bytes = 1 / seconds, KIB / seconds
    return tuple(
        [
            growth(sooner, later, in_bytes if place < IN_BYTES else each)
            for place, (sooner, later) in enumerate(zip(before.counters, now.counters, strict=True))
        ]
    )
