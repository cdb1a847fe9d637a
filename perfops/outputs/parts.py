"""A long recording in parts, side by side: each part is derived in a process of its own, and the CSV files are joined.

A sample depends on two neighbouring snapshots and the host record alone, so a part needs only these of what lies before
it; the outcome is the same, byte for byte, as in one go (held by a test).
"""

import multiprocessing
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import IO, NamedTuple

import orjson

from perfops.catalogue import KINDS
from perfops.outputs.csv import CsvFolder
from perfops.samples.derive import Primer, derive
from perfops.samples.notes import Notes
from perfops.samples.records import GZIP_MAGIC, Record, parse_record, read_records
from perfops.samples.snapshots import CONTROL, group
from perfops.samples.story import Story

SIZE = 32 << 20  # bytes of a part: some seconds of work
REACH = 4 << 20  # bytes around a cut in which a snapshot must begin and end; else the rest is one part
BLOCK = 1 << 20
HOST = b'"subsystem":"host"'


class Part(NamedTuple):
    """Bytes `start` to `end` of a file: whole snapshots. `host` and `before` are the lines they follow."""

    path: Path
    start: int
    end: int
    host: bytes
    before: tuple[bytes, ...]


class Derived(NamedTuple):
    """What came of a part: its story, its rows by kind, and its containers (id, name, runtime)."""

    story: Story
    counts: dict[str, int]
    containers: list[tuple[str, ...]]


def worth_it(path: Path) -> bool:
    """Whether a file is long enough to be read in parts, can be, and there is more than one CPU for it."""
    if not path.is_file() or path.stat().st_size < 2 * SIZE or len(os.sched_getaffinity(0)) < 2:
        return False
    with path.open("rb") as file:
        return file.read(2) != GZIP_MAGIC


def cut(path: Path, size: int) -> Iterator[Part]:
    """The parts of a plain collection file, of about `size` bytes, one after the other."""
    length = path.stat().st_size
    part = Part(path, 0, length, b"", ())
    with path.open("rb") as file:
        while part.start + size < length:
            end = next_snapshot(file, part.start + size)
            before = last_tick(file, end) if end else ()
            if not end or not before:
                break
            yield part._replace(end=end)
            host = last_host(file, part.start, end) or part.host
            part = Part(path, end, length, host, before)
    yield part


def record_of(line: bytes) -> Record | None:
    """The line's record, None where it is damaged."""
    found = parse_record(line)
    return found if isinstance(found, Record) else None


def next_snapshot(file: IO[bytes], place: int) -> int | None:
    """Where the first snapshot after `place` begins: at the first line with another timestamp than the line before."""
    timestamp: float | None = None
    file.seek(place)
    file.readline()
    start = file.tell()
    while start < place + REACH and (line := file.readline()):
        record = record_of(line)
        if record is not None:
            if timestamp is not None and record.timestamp != timestamp:
                return start
            timestamp = record.timestamp
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


def last_host(file: IO[bytes], start: int, end: int) -> bytes:
    """The last host record between two places; nothing where there is none."""
    while end > start:
        begin = max(end - BLOCK, start)
        file.seek(begin)
        place = file.read(end - begin).rfind(HOST)
        if place >= 0:
            file.seek(begin + place - min(begin + place, len(HOST) + 200))
            head = file.read(begin + place - file.tell())
            file.seek(begin + place - (len(head) - head.rfind(b"\n") - 1))
            return file.readline()
        if begin == start:
            break
        end = begin + len(HOST) - 1  # a marker may lie across two blocks
    return b""


def part_lines(part: Part) -> Iterator[bytes]:
    """The lines of a part."""
    with part.path.open("rb", buffering=BLOCK) as file:
        file.seek(part.start)
        left = part.end - part.start
        for line in file:
            if left <= 0:
                return
            left -= len(line)
            yield line


def lines_before(part: Part) -> int:
    """How many lines the file has before the part."""
    count, left = 0, part.start
    with part.path.open("rb") as file:
        while left > 0 and (block := file.read(min(left, BLOCK))):
            count += block.count(b"\n")
            left -= len(block)
    return count


def derive_part(part: Part, label: str, names: dict[str, str], outdir: Path) -> Derived:
    """Derive one part into a folder of its own."""
    story = Story(Notes())
    primer = None
    if part.before:
        host_record = record_of(part.host)
        host = orjson.loads(host_record.measurement) if host_record else {}
        records = [record for record in map(record_of, part.before) if record]
        primer = Primer(host if isinstance(host, dict) else {}, list(group(records)))
    records_of_part = read_records(part_lines(part), label, story.notes, lines_before(part) + 1)
    with CsvFolder(outdir) as folder:
        folder.write(derive(group(records_of_part), story, names, primer))
    return Derived(story, folder.counts(), folder.containers())


def derive_parts(
    path: Path, names: dict[str, str], outdir: Path, progress: Callable[[int], None] | None
) -> Iterator[Derived]:
    """Derive a file in parts into `outdir`, a process a CPU; yields what came of each, in their order."""
    context = multiprocessing.get_context("spawn")  # forking a process that shows progress in a thread may deadlock
    with (
        tempfile.TemporaryDirectory(dir=outdir, prefix=".parts-") as scratch,
        ProcessPoolExecutor(len(os.sched_getaffinity(0)), mp_context=context) as pool,
    ):
        jobs = []
        for number, part in enumerate(cut(path, SIZE)):
            folder = Path(scratch, str(number))
            folder.mkdir()
            jobs.append((part, folder, pool.submit(derive_part, part, str(path), names, folder)))
        for part, folder, job in jobs:
            derived = job.result()
            append(folder, outdir)
            if progress:
                progress(part.end)
            yield derived


def append(source: Path, target: Path) -> None:
    """Append the CSV files of one folder to those of another, without their headers where there is a file already."""
    for kind in KINDS:
        file = source / kind.file
        if file.exists():
            if (target / kind.file).exists():
                with file.open("rb") as reader, (target / kind.file).open("ab") as writer:
                    reader.readline()
                    shutil.copyfileobj(reader, writer, BLOCK)
                file.unlink()
            else:
                file.rename(target / kind.file)
