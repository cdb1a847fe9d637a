"""Frames: what a segment of the spool is made of, each with its length and checksum.

A frame is a record `{"timestamp":…,"monotonic":…,"subsystem":"frame","measurement":"<bytes> <crc32> <number>"}` and
behind it so many bytes of records. The number is that of the last tick so far, counted from 1 over the whole
collection, the frame's own included; the checksum is that of the number's digits and the bytes. So a damaged frame
costs itself alone: the next one is found by its record, and by the numbers one knows how many ticks are missing.
"""

import json
import re
import zlib

MYPY = False
if MYPY:
    from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Tuple

    Part = NamedTuple("Part", [("begin", int), ("end", int), ("number", int), ("data", "Optional[bytes]")])
else:
    from collections import namedtuple

    # A good frame, or a stretch that is none: its `data` is None, its `number` -1 where no record of a frame tells it.
    Part = namedtuple("Part", "begin end number data")

SUBSYSTEM = b'"subsystem":"'
HEADER = re.compile(
    rb'\{"timestamp":\d+\.\d+,"monotonic":\d+\.\d+,"subsystem":"frame","measurement":"(\d+) ([0-9a-f]{8}) (\d+)"\}\n'
)
TIME = re.compile(rb'\{"timestamp":(\d+\.\d+),')
CONTROL = frozenset((b"host", b"end", b"gap", b"clock", b"/proc/cpuinfo", b"frame"))  # of these alone there is no tick


SOURCES = (b"/proc/", b"statfs", b"container/")


def frame(data: bytes, number: int) -> bytes:
    """The records of a tick with their frame's record in front."""
    return start_of(data) + b'frame","measurement":"%d %08x %d"}\n' % (len(data), checksum(data, number), number) + data


def checksum(data: bytes, number: int) -> int:
    """What must not have changed since it was written."""
    return zlib.crc32(data, zlib.crc32(b"%d" % number))


def scan(text: bytes) -> "List[Part]":
    """The frames in a segment's bytes, and what lies between them where it is damaged."""
    parts = []
    position = 0
    while position < len(text):
        header = HEADER.match(text, position)
        part = whole(text, header)
        if part is None:
            told = int(header.group(3)) if header else -1
            part = Part(position, next_whole(text, position + 1), told, None)
        parts.append(part)
        position = part.end
    return parts


def next_whole(text: bytes, position: int) -> int:
    """Where the next frame begins; the text's end where there is none."""
    for header in HEADER.finditer(text, position):
        if whole(text, header):
            return header.start()
    return len(text)


def whole(text: bytes, header: "Optional[Any]") -> "Optional[Part]":
    """The frame behind its record, None where that is cut, damaged or no record of a frame."""
    if header is None:
        return None
    size, number = int(header.group(1)), int(header.group(3))
    data = text[header.end() : header.end() + size]
    if not data or len(data) < size or checksum(data, number) != int(header.group(2), 16):
        return None
    return Part(header.start(), header.end() + size, number, data)


def is_torn(text: bytes, part: Part) -> bool:
    """Whether a last part that is no frame is one that was just being written; else it is damaged."""
    if b"\n" not in text[part.begin :]:
        return True
    header = HEADER.match(text, part.begin)
    if header is None or text.endswith(b'"}\n'):
        return False
    return len(text) - header.end() < int(header.group(1))


def seems_a_tick(text: bytes) -> bool:
    """Whether there is a source among damaged lines."""
    return any(
        SUBSYSTEM in line and subsystem.startswith(SOURCES) and subsystem not in CONTROL
        for subsystem, line in lines_of(text)
    )


def lines_of(data: bytes) -> "Iterator[Tuple[bytes, bytes]]":
    """Subsystem and line of each record."""
    for line in data.splitlines(True):
        begin = line.find(SUBSYSTEM) + len(SUBSYSTEM)
        yield line[begin : line.find(b'"', begin)], line


def is_tick(data: bytes) -> bool:
    """Whether there is more in it than what the sampler says about itself."""
    return any(subsystem not in CONTROL for subsystem, _ in lines_of(data))


def sampled(data: bytes) -> bytes:
    """The records of a tick without what the sampler says about itself."""
    return b"".join(line for subsystem, line in lines_of(data) if subsystem not in CONTROL)


def said(data: bytes, name: bytes) -> "List[bytes]":
    """The lines of one of the subsystems that the sampler says something about itself in."""
    return [line for subsystem, line in lines_of(data) if subsystem == name]


def value_of(line: bytes) -> "Dict[str, Any]":
    """The object in a record's measurement; {} where there is none."""
    try:
        value = json.loads(json.loads(line.decode("utf-8"))["measurement"])
    except (ValueError, KeyError, TypeError):
        return {}
    return value if isinstance(value, dict) else {}


def start_of(data: bytes) -> bytes:
    """The beginning of a record, up to its subsystem's name."""
    return data[: data.index(SUBSYSTEM) + len(SUBSYSTEM)]


def time_of(data: bytes) -> float:
    """The timestamp of a record, in Unix seconds."""
    match = TIME.match(data)
    return float(match.group(1)) if match else 0.0


def restamped(line: bytes, start: bytes) -> bytes:
    """A record of the time of others."""
    return start + line[line.index(SUBSYSTEM) + len(SUBSYSTEM) :]
