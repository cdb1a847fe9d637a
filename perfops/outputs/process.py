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
from perfops.outputs.order import Beginning, in_order
from perfops.outputs.parts import Derived, append, derive_parts, worth_it
from perfops.outputs.summarize import Recording, collection_id, summarize
from perfops.samples.derive import Primer, derive
from perfops.samples.notes import Notes
from perfops.samples.records import LONGEST, NUMBERS, read_lines, read_records
from perfops.samples.snapshots import group
from perfops.samples.stamps import iso
from perfops.samples.story import Event, Story

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
    for number, (path, beginning) in enumerate(in_order(paths)):
        # Files of one collection hold different kinds, or follow each other: each is derived by itself, and joined.
        part = folder / str(number)
        part.mkdir()
        before = find_before(recordings, beginning)
        derived, first_line = process_file(path, part, names, progress, primer_of(before, beginning))
        append(part, folder)
        part.rmdir()
        names |= {identity: name for identity, name, _ in derived.containers}
        notes.absorb(derived.story.notes)
        later = Recording(derived.story, Counter(derived.counts), first_line)
        refuse_overlap(label_of(path), later, recordings)
        if before and same_collection(before.story, later.story):
            declare_hole(before.story, later.story)
            before.story.absorb(later.story)
            before.counts.update(later.counts)
        else:
            recordings.append(later)
    summary = summarize(recordings, notes)
    write_json(folder / SYSTEM_INFO, summary.host)
    if names:
        write_json(folder / NAMES, names)
    summaries.write_summary(summary, folder)
    return summary


def find_before(recordings: list[Recording], beginning: Beginning | None) -> Recording | None:
    """Of what was read already that which a file goes on with: the last that ended before it, and is of the same."""
    if beginning is None:
        return None
    ended = [
        (recording.story.last, place)
        for place, recording in enumerate(recordings)
        if recording.story.last is not None
        and recording.story.last <= beginning.start
        and recording.of_host() == beginning.of_host
    ]
    return recordings[max(ended)[1]] if ended else None


def declare_hole(before: Story, later: Story) -> None:
    """Declare a gap where a file between two files of one start of the recorder is not here.

    Each file but the first begins with the last tick of the one before; so where they do not touch, one is missing.
    """
    one, other = before.runs.current(), later.runs.current()
    frequency = later.host.get("frequency")
    if before.last is None or later.first is None or frequency.__class__ not in NUMBERS or not frequency > 0:
        return
    ticks = round((later.first - before.last) / frequency) - 1
    if ticks > 0 and one.goes_on_with(other) and one.host != other.host:
        text = f"{ticks} ticks missed: a file between these two is not here"
        later.events.append(Event("gap", before.last, later.first, text))
        one.gaps += ticks


def refuse_overlap(label: str, later: Recording, recordings: list[Recording]) -> None:
    """BadInputError where a file has ticks of the same time as another one, of the host or of containers as itself is.

    Each tick would count twice: a copy, as host.json.gz beside host.json, is no second part.
    """
    for known in recordings:
        start = max(known.story.first or 0, later.story.first or 0)
        end = min(known.story.last or 0, later.story.last or 0)
        if start < end and known.of_host() == later.of_host() and same_collection(known.story, later.story):
            raise BadInputError(
                f"{label} has the time from {iso(start)} to {iso(end)} once more (give each recording once)"
            )


def same_collection(before: Story, later: Story) -> bool:
    """Whether two recordings say that they are of one collection, as far as they say anything."""
    one, other = collection_id(before.current_host), collection_id(later.host)
    return one == other or other is None


def primer_of(before: Recording | None, beginning: Beginning | None) -> Primer | None:
    """What a file needs to know of the one before, where it repeats the last tick of that; else a segment begins."""
    tick = before.story.last_tick if before else None
    if before is None or beginning is None or tick is None or tick.timestamp != beginning.start:
        return None
    return Primer(before.story.current_host, [tick])


def replace(source: Path, target: Path) -> None:
    """Move what is in one folder to another; files of an earlier processing that have no successor are removed."""
    (target / summaries.FILE).unlink(missing_ok=True)  # what lies there while files change is no whole collection
    for name in (*(kind.file for kind in KINDS), SYSTEM_INFO, NAMES, summaries.FILE):
        if (source / name).exists():
            (source / name).rename(target / name)
        elif name != NAMES:  # those may have been given, not made
            (target / name).unlink(missing_ok=True)


def process_file(
    path: Path, folder: Path, names: dict[str, str], progress: Callable[[int], None] | None, before: Primer | None
) -> tuple[Derived, bytes]:
    """Derive one file into `folder`: what came of it, and its first line. BadInputError where nothing is usable.

    `before` is the end of the file that it goes on with.
    """
    label = label_of(path)
    if worth_it(path):
        with path.open("rb") as file:
            first_line = file.readline(LONGEST)
        whole, *others = derive_parts(path, label, names, folder, progress, before)
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
            csv.write(derive(group(read_records(lines, label, story.notes)), story, names, before))
        derived, first_line = Derived(story, csv.counts(), csv.containers()), lines.first
    if not derived.story.snapshots and before is None:
        raise BadInputError(nothing_usable(label, first_line, bool(derived.story.host), derived.story.notes))
    return derived, first_line


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file a person can read."""
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
