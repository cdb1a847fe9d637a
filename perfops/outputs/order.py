"""Files of one collection in the order of time: which of them go on with another one."""

import re
import sys
import zlib
from collections.abc import Sequence
from contextlib import suppress
from io import BufferedReader
from pathlib import Path
from typing import NamedTuple

from perfops.outputs.inputs import STDIN
from perfops.samples.records import GZIP_MAGIC
from perfops.samples.snapshots import CONTROL

HEAD = 1 << 20  # bytes, packed or not, in which the first tick is looked for
PACKED = 16 + zlib.MAX_WBITS
RECORD = re.compile(
    rb'"timestamp"\s*:\s*(?P<time>\d+(?:\.\d+)?)[^\n]{0,99}?"subsystem"\s*:\s*"(?P<subsystem>[^"]{1,99})"'
)


class Beginning(NamedTuple):
    """The time of a file's first tick, in Unix seconds, and whether it is of the host, or else of containers alone."""

    start: float
    of_host: bool


def in_order(paths: Sequence[Path]) -> list[tuple[Path, Beginning | None]]:
    """The files in the order of time, whatever order they are given in; as they are given where one does not say."""
    found = [(path, read_beginning(path) if len(paths) > 1 else None) for path in paths]
    if any(beginning is None for _, beginning in found):
        return found
    return sorted(found, key=lambda each: each[1] or (0, False))


def read_beginning(path: Path) -> Beginning | None:
    """How a file begins; None where that cannot be looked at, or says nothing."""
    data = b""
    with suppress(OSError):  # who opens it next says why
        if path == STDIN:
            buffer = sys.stdin.buffer if sys.stdin else None
            data = buffer.peek(HEAD) if isinstance(buffer, BufferedReader) else b""
        elif path.is_file():  # of a pipe nothing must be taken
            with path.open("rb") as file:
                data = file.read(HEAD)
    if data.startswith(GZIP_MAGIC):
        with suppress(zlib.error):
            data = zlib.decompressobj(PACKED).decompress(data, HEAD)
    first: float | None = None
    for record in RECORD.finditer(data):
        moment, subsystem = float(record["time"]), record["subsystem"].decode("utf-8", "replace")
        first = moment if first is None else first
        if subsystem not in CONTROL:
            return Beginning(moment, not subsystem.startswith("container/"))
    return None if first is None else Beginning(first, True)
