"""What summary.json says of a collection, from what was gathered while its recordings passed."""

from collections import Counter
from collections.abc import Callable, Iterable
from hashlib import sha256
from itertools import pairwise
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from perfops.catalogue import CONTAINER, HOST, KINDS
from perfops.errors import BadInputError
from perfops.outputs.summary import Annotation, Ending, Observer, Start, Summary
from perfops.outputs.system_info import system_info
from perfops.samples import story as stories
from perfops.samples.notes import Notes
from perfops.samples.records import BOM, DAMAGED, NUMBERS, json_object
from perfops.samples.runs import Run
from perfops.samples.stamps import moment
from perfops.samples.story import Event, Story

T = TypeVar("T")


class Recording(NamedTuple):
    """A file of a collection, or several that follow each other: what was gathered, rows by kind, the first line."""

    story: Story
    counts: Counter[str]
    first_line: bytes

    def of_host(self) -> bool:
        """Whether it is of the host, not of containers alone."""
        return HOST.name in self.counts or CONTAINER.name not in self.counts


class Facts:
    """What a host or an end record says; a value of the wrong type is remarked, and counts as not said."""

    def __init__(self, name: str, record: dict[str, Any] | None, notes: Notes) -> None:
        self.name = name
        self.record = record or {}
        self.notes = notes

    def of(self, key: str, wanted: type | tuple[type, ...]) -> Any:
        """The value of a key, None where there is none of the wanted type."""
        value = self.record.get(key)
        if value is None or value.__class__ is wanted or (isinstance(wanted, tuple) and value.__class__ in wanted):
            return value
        self.notes.add(stories.DAMAGED, f"the {self.name} record has {key!r}: {value!r:.60}; left out")
        return None


def summarize(recordings: list[Recording], notes: Notes) -> Summary:
    """Sum up the recordings of one collection; snapshots and segments are those of its recordings of the host.

    BadInputError where two recordings name different collections.
    """
    told = [recording.story for recording in recordings]
    ids = {identity for story in told if (identity := collection_id(story.host))}
    if len(ids) > 1:
        names = ", ".join(sorted(map(str, ids)))
        raise BadInputError(f"the files belong to different collections: {names} (process them one by one)")
    main = [recording for recording in recordings if HOST.name in recording.counts] or recordings[:1]
    whole = Story(Notes())  # of the host; its remarks are in `notes` already
    for recording in main:
        whole.absorb(recording.story)
    host, runs = whole.host, whole.runs.sampled()
    ends = [Facts("end", run.end, notes) for run in runs]
    facts, last = Facts("host", host, notes), ends[-1]
    return Summary(
        collection=next(iter(ids), None),
        fingerprint=fingerprint(main[0].first_line),
        recorder="pcc" if host else "other",
        hostname=facts.of("hostname", str),
        mode=facts.of("mode", str) or "local",
        start=moment(min(story.first for story in told if story.first is not None)),
        end=moment(max(story.last for story in told if story.last is not None)),
        frequency=facts.of("frequency", NUMBERS) or main[0].story.usual_interval(),
        labels={key: str(value) for key, value in (facts.of("labels", dict) or {}).items()},
        host=system_info(first(told, lambda story: story.cpuinfo) or "", host),
        complete=runs[-1].end is not None,
        end_reason=last.of("reason", str),
        snapshots=whole.snapshots,
        segments=whole.segments,
        ticks=in_all(runs, ends, "ticks", lambda run: run.snapshots if host else None),
        missed=in_all(runs, ends, "missed", lambda run: run.gaps if host else None),
        damaged_lines=notes.counts[DAMAGED],
        samples={
            kind.name: count
            for kind in KINDS
            if (count := sum(recording.counts.get(kind.name, 0) for recording in recordings))
        },
        observer=observer(ends),
        starts=[start_of(run, host) for run in runs] if host else [],
        annotations=[
            annotation(event)
            for events in ([event for story in told for event in story.events], cuts(runs))
            for event in events
        ],
        warnings=list(notes.lines()),
    )


def annotation(event: Event) -> Annotation:
    """What happened, as a summary has it."""
    end = None if event.end is None else moment(event.end)
    return Annotation(kind=event.kind, start=moment(event.start), end=end, text=event.text)


def start_of(run: Run, host: dict[str, Any]) -> Start:
    """A start of the recorder as a summary has it; `host` says whose it is where it brings no host record."""
    told = (json_object(run.host[1]) if run.host else None) or host
    key = "/".join(str(told.get(name)) for name in ("boot_id", "pid", "started"))
    return Start(
        key=key,
        first=None if run.first is None else moment(run.first),
        ending=None if run.end is None else ending_of(Facts("end", run.end, Notes())),  # remarked elsewhere
    )


def ending_of(end: Facts) -> Ending:
    """What an end record says."""
    return Ending(
        reason=end.of("reason", str),
        ticks=end.of("ticks", int),
        missed=end.of("missed", int),
        observer=observer([end]),
    )


def first(told: Iterable[Story], fact: Callable[[Story], T]) -> T | None:
    """The first of a fact that a story has, None where none has."""
    return next(filter(None, map(fact, told)), None)


def fingerprint(line: bytes) -> str:
    """Tells recordings apart by their first line, whatever an editor made of its beginning and end."""
    return sha256(line.removeprefix(BOM).rstrip(b"\r\n") + b"\n").hexdigest()


def collection_id(host: dict[str, Any]) -> UUID | None:
    """The id its recorder gave the collection, None where there is none or it is no UUID."""
    try:
        return UUID(host["collection"])
    except (KeyError, ValueError, TypeError, AttributeError):
        return None


def in_all(runs: list[Run], ends: list[Facts], key: str, seen: Callable[[Run], int | None]) -> int | None:
    """The sum of what the end records say; of a run without one, what was `seen`. None where one is not known."""
    known = [end.of(key, int) if run.end is not None else seen(run) for run, end in zip(runs, ends, strict=True)]
    return None if None in known else sum(filter(None, known))


def cuts(runs: list[Run]) -> list[Event]:
    """Where the recorder was killed, and started again on the same recording; a reboot is told by itself."""
    text = "the recorder was killed and started again: what it had sampled before is here"
    return [
        Event("cut", run.last, None, text)
        for run, later in pairwise(runs)
        if run.end is None and run.last is not None and run.boot() == later.boot()
    ]


def observer(ends: list[Facts]) -> Observer | None:
    """What the collector itself cost, as far as its end records say; bytes are those of the whole recording."""
    costs = []
    for end in ends:
        seconds, peak, size = end.of("cpu_seconds", NUMBERS), end.of("peak_memory_kib", int), end.of("bytes", int)
        if None not in (seconds, peak, size):
            costs.append((seconds, peak, size))
    if not costs:
        return None
    times, peaks, sizes = zip(*costs, strict=True)
    return Observer(cpu_seconds=sum(times), peak_memory_kib=max(peaks), bytes_written=sizes[-1])
