"""Memory from /proc/meminfo, in MiB."""

from math import nan
from typing import NamedTuple

from perfops.samples.counters import LARGEST, checked, level
from perfops.samples.devices import Values

NAMES = (
    "MemTotal:",
    "MemFree:",
    "MemAvailable:",
    "Buffers:",
    "Cached:",
    "Active:",
    "Inactive:",
    "SwapTotal:",
    "SwapFree:",
    "Dirty:",
    "Writeback:",
    "Slab:",
    "Committed_AS:",
)
UNIT = " kB"
KIB = 1 / 1024
NO_HOST: Values = (nan,) * 5
NO_SYSTEM: Values = (nan,) * 11


class Place(NamedTuple):
    """Where a field stands in the text: its name, its number, and the unit behind it."""

    name: str
    label: slice
    number: slice
    unit: slice


class Memory(NamedTuple):
    """The fields NAMES in KiB, NaN where the kernel has none (MemAvailable came with 3.14), and where each stands."""

    fields: list[float]
    places: list[Place]


def parse(text: str, before: Memory | None = None) -> Memory:
    """Read /proc/meminfo; ValueError where MemTotal or MemFree is missing.

    The kernel pads its numbers, so a field stands where it stood `before`; its name before and its unit behind it are
    looked at, and where one is elsewhere, the text is searched.
    """
    if before is not None:
        fields: list[float] = [
            int(text[number])
            for name, label, number, unit in before.places
            if text[label] == name and text[unit] == UNIT
        ]
        if len(fields) == len(NAMES) and min(fields) >= 0 and max(fields) <= LARGEST:
            return Memory(fields, before.places)
    found = [find(text, name) for name in NAMES]
    fields = [level(int(text[place.number])) if place else nan for place in found]
    if found[0] is None or found[1] is None:
        raise ValueError("no MemTotal or MemFree")
    checked([field for field in fields if isinstance(field, int)])
    return Memory(fields, [place for place in found if place])


def find(text: str, name: str) -> Place | None:
    """Where a field stands, None where it does not."""
    start = 0 if text.startswith(name) else text.find("\n" + name) + 1
    if not start and not text.startswith(name):
        return None
    number = start + len(name)
    unit = text.find(UNIT, number)
    if unit < 0 or "\n" in text[number:unit]:
        return None
    return Place(name, slice(start, number), slice(number, unit), slice(unit, unit + len(UNIT)))


def derive(memory: Memory) -> tuple[Values, Values]:
    """The host row's memory columns, and the system row's from mem_free on, in the catalogue's order.

    Used is MemTotal − MemFree − Buffers − Cached − Slab, as sysstat up to 12.7.7 defines it; never below 0.
    """
    (
        total,
        free,
        available,
        buffers,
        cached,
        active,
        inactive,
        swap_total,
        swap_free,
        dirty,
        writeback,
        slab,
        committed,
    ) = memory.fields
    used = total - free - buffers - cached - slab
    if used < 0:
        used = 0.0
    promised = total + (swap_total if swap_total == swap_total else 0.0)
    host = (total * KIB, used * KIB, available * KIB, buffers * KIB, cached * KIB)
    system = (
        free * KIB,
        used / total * 100 if total else nan,
        committed * KIB,
        committed / promised * 100 if promised else nan,
        active * KIB,
        inactive * KIB,
        dirty * KIB,
        writeback * KIB,
        slab * KIB,
        swap_total * KIB,
        max(swap_total - swap_free, 0.0) * KIB,
    )
    return host, system
