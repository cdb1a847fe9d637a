"""The containers of this machine, by their control groups: found, followed, and let go."""

import os
import resource

from .cgroup import files_1, files_2, folder_of, version_1, version_2
from .clock import boottime
from .container import NEW, Container
from .devices import Devices
from .groups import Groups
from .names import Names

MYPY = False
if MYPY:
    from typing import Collection, Dict, List, Optional, Tuple

    from .cgroup import Take
    from .groups import Identity, Place

SUBSYSTEM = "container/*"
RESERVE = 64  # descriptors left to everything else
FIRST_LINE = 28  # bytes of cgroup.stat: "nr_descendants" and a number; the numbers behind are of groups that are gone
EVERY_LINE = 1 << 12
LONGEST = 0.3  # seconds on end for names: a signal is not answered meanwhile


class Containers:
    """The containers, each with a record a tick.

    `unreadable` takes what cannot be read; `without` names the groups of sources that are switched off. Names are
    looked for below `root`.
    """

    def __init__(
        self,
        proc_root: str,
        sys_root: str,
        unreadable: "Dict[str, str]",
        without: "Collection[str]" = (),
        root: str = "/",
    ) -> None:
        self.unreadable = unreadable
        self.names = Names(root, unreadable)
        self.trees: "List[Tuple[Groups, List[Tuple[str, str, Take]]]]" = []
        self.known: "Dict[Identity, Container]" = {}
        self.spare = 0
        self.stale = True
        if "containers" in without:
            return
        folder = folder_of(sys_root)
        devices = Devices(sys_root)
        two = version_2(folder)
        for place in two:
            groups = Groups(place, os.path.join(place, "cgroup.stat"), FIRST_LINE)
            self.trees.append((groups, files_2(place, devices)))
        one = version_1(folder)
        if one:
            first = next(one[name] for name in ("cpuacct", "cpu", "memory", "pids", "blkio") if name in one)
            groups = Groups(first, os.path.join(proc_root, "cgroups"), EVERY_LINE)
            self.trees.append((groups, files_1(one, devices)))
        if self.trees:
            self.spare = descriptors_to_spare()
        else:
            unreadable[SUBSYSTEM] = "no control groups in " + folder

    def look(self) -> None:
        """Walk through the groups, and follow those containers that are there now."""
        self.stale = False
        places: "Dict[Identity, Dict[str, Place]]" = {}
        for groups, _ in self.trees:
            for identity, place in groups.walk().items():
                places.setdefault(identity, {})[groups.root] = place
        before, self.known = self.known, {}
        for identity, where in sorted(places.items()):
            container = before.pop(identity, None)
            if container and where != container.places and where.items() <= container.places.items():
                self.let_go(container)
            elif container is None or where.items() - container.places.items():
                container = self.follow(identity, where, container)
            self.known[identity] = container
        for container in before.values():
            self.let_go(container)

    def follow(self, identity: "Identity", places: "Dict[str, Place]", before: "Optional[Container]") -> Container:
        """Open the files of a container; `before` is the same one at other places, as after a restart."""
        container = Container(identity, places, boottime())
        if before:
            self.let_go(before)
            container.call(before.name)
        for groups, files in self.trees:
            if groups.root in places:
                below = places[groups.root][0]
                container.missing += [(os.path.join(above, below, name), take) for above, name, take in files]
        self.open(container)
        return container

    def open(self, container: Container) -> None:
        """Open what is there of a container's files."""
        self.spare -= container.open(self.spare)
        if container.refused:
            self.unreadable[SUBSYSTEM] = container.refused

    def let_go(self, container: Container) -> None:
        """Close a container's files.

        Its groups are removed one after the other: until the last is, it is found, but no more followed.
        """
        self.spare += container.close()
        container.leaving = True

    def lines(self, start: bytes) -> "List[bytes]":
        """A record of every container; those whose groups were removed leave at once."""
        if not self.trees:
            return []
        if self.stale or any(groups.changed() for groups, _ in self.trees):
            self.look()
        lines = self.read(start, list(self.known.values()))
        if self.stale:
            # Some left: what came in their place need not have changed any number of links.
            before = list(self.known.values())
            self.look()
            lines += self.read(start, [each for each in self.known.values() if each not in before])
        return lines

    def read(self, start: bytes, containers: "List[Container]") -> "List[bytes]":
        """The records of some containers."""
        lines = []
        for container in containers:
            if container.leaving:
                continue
            if container.missing and boottime() < container.found + NEW:
                self.open(container)
            line = container.line(start)
            if line:
                lines.append(line)
            else:
                self.let_go(container)
                self.stale = True
        return lines

    def look_up_names(self, seconds: float) -> None:
        """Look for names that are not known yet, for so long at most; what is not done then goes on the next time."""
        if self.trees and self.stale:
            self.look()
        unknown = [each for each in self.known.values() if each.name is None and not each.leaving]
        if unknown and seconds > 0:
            self.names.look_up(unknown, min(seconds, LONGEST))


def descriptors_to_spare() -> int:
    """How many files may be kept open, with the soft limit raised as far as it goes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            soft = hard
        except (OSError, ValueError):
            pass  # the open files have to do
    return max((1 << 20 if soft == resource.RLIM_INFINITY else soft) - RESERVE, 0)
