"""What can be loaded: a processed folder, or a host.csv that stands alone."""

import csv
import itertools
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from uuid import UUID, uuid5

from pydantic import ValidationError

from perfops.catalogue import HOST, KINDS, Kind
from perfops.errors import BadInputError
from perfops.outputs.summary import FILE, Summary, read_summary

NAMESPACE = UUID(
    "5d6f3b1e-86a7-5c0e-9f57-3f2f6f6a7c11"
)  # of the ids made for recordings that bring none; never changes
FIRST_ROWS = 100  # rows whose distances give the frequency of a lone host.csv
LAST_BYTES = 1 << 14  # of a file, that hold its last row


@dataclass(frozen=True, slots=True)
class Source:
    """A processed collection: what it is, and its CSV files by kind."""

    path: Path
    summary: Summary
    files: dict[str, Path]

    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.stat().st_size for file in self.files.values())

    def collection(self, collector: str, site: str) -> UUID:
        """The id its recorder gave it, else one that follows from site, collector and recording."""
        made = uuid5(NAMESPACE, f"{site}\n{collector}\n{self.summary.fingerprint}")
        return self.summary.collection or made


def find_source(path: Path) -> Source:
    """The source at a folder with summary.json, or at a host.csv; BadInputError where it is neither."""
    try:
        if path.is_dir():
            return folder_source(path)
        if not path.exists():
            raise BadInputError(f"no such file: {path} (give a collection, a processed folder or a host.csv)")
        if path.name == HOST.file and (path.parent / FILE).exists():
            return folder_source(path.parent)
    except OSError as error:
        raise BadInputError(f"cannot read {path}: {error.strerror} (give a processed folder or a host.csv)") from error
    return lone_source(path)


def folder_source(folder: Path) -> Source:
    """The source in a folder made by `perfops process`."""
    try:
        summary = read_summary(folder)
    except FileNotFoundError:
        if (folder / HOST.file).is_file():
            return lone_source(folder / HOST.file)
        raise BadInputError(
            f"{folder} holds neither {FILE} nor {HOST.file} (give a folder of perfops process)"
        ) from None
    except (OSError, ValidationError, UnicodeDecodeError) as error:
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error
        raise BadInputError(f"{folder / FILE} cannot be used: {reason} (run perfops process again)") from error
    files = {kind.name: folder / kind.file for kind in KINDS if kind.name in summary.samples}
    for file in files.values():
        if not file.exists():
            raise BadInputError(f"{file} is missing, and {FILE} says it has rows (run perfops process again)")
    return Source(folder, summary, files)


def lone_source(path: Path) -> Source:
    """The source that a host.csv alone makes: start, end and frequency are those of its rows."""
    try:
        with path.open("rb") as file:
            columns = check_header(header_fields(file.readline(), path), HOST, path)
            start = file.tell()
            first = [line for line in itertools.islice(file, FIRST_ROWS) if line.strip()]
            file.seek(start)
            rows = sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
            file.seek(max(start, file.tell() - LAST_BYTES))
            tail = file.read()
    except OSError as error:
        raise BadInputError(f"cannot read {path}: {error.strerror} (give a host.csv)") from error
    if not first:
        raise BadInputError(f"{path} has no rows")
    rows += not tail.endswith(b"\n")
    place = columns.index("timestamp")
    times = [stamp_of(line, place, path, number) for number, line in enumerate(first, 2)]
    steps = sorted((later - earlier).total_seconds() for earlier, later in pairwise(times))
    summary = Summary(
        collection=None,
        fingerprint=times[0].isoformat(),
        recorder="other",
        start=times[0],
        end=stamp_of(tail.splitlines()[-1], place, path, rows + 1),
        frequency=steps[len(steps) // 2] if steps else 0,
        complete=False,
        snapshots=rows + 1,
        segments=1,
        samples={HOST.name: rows},
    )
    return Source(path, summary, {HOST.name: path})


def stamp_of(line: bytes, place: int, path: Path, number: int) -> datetime:
    """The timestamp in a line of host.csv, in UTC; BadInputError names file and line."""
    fields = line.decode("utf-8", "replace").strip().split(",")
    if fields == [""]:
        raise BadInputError(f"{path} line {number} is empty (remove it)")
    stamp = fields[place] if place < len(fields) else ""
    try:
        moment = datetime.fromisoformat(stamp)
    except ValueError:
        raise BadInputError(f"{path} line {number}: {stamp!r} is no timestamp (try 2026-01-10T20:35:10Z)") from None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def header_fields(line: bytes, path: Path) -> list[str]:
    """Names in the first line of a CSV file."""
    try:
        return next(csv.reader([line.decode("utf-8-sig")]), [])
    except UnicodeDecodeError as error:
        raise BadInputError(f"{path} is not text in UTF-8 (give a file of perfops process)") from error


def check_header(columns: list[str], kind: Kind, path: Path) -> list[str]:
    """The columns, when they are those of the kind in any order; BadInputError names the first that is wrong.

    Columns that may be empty may be missing, as in files made before they were there.
    """
    dispensable = {metric.name for metric in kind.metrics if metric.optional}
    for name in kind.columns:
        if columns.count(name) != 1 and (name in columns or name not in dispensable):
            fault = "has no column" if name not in columns else "has twice the column"
            raise BadInputError(f"{path} {fault} {name!r} (a {kind.file} has {', '.join(kind.columns)})")
    for name in columns:
        if name not in kind.columns:
            raise BadInputError(f"{path} has an unknown column {name!r} (a {kind.file} has {', '.join(kind.columns)})")
    return columns
