"""Collection files to a folder: CSV files, container_names.json, system_info.json, summary.json."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

import orjson

from perfops.catalogue import CONTAINER, KINDS
from perfops.errors import BadInputError
from perfops.outputs import summary as summaries
from perfops.outputs.csv import CsvFolder, cannot_write
from perfops.outputs.summarize import Recording, summarize
from perfops.outputs.system_info import system_info
from perfops.samples.derive import derive
from perfops.samples.notes import Notes
from perfops.samples.records import read_lines, read_records
from perfops.samples.snapshots import group
from perfops.samples.story import Story

STDIN = Path("-")
NAMES = "container_names.json"
SYSTEM_INFO = "system_info.json"


class Lines:
    """Lines on their way: remembers the first, and tells `progress` how many bytes have passed."""

    def __init__(self, lines: Iterable[bytes], progress: Callable[[int], None] | None) -> None:
        self.lines = lines
        self.progress = progress
        self.first = b""

    def __iter__(self) -> Iterator[bytes]:
        """Yield the lines."""
        passed = 0
        for number, line in enumerate(self.lines):
            if not number:
                self.first = line
            passed += len(line)
            if self.progress and not number % 1024:
                self.progress(passed)
            yield line


def process_files(
    paths: Sequence[Path], outdir: Path, *, progress: Callable[[int], None] | None = None
) -> summaries.Summary:
    """Process the files of one collection (host, containers; `-` is standard input) into `outdir` and sum it up.

    Memory does not grow with the files. `progress` is called with the bytes read of the file at hand. BadInputError
    where a file cannot be read or holds nothing usable, MachineError where `outdir` cannot be written to.
    """
    notes = Notes()
    names = read_container_names(paths, notes)
    try:
        empty(outdir)
        with CsvFolder(outdir) as folder:
            recordings = [process_file(path, folder, names, notes, progress) for path in paths]
        summary = summarize(recordings, folder.counts(), notes)
        story = recordings[0].story
        write_json(outdir / SYSTEM_INFO, system_info(story.cpuinfo, story.host))
        if found := folder.files[CONTAINER.name].keys:
            write_json(outdir / NAMES, names | {key[0]: key[1] for key in found if isinstance(key, tuple)})
        summaries.write_summary(summary, outdir)
    except OSError as error:
        raise cannot_write(outdir, error) from error
    return summary


def empty(outdir: Path) -> None:
    """Make the folder, and remove what an earlier processing left in it; other files stay."""
    outdir.mkdir(parents=True, exist_ok=True)
    for name in (summaries.FILE, SYSTEM_INFO, *(kind.file for kind in KINDS)):
        (outdir / name).unlink(missing_ok=True)


def process_file(
    path: Path, folder: CsvFolder, names: dict[str, str], notes: Notes, progress: Callable[[int], None] | None
) -> Recording:
    """Process one file into the open folder; BadInputError where nothing in it is usable."""
    label = "standard input" if path == STDIN else str(path)
    story = Story(notes)
    with ExitStack() as stack:
        lines = Lines(read_lines(open_input(path, stack), label, notes), progress)
        folder.write(derive(group(read_records(lines, label, notes)), story, names))
    if not story.snapshots:
        raise BadInputError(nothing_usable(label, lines.first, notes))
    return Recording(story, lines.first)


def open_input(path: Path, stack: ExitStack) -> IO[bytes]:
    """The file, or standard input, open for reading bytes."""
    if path == STDIN:
        return sys.stdin.buffer
    try:
        return stack.enter_context(path.open("rb", buffering=1 << 20))
    except OSError as error:
        reason = "no such file" if isinstance(error, FileNotFoundError) else error.strerror
        raise BadInputError(f"cannot read {path}: {reason} (give a collection, a .json or .json.gz file)") from error


def nothing_usable(label: str, first_line: bytes, notes: Notes) -> str:
    """Why a file gives no sample at all."""
    if not first_line:
        return f"{label} is empty (a collection has one JSON record a line)"
    if first_line.lstrip()[:1] == b"<":
        start = first_line[:40].decode("utf-8", "backslashreplace").strip()
        return f"{label} is HTML or XML, not a collection: it starts with {start!r} (was an error page saved?)"
    told = next(notes.lines(), "no record is of a known subsystem")
    return f"{label} holds nothing usable: {told} (a collection has one JSON record a line)"


def read_container_names(paths: Sequence[Path], notes: Notes) -> dict[str, str]:
    """The container_names.json (full id to name) that lie beside the files, together; {} where there is none."""
    names: dict[str, str] = {}
    for folder in {path.parent for path in paths if path != STDIN}:
        file = folder / NAMES
        try:
            found = orjson.loads(file.read_bytes())
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            notes.add("damaged files", f"{file} cannot be read: {error}; containers go by their ids")
            continue
        if isinstance(found, dict):
            names |= {str(key): str(value) for key, value in found.items()}
    return names


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file a person can read."""
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
