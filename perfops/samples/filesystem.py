"""File systems from statfs[*]: one JSON object a line."""

from math import nan
from typing import NamedTuple

import orjson

from perfops.samples.devices import Rows, Values


class FileSystems(NamedTuple):
    """The file systems of one snapshot: rows (mount point, figures), and the same by the line they were read from."""

    rows: Rows
    by_line: dict[str, tuple[str, Values]]


NOTHING = FileSystems([], {})


def parse(text: str, before: FileSystems | None = None) -> FileSystems:
    """Read statfs[*]; a line that stood `before` keeps its very row.

    ValueError (orjson's among them), KeyError or TypeError where a line is not such an object.
    """
    known = (before or NOTHING).by_line
    by_line = {line: known.get(line) or read_line(line) for line in text.split("\n") if line}
    return FileSystems(list(by_line.values()), by_line)


def read_line(line: str) -> tuple[str, Values]:
    """Mount point and figures in the catalogue's order; used in percent is NaN where there is no space at all."""
    space = orjson.loads(line)
    block, total, free, available = (
        int(space[name]) for name in ("block_size", "blocks_total", "blocks_free", "blocks_available")
    )
    used = max(total - free, 0)
    usable = used + available
    return str(space["mount_point"]), (
        float(total * block),
        float(free * block),
        float(available * block),
        used / usable * 100 if usable > 0 else nan,
    )
