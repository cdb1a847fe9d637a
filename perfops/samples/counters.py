"""Numbers of the kernel: which can be, and what follows from two counters or from a level."""

from collections.abc import Collection, Iterable
from math import nan
from operator import sub

LARGEST = (1 << 64) - 1
SHOWN = 21  # digits of a number that is told: one more than the largest has


def checked(numbers: Collection[int]) -> None:
    """ValueError where a number is larger than any counter of the kernel's: it is damage."""
    if numbers and (largest := max(numbers)) > LARGEST:
        raise ValueError(f"{str(largest)[:SHOWN]}… is no number of the kernel's")


def growth(before: Iterable[float], now: Iterable[float], scale: float) -> list[float]:
    """Growth of counters times `scale`; NaN where one of the two is missing (NaN), or it fell."""
    return [delta * scale if delta >= 0 else nan for delta in map(sub, now, before)]


def level(value: float) -> float:
    """A level as it is; NaN where it is missing or negative, which no level of the kernel's is."""
    return value if value >= 0 else nan
