"""A stream that arrives in pieces: a file that grows, is compared, then gets its name; memory is that of a block."""

from __future__ import annotations

import base64
import errno
import fcntl
import hashlib
import os
import tarfile
import zlib
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

BLOCK = 1 << 20
STREAMED, RECORDING, SPOOL = "streamed.json", "collection.json", "spool"
NAMES = {"trickle": (STREAMED,), "local": (RECORDING, f"{RECORDING}.gz")}  # what says that it is home


def at_home(folder: Path, mode: str) -> Path | None:
    """The file in a machine's folder that says its collection is home; None where there is none."""
    return next((folder / name for name in NAMES[mode] if (folder / name).is_file()), None)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold a machine's folder, as `perfops run` does; where another brings it home now, that is waited for."""
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


class Part:
    """What has arrived so far of a stream; another run may have begun it. Only who holds the folder may open it."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.file = path.open("a+b")
        self.size = self.file.seek(0, os.SEEK_END)

    def add(self, offset: int, packed: str) -> None:
        """Append a piece; one that does not follow what is there begins anew."""
        if offset != self.size:
            self.begin_anew()
        unpacker, data = zlib.decompressobj(), base64.b64decode(packed)
        while data:
            block = unpacker.decompress(data, BLOCK)
            data = unpacker.unconsumed_tail
            try:
                self.file.write(block)
                self.file.flush()
            except OSError as error:
                raise OSError(error.errno, error.strerror, str(self.path)) from error
            self.size += len(block)

    def begin_anew(self) -> None:
        """Forget what has arrived."""
        self.file.truncate(0)
        self.size = 0

    def force(self) -> None:
        """Force it to disk."""
        os.fsync(self.file.fileno())

    def close(self) -> None:
        """Close it; what the disk had no room for has been told."""
        with suppress(OSError):
            self.file.close()


def sha256(path: Path) -> str:
    """The checksum of a file as it lies there now."""
    summed = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            summed.update(block)
    return summed.hexdigest()


def settle(part: Path, folder: Path, mode: str) -> Path:
    """Give what has arrived whole its name or names; the file that says it is home comes last.

    FileExistsError where one is home already: no recording takes the place of another.
    """
    if there := at_home(folder, mode):
        raise FileExistsError(errno.EEXIST, "it is there already, and stays", str(there))
    home = folder / NAMES[mode][0]
    if mode != "trickle":
        part.replace(home)
        return home
    with tarfile.open(part) as archive:
        for member in archive:
            content = archive.extractfile(member)
            if content is None or not member.isfile():
                continue
            name = Path(member.name).name
            place = folder / f".{STREAMED}" if name == RECORDING else folder / SPOOL / name
            place.parent.mkdir(exist_ok=True)
            with content, place.open("wb") as file:
                while block := content.read(BLOCK):
                    file.write(block)
                file.flush()
                os.fsync(file.fileno())
    (folder / f".{STREAMED}").replace(home)
    part.unlink()
    return home
