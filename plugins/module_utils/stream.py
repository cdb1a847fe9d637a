"""What is brought home of a collection, as one stream of bytes that can be begun anywhere; memory is that of a piece.

In local mode the stream is the collection's file. In trickle mode it is a tar archive, never written to the disk, of
the file that says how the streaming went and of all that was not sent.
"""

from __future__ import annotations

import base64
import hashlib
import tarfile
import zlib
from pathlib import Path

BLOCK = 1 << 16
WIDEST = 64 << 20  # unpacked bytes of a piece
LEVEL = 1  # a tick is much like the one before it: more would cost CPU time on the machine for little
ZEROS = b"\0" * tarfile.BLOCKSIZE


def parts_of(collection, mode, left):
    """The stream as parts: bytes, or a file's path and size; OSError where a file is gone."""
    if mode != "trickle":
        return [(collection.file, collection.file.stat().st_size)]
    parts = []
    for path in [path for path in [collection.file, *map(Path, left)] if path.exists()]:
        about = tarfile.TarInfo(path.name)
        about.size = path.stat().st_size
        parts += [about.tobuf(tarfile.PAX_FORMAT), (path, about.size), ZEROS[: -about.size % tarfile.BLOCKSIZE]]
    return [*parts, ZEROS * 2]


def size_of(parts):
    """Bytes of the stream."""
    return sum(part[1] if isinstance(part, tuple) else len(part) for part in parts)


def blocks(parts, offset):
    """The bytes of the stream from an offset on; OSError where a file has become shorter."""
    for part in parts:
        size = part[1] if isinstance(part, tuple) else len(part)
        begin, offset = offset, max(offset - size, 0)
        if begin >= size:
            continue
        if not isinstance(part, tuple):
            yield part[begin:]
            continue
        with part[0].open("rb") as file:
            file.seek(begin)
            while begin < size:
                block = file.read(min(BLOCK, size - begin))
                if not block:
                    raise OSError("{0} has become shorter".format(part[0]))
                begin += len(block)
                yield block


def piece(parts, offset, most):
    """The next piece: packed and in Base64, of about `most` packed bytes, and the offset behind it."""
    packer = zlib.compressobj(LEVEL)
    packed, size, end = [], 0, offset
    for block in blocks(parts, offset):
        packed.append(packer.compress(block))
        size += len(packed[-1])
        end += len(block)
        if size >= most or end - offset >= WIDEST:
            break
    packed.append(packer.flush())
    return base64.b64encode(b"".join(packed)).decode("ascii"), end


def digest(parts):
    """SHA-256 of the whole stream."""
    summed = hashlib.sha256()
    for block in blocks(parts, 0):
        summed.update(block)
    return summed.hexdigest()


def count_samples(path):
    """Ticks of a collection that has no end record to say how many: times that records of the kernel's text have."""
    count, last = 0, b""
    with path.open("rb") as file:
        for line in file:
            stamp = line.partition(b',"subsystem"')[0]
            if stamp != last and line.endswith(b"\n") and b'"subsystem":"/proc/' in line[:120]:
                count, last = count + 1, stamp
    return count
