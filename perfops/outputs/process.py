"""Collection files to a folder: CSV files, container_names.json, system_info.json, summary.json."""

import json
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from perfops.catalogue import KINDS
from perfops.errors import BadInputError
from perfops.outputs import summary as summaries
from perfops.outputs.csv import CsvFolder, cannot_write
from perfops.outputs.inputs import NAMES, Lines, label_of, nothing_usable, open_input, read_container_names
from perfops.outputs.parts import Derived, append, derive_parts, worth_it
from perfops.outputs.summarize import Recording, summarize
from perfops.samples.derive import derive
from perfops.samples.notes import Notes
from perfops.samples.records import LONGEST, read_lines, read_records
from perfops.samples.snapshots import group
from perfops.samples.story import Story

SYSTEM_INFO = "system_info.json"


def process_files(
    paths: Sequence[Path], outdir: Path, *, progress: Callable[[int], None] | None = None
) -> summaries.Summary:
    """Process the files of one collection (host, containers; `-` is standard input) into `outdir` and sum it up.

    Memory does not grow with the files. `outdir` gets all of it or nothing; what an earlier processing left there is
    replaced, other files stay. `progress` is called with the bytes read of the file at hand. BadInputError where a
    file cannot be read or holds nothing usable, MachineError where `outdir` cannot be written to.
    """
    notes = Notes()
    names = read_container_names(paths, notes)
    try:
        outdir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=outdir, prefix=".process-") as name:
            summary = process_into(paths, Path(name), names, notes, progress)
            replace(Path(name), outdir)
    except OSError as error:
        raise cannot_write(outdir, error) from error
    return summary


def process_into(
    paths: Sequence[Path], folder: Path, names: dict[str, str], notes: Notes, progress: Callable[[int], None] | None
) -> summaries.Summary:
    """Process the files into an empty folder."""
    recordings: list[Recording] = []
    for number, path in enumerate(paths):
        # Files of one collection hold different kinds, or follow each other: each is derived by itself, and joined.
        part = folder / str(number)
        part.mkdir()
        derived, first_line = process_file(path, part, names, progress)
        append(part, folder)
        part.rmdir()
        names |= {identity: name for identity, name, _ in derived.containers}
        recordings.append(Recording(derived.story, derived.counts, first_line))
        notes.absorb(derived.story.notes)
    summary = summarize(recordings, notes)
    write_json(folder / SYSTEM_INFO, summary.host)
    if names:
        write_json(folder / NAMES, names)
    summaries.write_summary(summary, folder)
    return summary


def replace(source: Path, target: Path) -> None:
    """Move what is in one folder to another; files of an earlier processing that have no successor are removed."""
    (target / summaries.FILE).unlink(missing_ok=True)  # what lies there while files change is no whole collection
    for name in (*(kind.file for kind in KINDS), SYSTEM_INFO, NAMES, summaries.FILE):
        if (source / name).exists():
            (source / name).rename(target / name)
        elif name != NAMES:  # those may have been given, not made
            (target / name).unlink(missing_ok=True)


def process_file(
    path: Path, folder: Path, names: dict[str, str], progress: Callable[[int], None] | None
) -> tuple[Derived, bytes]:
    """Derive one file into `folder`: what came of it, and its first line. BadInputError where nothing is usable."""
    label = label_of(path)
    if worth_it(path):
        with path.open("rb") as file:
            first_line = file.readline(LONGEST)
        whole, *others = derive_parts(path, label, names, folder, progress)
        counts = Counter(whole.counts)
        for part in others:
            whole.story.absorb(part.story)
            counts += part.counts
        containers = [each for part in (whole, *others) for each in part.containers]
        derived = Derived(whole.story, dict(counts), containers)
    else:
        story = Story(Notes())
        with ExitStack() as stack:
            lines = Lines(read_lines(open_input(path, stack), label, story.notes), label, progress)
            csv = stack.enter_context(CsvFolder(folder))
            csv.write(derive(group(read_records(lines, label, story.notes)), story, names))
        derived, first_line = Derived(story, csv.counts(), csv.containers()), lines.first
    if not derived.story.snapshots:
        raise BadInputError(nothing_usable(label, first_line, derived.story.notes))
    return derived, first_line


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file a person can read."""
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
