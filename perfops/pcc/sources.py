"""What is read every tick: a table of sources, and the loop over it.

Files are opened once and read again from their beginning: that spares the kernel a path look-up and an open a tick.
"""

import os

from . import encode
from .errors import PccError

MYPY = False
if MYPY:
    from typing import Dict, Iterable, List, NamedTuple, Tuple

    Source = NamedTuple("Source", [("subsystem", str), ("path", str)])
else:
    from collections import namedtuple

    Source = namedtuple("Source", "subsystem path")

# Adding a source is one row here, a file in the recorded trees of the tests, and a row in docs/record-format.md.
EVERY_TICK = (
    Source("/proc/stat", "stat"),
    Source("/proc/meminfo", "meminfo"),
    Source("/proc/diskstats", "diskstats"),
    Source("/proc/net/dev", "net/dev"),
    Source("/proc/loadavg", "loadavg"),
)
ONCE = (Source("/proc/cpuinfo", "cpuinfo"),)

BLOCK = 1 << 16  # more than a table of /proc takes; from 128 KiB the allocator asks the kernel for memory every time


def read_whole(descriptor: int) -> bytes:
    """All of an open file of /proc, from its beginning: a read returns what fits the kernel's buffer, often 4 KiB."""
    text = os.pread(descriptor, BLOCK, 0)
    while text:
        more = os.pread(descriptor, BLOCK, len(text))
        if not more:
            break
        text += more
    return text


def read_once(path: str) -> bytes:
    """All of a file that is read only once."""
    with open(path, "rb") as file:
        return file.read()


class Reader:
    """The sources this machine has, open; PccError where it has none at all."""

    def __init__(self, proc_root: str, table: "Iterable[Source]") -> None:
        self.unreadable: "Dict[str, str]" = {}
        self.files: "List[Tuple[str, int]]" = []
        for source in table:
            path = os.path.join(proc_root, source.path)
            try:
                descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
                read_whole(descriptor)
            except OSError as error:
                self.unreadable[source.subsystem] = error.strerror or str(error)
            else:
                self.files.append((source.subsystem, descriptor))
        if not self.files:
            raise PccError("nothing to sample in {} (try --proc-root /proc)".format(proc_root))

    def lines(self, start: bytes) -> "List[bytes]":
        """A record of every source; one that fails this time is left out of this tick and read again in the next."""
        lines = []
        for subsystem, descriptor in self.files:
            try:
                lines.append(encode.line(start, subsystem, read_whole(descriptor)))
            except OSError as error:
                self.unreadable[subsystem] = error.strerror or str(error)
        return lines
