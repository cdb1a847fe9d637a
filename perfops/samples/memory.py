"""Memory from /proc/meminfo, in MiB."""

from collections.abc import Callable
from math import nan
from operator import itemgetter
from typing import NamedTuple

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
KIB = 1 / 1024
NO_HOST: Values = (nan,) * 5
NO_SYSTEM: Values = (nan,) * 11


class Memory(NamedTuple):
    """The fields NAMES in KiB, NaN where the kernel has none (MemAvailable came with 3.14), and where they stand."""

    fields: tuple[float, ...]
    labels: Callable[[list[str]], tuple[str, ...]] | None
    numbers: Callable[[list[str]], tuple[str, ...]] | None


def parse(text: str, before: Memory | None = None) -> Memory:
    """Read /proc/meminfo; ValueError where MemTotal or MemFree is missing.

    A kernel keeps its order of lines, so the words stand where they stood `before`; that is checked, and else searched.
    """
    words = text[: text.find("\n", text.find(NAMES[-1]))].split()
    if before is not None and before.labels is not None and before.numbers is not None:
        try:
            if before.labels(words) == NAMES:
                return Memory(tuple(map(float, before.numbers(words))), before.labels, before.numbers)
        except IndexError:
            pass  # fewer lines than before: search
    places = [words.index(name) if name in words else -1 for name in NAMES]
    if places[0] < 0 or places[1] < 0:
        raise ValueError("no MemTotal or MemFree")
    fields = tuple(float(words[place + 1]) if 0 <= place < len(words) - 1 else nan for place in places)
    if -1 in places:
        return Memory(fields, None, None)
    return Memory(fields, itemgetter(*places), itemgetter(*(place + 1 for place in places)))


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
        (swap_total - swap_free) * KIB,
    )
    return host, system
