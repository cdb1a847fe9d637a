"""Open files from /proc/sys/fs/file-nr."""

from math import nan

from perfops.samples.counters import checked
from perfops.samples.devices import Values

NOTHING: Values = (nan,)


def parse(text: str, before: Values | None = None) -> Values:  # noqa: ARG001 - all sources are parsed alike
    """Allocated less unused; ValueError where the numbers are not there. From Linux 2.6 none is unused."""
    allocated, unused, _ = numbers = [int(word) for word in text.split()]
    checked(numbers)
    return (max(allocated - unused, 0.0),)
