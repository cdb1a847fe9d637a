"""Collection files to a folder: CSV files, container_names.json, system_info.json, summary.json."""

import json
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import IO, Any

import orjson

from perfops.catalogue import KINDS
from perfops.errors import BadInputError
from perfops.outputs import summary as summaries
from perfops.outputs.csv import CsvFolder, cannot_write
from perfops.outputs.parts import Derived, append, derive_parts, worth_it
from perfops.outputs.summarize import Recording, summarize
from perfops.outputs.system_info import system_info
from perfops.samples.derive import derive
from perfops.samples.notes import Notes
from perfops.samples.records import LONGEST, read_lines, read_records
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
    counts: Counter[str] = Counter()
    recordings: list[Recording] = []
    try:
        empty(outdir)
        for number, path in enumerate(paths):
            # Files of one collection hold different kinds, or follow each other: each is derived by itself, and joined.
            with tempfile.TemporaryDirectory(dir=outdir, prefix=".file-") if number else nullcontext(outdir) as folder:
                derived, first_line = process_file(path, Path(folder), names, progress)
                if number:
                    append(Path(folder), outdir)
            counts += derived.counts
            names |= {identity: name for identity, name, _ in derived.containers}
            recordings.append(Recording(derived.story, first_line))
            notes.absorb(derived.story.notes)
        summary = summarize(recordings, dict(counts), notes)
        story = recordings[0].story
        write_json(outdir / SYSTEM_INFO, system_info(story.cpuinfo, story.host))
        if names:
            write_json(outdir / NAMES, names)
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
    path: Path, folder: Path, names: dict[str, str], progress: Callable[[int], None] | None
) -> tuple[Derived, bytes]:
    """Derive one file into `folder`: what came of it, and its first line. BadInputError where nothing is usable."""
    label = "standard input" if path == STDIN else str(path)
    if worth_it(path):
        with path.open("rb") as file:
            first_line = file.readline(LONGEST)
        whole, *others = derive_parts(path, names, folder, progress)
        counts = Counter(whole.counts)
        for part in others:
            whole.story.absorb(part.story)
            counts += part.counts
        containers = [each for part in (whole, *others) for each in part.containers]
        derived = Derived(whole.story, dict(counts), containers)
    else:
        story = Story(Notes())
        with ExitStack() as stack:
            lines = Lines(read_lines(open_input(path, stack), label, story.notes), progress)
            csv = stack.enter_context(CsvFolder(folder))
            csv.write(derive(group(read_records(lines, label, story.notes)), story, names))
        derived, first_line = Derived(story, csv.counts(), csv.containers()), lines.first
    if not derived.story.snapshots:
        raise BadInputError(nothing_usable(label, first_line, derived.story.notes))
    return derived, first_line


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
