"""A collection that is gone on with: whose it is, how far it is whole, and when its last record was."""

import json
import os

MYPY = False
if MYPY:
    from typing import Optional, Tuple

BLOCK = 1 << 16


def recorded_id(path: str) -> "Optional[str]":
    """The collection's id by the host record a file begins with; None where it has none, or there is no such file."""
    try:
        with open(path, "rb") as file:
            record = json.loads(file.readline(1 << 20).decode("utf-8"))
        return str(json.loads(record["measurement"])["collection"]) if record["subsystem"] == "host" else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def last_line(descriptor: int, size: int, besides: str = "") -> "Tuple[int, Optional[float]]":
    """Bytes up to the end of the last whole line, and the timestamp of the last record; None where there is none.

    Records of the subsystem `besides` do not count. A damaged line at the end is whole for this purpose: readers leave
    it out.
    """
    text = b""
    start = size
    whole = -1
    while start > 0:
        begin = max(start - BLOCK, 0)
        text = os.pread(descriptor, start - begin, begin) + text
        start = begin
        if whole < 0 and b"\n" in text:
            whole = start + text.rindex(b"\n") + 1
        lines = text[: max(whole - start, 0)].split(b"\n")
        # The first of them may begin before this block.
        for line in reversed(lines if start == 0 else lines[1:]):
            timestamp = timestamp_of(line, besides)
            if timestamp is not None:
                return whole, timestamp
    return max(whole, 0), None


def timestamp_of(line: bytes, besides: str) -> "Optional[float]":
    """The timestamp of a record, None where the line is none, or one of the subsystem `besides`."""
    try:
        record = json.loads(line.decode("utf-8"))
        return None if besides and record["subsystem"] == besides else float(record["timestamp"])
    except (ValueError, KeyError, TypeError):
        return None
