"""What is there of a collection that is gone on with: whose it is, how far it is whole, and when its last record was.

Of a collection in several files FILE is the newest and FILE.1 the oldest; where FILE is not there, as after a kill amid
a rotation, the highest number is.
"""

import json
import os
import re
from stat import S_ISREG

from .errors import PccError

MYPY = False
if MYPY:
    from typing import Any, Iterator, List, Optional, Tuple

BLOCK = 1 << 16
HEAD = 1 << 20  # bytes that hold a first record
LAST_TIME = 253402300799  # Unix seconds of the end of the year 9999
GZIP_MAGIC = b"\x1f\x8b"
BEGINNING = b'{"timestamp":'  # of every record of ours, a torn one, too


def asides_of(path: str) -> "List[Tuple[int, str]]":
    """Number and path of the files that were put aside, the oldest first."""
    folder, name = os.path.split(path)
    pattern = re.compile(re.escape(name) + r"\.([1-9][0-9]{0,8})")
    try:
        found = [match for match in map(pattern.fullmatch, os.listdir(folder or ".")) if match]
    except OSError:
        return []
    return sorted((int(match.group(1)), os.path.join(folder, match.group(0))) for match in found)


def newest_of(path: str) -> "Optional[str]":
    """The file a collection is gone on with: the one of that name, else the last one put aside."""
    if os.path.lexists(path):
        return path
    aside = asides_of(path)
    return aside[-1][1] if aside else None


def open_regular(path: str, flags: int) -> int:
    """Open a file that is there; PccError where it is a folder, a pipe or a device."""
    descriptor = os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe would wait for its other end
    if not S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise not_regular(path)
    return descriptor


def not_regular(path: str) -> PccError:
    """The error for what is no file to write a collection to."""
    return PccError("{} is no plain file (name one; what it holds can be sent on afterwards)".format(path))


def recorded_id(path: str) -> "Optional[str]":
    """The collection's id by the host record a file begins with; None where it has none, or there is no such file."""
    newest = newest_of(path)
    try:
        descriptor = open_regular(newest, os.O_RDONLY) if newest else -1
    except (OSError, PccError):  # who writes to it says why
        return None
    if descriptor < 0:
        return None
    try:
        record = json.loads(next(lines_of(descriptor), b"").decode("utf-8"))
        return str(json.loads(record["measurement"])["collection"]) if record["subsystem"] == "host" else None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    finally:
        os.close(descriptor)


def is_packed(descriptor: int) -> bool:
    """Whether a file is gzip."""
    return os.pread(descriptor, 2, 0) == GZIP_MAGIC


def lines_of(descriptor: int) -> "Iterator[bytes]":
    """The whole lines of an open file, plain or packed, as far as it can be unpacked; none is longer than HEAD."""
    text, place = b"", 0
    packer = new_unpacker() if is_packed(descriptor) else None
    while True:
        block = os.pread(descriptor, BLOCK, place)
        place += len(block)
        if not block:
            return
        if packer:
            try:
                data = packer.decompress(block)
                while packer.eof and packer.unused_data:
                    rest, packer = packer.unused_data, new_unpacker()
                    data += packer.decompress(rest)
            except packer_errors():
                return
        else:
            data = block
        *lines, text = (text + data).split(b"\n")
        for line in lines:
            yield line
        if len(text) > HEAD:
            return


def new_unpacker() -> "Any":
    """Unpacks one gzip stream; zlib costs memory, which only those pay who have packed files."""
    import zlib

    return zlib.decompressobj(31)


def packer_errors() -> "Any":
    """What it raises."""
    import zlib

    return zlib.error


def ends_of_packed(descriptor: int) -> "Tuple[Optional[float], Optional[float]]":
    """Timestamps of the last record and of the last tick of a packed file."""
    last = last_tick = None
    for line in lines_of(descriptor):
        found = timestamp_of(line, "")
        if found is not None:
            last = found
            last_tick = last_tick if timestamp_of(line, "end") is None else found
    return last, last_tick


def last_line(descriptor: int, size: int, besides: str = "") -> "Tuple[int, Optional[float]]":
    """Bytes up to the end of the last whole line, and the timestamp of the last record; None where there is none.

    Records of the subsystem `besides` do not count. A damaged line at the end is whole for this purpose: readers leave
    it out. What has no line end, such as space that was never written, is passed over in bounded memory.
    """
    text = b""
    start = size
    whole = -1
    while start > 0:
        begin = max(start - BLOCK, 0)
        block = os.pread(descriptor, start - begin, begin)
        start = begin
        if whole < 0:
            if b"\n" not in block:
                continue
            whole = start + block.rindex(b"\n") + 1
            block = block[: whole - start]
        text = block + text
        lines = text.split(b"\n")
        # The first of them may begin before this block.
        for line in reversed(lines if start == 0 else lines[1:]):
            timestamp = timestamp_of(line, besides)
            if timestamp is not None:
                return whole, timestamp
        text = lines[0] + b"\n" if len(lines[0]) < HEAD else b"\n"
    return max(whole, 0), None


def timestamp_of(line: bytes, besides: str) -> "Optional[float]":
    """The timestamp of a record, None where the line is none, or one of the subsystem `besides`."""
    try:
        record = json.loads(line.decode("utf-8"))
        timestamp = float(record["timestamp"])
        sound = isinstance(record["subsystem"], str) and 0 <= timestamp <= LAST_TIME
        return timestamp if sound and not (besides and record["subsystem"] == besides) else None
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None
