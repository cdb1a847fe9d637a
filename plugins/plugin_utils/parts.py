"""A stream that arrives in pieces: a file that grows, is compared, then gets its name; memory is that of a block."""

from __future__ import annotations

import base64
import hashlib
import os
import tarfile
import zlib
from pathlib import Path

BLOCK = 1 << 20
STREAMED, RECORDING, SPOOL = "streamed.json", "collection.json", "spool"


class Part:
    """What has arrived so far of a stream; another run may have begun it."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.file = path.open("a+b")
        self.size = self.file.seek(0, os.SEEK_END)
        self.summed = hashlib.sha256()
        self.file.seek(0)
        while block := self.file.read(BLOCK):
            self.summed.update(block)

    def add(self, offset: int, packed: str) -> None:
        """Append a piece; one that does not follow what is there begins anew."""
        if offset != self.size:
            self.begin_anew()
        unpacker, data = zlib.decompressobj(), base64.b64decode(packed)
        while data:
            block = unpacker.decompress(data, BLOCK)
            data = unpacker.unconsumed_tail
            self.file.write(block)
            self.summed.update(block)
            self.size += len(block)
        self.file.flush()

    def begin_anew(self) -> None:
        """Forget what has arrived."""
        self.file.truncate(0)
        self.size, self.summed = 0, hashlib.sha256()

    def close(self) -> None:
        """Force it to disk."""
        try:
            self.file.flush()
            os.fsync(self.file.fileno())
        finally:
            self.file.close()


def settle(part: Path, folder: Path, mode: str) -> Path:
    """Give what has arrived whole its name or names; the file that says it is home comes last."""
    home = folder / (STREAMED if mode == "trickle" else RECORDING)
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
