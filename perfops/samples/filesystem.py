"""File systems from statfs[*]: one JSON object a line."""

from math import nan
from typing import NamedTuple

import orjson

from perfops.samples.counters import checked
from perfops.samples.devices import Rows, Values

SPACE = ("block_size", "blocks_total", "blocks_free", "blocks_available")
INODES = ("files_total", "files_free")  # other recorders leave them out
NO_INODES = (nan, nan)  # such as btrfs has, which makes them as they are needed


class FileSystems(NamedTuple):
    """The file systems of one snapshot: rows (mount point, figures); the same by the lines of the text, and that."""

    rows: Rows
    by_line: dict[str, tuple[str, Values]]
    text: str


NOTHING = FileSystems([], {}, "")


def parse(text: str, before: FileSystems | None = None) -> FileSystems:
    """Read statfs[*]; a line that stood `before` keeps its very row.

    ValueError (orjson's among them), KeyError or TypeError where a line is not such an object.
    """
    if before is not None and text == before.text:
        return before
    known = (before or NOTHING).by_line
    by_line = {line: known.get(line) or read_line(line) for line in text.split("\n") if line}
    rows = list(by_line.values())
    by_place = dict(rows)
    # Of what is mounted on top of each other, the last one is what programs see.
    return FileSystems(rows if len(by_place) == len(rows) else list(by_place.items()), by_line, text)


def read_line(line: str) -> tuple[str, Values]:
    """Mount point and figures in the catalogue's order; shares in use are NaN where there is no space, or no inode.

    ValueError where a number is negative or larger than the kernel's.
    """
    space = orjson.loads(line)
    numbers = [int(space[name]) for name in SPACE]
    inodes = [int(space.get(name) or 0) for name in INODES]
    checked(numbers + inodes)
    if min(numbers + inodes) < 0:
        raise ValueError("a number is negative")
    block, total, free, available = numbers
    used = max(total - free, 0)
    usable = used + available
    files_total, files_free = inodes if inodes[0] else NO_INODES
    return str(space["mount_point"]), (
        float(total * block),
        float(free * block),
        float(available * block),
        used / usable * 100 if usable > 0 else nan,
        float(files_total),
        float(files_free),
        max(files_total - files_free, 0) / files_total * 100,
    )
