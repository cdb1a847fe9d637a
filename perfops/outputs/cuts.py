"""Where a long recording is cut into parts, and what each part needs to know of what lies before it."""

from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

from perfops.samples.records import LONGEST, Record, bounded_lines, json_object, parse_record
from perfops.samples.snapshots import CONTROL

REACH = 4 << 20  # bytes around a cut in which a snapshot must begin and end; else the rest is one part
BLOCK = 1 << 20
HOST = b'"host"'  # stands in every host record, and in little else


class Part(NamedTuple):
    """Bytes `start` to `end` of a file: whole snapshots.

    Of what lies before: `lines` is their number, `host` the facts of the last host record, `before` the last tick's
    lines.
    """

    path: Path
    start: int
    end: int
    lines: int
    host: dict[str, Any]
    before: tuple[bytes, ...]


def cut(path: Path, size: int) -> Iterator[Part]:
    """The parts of a plain collection file, of about `size` bytes, one after the other."""
    length = path.stat().st_size
    part = Part(path, 0, length, 0, {}, ())
    with path.open("rb") as file:
        while part.start + size < length:
            end = next_snapshot(file, part.start + size)
            before = last_tick(file, end) if end else ()
            if not end or not before:
                break
            yield part._replace(end=end)
            lines, host = survey(file, part.start, end)
            part = Part(path, end, length, part.lines + lines, host or part.host, before)
    yield part


def record_of(line: bytes) -> Record | None:
    """The line's record, None where it is damaged."""
    found = parse_record(line)
    return found if isinstance(found, Record) else None


def next_snapshot(file: IO[bytes], place: int) -> int | None:
    """Where the first snapshot after `place` begins that follows a tick: at a line with another timestamp than before.

    After a host record that stands alone no cut is made: who reads on must see it after the tick before it.
    """
    timestamp: float | None = None
    sampled = False
    file.seek(place)
    start = place + len(file.readline(REACH))
    while start < place + REACH and (line := file.readline(REACH)):
        record = record_of(line)
        if record is not None:
            if timestamp is not None and record.timestamp != timestamp:
                if sampled:
                    return start
                sampled = False
            timestamp = record.timestamp
            sampled = sampled or record.subsystem not in CONTROL
        start += len(line)
    return None


def last_tick(file: IO[bytes], end: int) -> tuple[bytes, ...]:
    """The lines of the last snapshot before `end` in which anything was sampled; none where it is out of reach."""
    start = max(end - REACH, 0)
    file.seek(start)
    window = file.read(end - start).splitlines(keepends=True)
    lines: list[bytes] = []
    timestamp: float | None = None
    sampled = False
    for line in reversed(window if start == 0 else window[1:]):
        record = record_of(line)
        if record is None:
            continue
        if timestamp is not None and record.timestamp != timestamp:
            if sampled:
                return tuple(reversed(lines))
            lines.clear()
        timestamp = record.timestamp
        sampled = sampled or record.subsystem not in CONTROL
        lines.append(line)
    return tuple(reversed(lines)) if start == 0 and sampled else ()


def survey(file: IO[bytes], start: int, end: int) -> tuple[int, dict[str, Any]]:
    """The number of lines between two line starts, and what the last whole host record there says."""
    lines = 0
    found: dict[str, Any] = {}
    place = file.seek(start)
    while place < end:
        block = file.read(min(BLOCK, end - place))
        if not block.endswith(b"\n"):
            block += file.readline(LONGEST)
        place += len(block)
        lines += block.count(b"\n")
        marker = len(block)
        while (marker := block.rfind(HOST, 0, marker)) >= 0:
            head = block.rfind(b"\n", 0, marker) + 1
            record = record_of(block[head : block.find(b"\n", marker) + 1 or None])
            facts = json_object(record.measurement) if record and record.subsystem == "host" else None
            if facts is not None:
                found = facts
                break
    return lines, found


def part_lines(part: Part) -> Iterator[bytes]:
    """The lines of a part."""
    with part.path.open("rb", buffering=BLOCK) as file:
        file.seek(part.start)
        left = part.end - part.start
        for line in bounded_lines(file):
            if left <= 0:
                return
            left = left - len(line) if len(line) < LONGEST else part.end - file.tell()
            yield line
