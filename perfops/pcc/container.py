"""One container: the open files of its control groups, and its record."""

import errno
import json
import os

from .cgroup import NAMES, NULL
from .encode import escape
from .sources import read_whole

MYPY = False
if MYPY:
    from typing import Dict, List, Optional, Tuple

    from .cgroup import Take
    from .groups import Identity, Place

ID = 64  # characters of an id; others are names
SHORT = 12  # characters of an id in the subsystem's name
ENOUGH = 1 << 12  # more than most files of a group take; a whole one comes with the first read
NEW = 5.0  # seconds after which what is not there will not come: groups of version 1 are made one after the other
BODY = "".join(',\\"{}\\":%b'.format(name) for name in NAMES).encode("ascii") + b'}"}\n'
LEFT = (errno.ENODEV, errno.ENOENT)


class Container:
    """A container; `name` is None until it is known, or known that it has none but its id."""

    def __init__(self, identity: "Identity", places: "Dict[str, Place]", found: float) -> None:
        self.runtime, self.id = identity
        self.places = places
        self.found = found
        self.name: "Optional[str]" = None
        self.tries = 0
        self.next_try = found
        self.files: "List[Tuple[int, str, Take]]" = []
        self.missing: "List[Tuple[str, Take]]" = []
        self.leaving = False
        self.refused = ""
        self.head = b""
        self.call(None if len(self.id) == ID else self.id)

    @property
    def short_id(self) -> str:
        """The beginning of an id; of a name all of it, as two may begin alike."""
        return self.id[:SHORT] if len(self.id) == ID else self.id

    def call(self, name: "Optional[str]") -> None:
        """Set the name, and the beginning of its records."""
        self.name = name
        about = {"container_id": self.id, "container_name": name or "", "runtime": self.runtime}
        head = "container/{}/{}".format(self.runtime, self.short_id).encode("ascii")
        self.head = head + b'","measurement":"' + escape(json.dumps(about, separators=(",", ":")).encode("ascii")[:-1])

    def open(self, spare: int) -> int:
        """Open those of its files that are there and were not; `spare` may be kept open. Returns how many were."""
        kept = 0
        missing, self.missing = self.missing, []
        for path, take in missing:
            try:
                descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            except OSError as error:
                if error.errno in LEFT:
                    self.missing.append((path, take))  # a controller that is switched off here, or not yet on
                    continue
                if error.errno not in (errno.EMFILE, errno.ENFILE):
                    self.refused = error.strerror or str(error)
                    continue
                descriptor = -1
            if descriptor >= 0 and kept >= spare:
                os.close(descriptor)
                descriptor = -1
            kept += descriptor >= 0
            self.files.append((descriptor, path, take))
        return kept

    def close(self) -> int:
        """Close its files; returns how many were open."""
        descriptors = [descriptor for descriptor, _, _ in self.files if descriptor >= 0]
        for descriptor in descriptors:
            os.close(descriptor)
        self.files = []
        return len(descriptors)

    def line(self, start: bytes) -> bytes:
        """Its record of this tick; b"" where its group was removed."""
        values = [NULL] * len(NAMES)
        for descriptor, path, take in self.files:
            try:
                if descriptor < 0:
                    text = read_closed(path)
                else:
                    text = os.pread(descriptor, ENOUGH, 0)
                    if len(text) == ENOUGH:
                        text = read_whole(descriptor)
            except OSError as error:
                if error.errno in LEFT:
                    return b""
                continue  # a counter that the kernel does not tell just now
            take(text, values)
        return start + self.head + BODY % tuple(values)


def read_closed(path: str) -> bytes:
    """All of a file that is not kept open."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return read_whole(descriptor)
    finally:
        os.close(descriptor)
