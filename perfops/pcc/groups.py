"""The control groups that are containers, below one folder: looked for anew only when groups came or went.

Every folder's count of links tells how many folders are in it, so a look at the known ones, a few microseconds each,
spares a walk through all. The groups of services are many and seldom hold containers: for those, the kernel's own
count of all groups says that there is something new.
"""

import os

from .runtimes import container_of

MYPY = False
if MYPY:
    from typing import Dict, Tuple

    Identity = Tuple[str, str]  # runtime and id
    Place = Tuple[str, int]  # path below the folder, and the number of its inode: a new one where it was made anew

UNITS = (".service", ".scope", ".mount", ".socket", ".swap")
EMPTY = 2  # links of a folder without folders
GONE = (0, 0)


class Groups:
    """The containers below `root`; `counter` is a file whose first `size` bytes change with the number of groups."""

    def __init__(self, root: str, counter: str, size: int) -> None:
        self.root = root
        self.size = size
        self.counter = -1
        self.count = b""
        self.seen: "Dict[str, Tuple[int, int]]" = {}
        try:
            self.counter = os.open(counter, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            pass  # a kernel before 4.14; the links of the folders have to do

    def changed(self) -> bool:
        """Whether groups came or went since the last walk."""
        if self.counter >= 0 and self.read_count() != self.count:
            return True
        return any(signature(path) != before for path, before in self.seen.items())

    def read_count(self) -> bytes:
        """What the kernel says on the number of groups."""
        try:
            return os.pread(self.counter, self.size, 0)
        except OSError:
            return b""

    def walk(self) -> "Dict[Identity, Place]":
        """All containers; what is in a container counts as a part of it, so they are not looked into."""
        if self.counter >= 0:
            self.count = self.read_count()
        self.seen = {}
        found: "Dict[Identity, Place]" = {}
        folders = [self.root]
        while folders:
            folder = folders.pop()
            self.seen[folder] = signature(folder)  # before the look: what comes meanwhile is found in the next walk
            try:
                entries = [entry for entry in os.scandir(folder) if entry.is_dir(follow_symlinks=False)]
            except OSError:
                continue  # gone meanwhile
            for entry in entries:
                container = container_of(entry.name, folder)
                if container:
                    found[container] = (entry.path[len(self.root) + 1 :], entry.inode())
                elif not entry.name.endswith(UNITS) or signature(entry.path)[0] != EMPTY:
                    folders.append(entry.path)
        return found


def signature(path: str) -> "Tuple[int, int]":
    """What changes with the folders in a folder: links on the kernel's file system, times on others."""
    try:
        status = os.stat(path)
    except OSError:
        return GONE
    return status.st_nlink, status.st_mtime_ns
