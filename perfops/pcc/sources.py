"""What is read every tick: a table of sources, and the loop over it.

Files are opened once and read again from their beginning: that spares the kernel a path look-up and an open a tick.
"""

import os

from . import encode
from .choose import NETSTAT, PAGING, SNMP, columns_of, lines_of
from .errors import PccError

MYPY = False
if MYPY:
    from typing import Collection, Dict, Iterable, List, NamedTuple, Optional, Tuple

    from .choose import Chooser

    Source = NamedTuple("Source", [("subsystem", str), ("path", str), ("group", str), ("choose", "Optional[Chooser]")])
else:
    from collections import namedtuple

    Source = namedtuple("Source", "subsystem path group choose")

# Adding a source is one row here, a file in the recorded trees of the tests, and a row in docs/record-format.md.
# A group can be switched off as a whole (--without); a chooser keeps a part of a long table.
EVERY_TICK = (
    Source("/proc/stat", "stat", "cpu", None),
    Source("/proc/meminfo", "meminfo", "memory", None),
    Source("/proc/diskstats", "diskstats", "disk", None),
    Source("/proc/net/dev", "net/dev", "net", None),
    Source("/proc/loadavg", "loadavg", "load", None),
    Source("/proc/vmstat", "vmstat", "paging", lines_of(PAGING)),
    Source("/proc/pressure/cpu", "pressure/cpu", "pressure", None),
    Source("/proc/pressure/memory", "pressure/memory", "pressure", None),
    Source("/proc/pressure/io", "pressure/io", "pressure", None),
    Source("/proc/net/snmp", "net/snmp", "tcp", columns_of(SNMP)),
    Source("/proc/net/netstat", "net/netstat", "tcp", columns_of(NETSTAT)),
    Source("/proc/sys/fs/file-nr", "sys/fs/file-nr", "files", None),
)
ONCE = (Source("/proc/cpuinfo", "cpuinfo", "cpu", None),)
GROUPS = ("cpu", "memory", "disk", "net", "load", "paging", "pressure", "tcp", "files", "filesystems", "containers")
NOT_CONTAINERS = frozenset(GROUPS) - {"containers"}

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
    """The sources this machine has, open; PccError where it has none at all.

    `without` names the groups that are switched off.
    """

    def __init__(self, proc_root: str, table: "Iterable[Source]", without: "Collection[str]" = ()) -> None:
        self.unreadable: "Dict[str, str]" = {}
        self.files: "List[Tuple[str, int, Optional[Chooser]]]" = []
        wanted = [source for source in table if source.group not in without]
        for source in wanted:
            path = os.path.join(proc_root, source.path)
            try:
                descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
                read_whole(descriptor)
            except OSError as error:
                self.unreadable[source.subsystem] = error.strerror or str(error)
            else:
                self.files.append((source.subsystem, descriptor, source.choose))
        if not self.files and (wanted or {"filesystems", "containers"} <= set(without)):
            if not wanted:
                raise PccError("every group of sources is left out (name fewer in --without)")
            raise PccError("nothing to sample in {} (try --proc-root /proc)".format(proc_root))

    def lines(self, start: bytes) -> "List[bytes]":
        """A record of every source; one that fails this time is left out of this tick and read again in the next."""
        lines = []
        for subsystem, descriptor, choose in self.files:
            try:
                text = read_whole(descriptor)
            except OSError as error:
                self.unreadable[subsystem] = error.strerror or str(error)
                continue
            lines.append(encode.line(start, subsystem, choose(text) if choose else text))
        return lines
