"""What summary.json says of a collection, from what was gathered while its recordings passed."""

from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from perfops.catalogue import HOST, KINDS
from perfops.errors import BadInputError
from perfops.outputs.summary import Annotation, Observer, Summary
from perfops.outputs.system_info import system_info
from perfops.samples import story as stories
from perfops.samples.notes import Notes
from perfops.samples.records import BOM, DAMAGED, NUMBERS
from perfops.samples.stamps import moment
from perfops.samples.story import Story

T = TypeVar("T")


class Recording(NamedTuple):
    """One file of a collection: what was gathered from it, its rows by kind, and its first line."""

    story: Story
    counts: dict[str, int]
    first_line: bytes


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
    main = [recording.story for recording in recordings if HOST.name in recording.counts] or told[:1]
    host = first(main, lambda story: story.host) or {}
    end_record = main[-1].end
    facts, end = Facts("host", host, notes), Facts("end", end_record, notes)
    return Summary(
        collection=next(iter(ids), None),
        fingerprint=fingerprint(recordings[0].first_line),
        recorder="pcc" if host else "other",
        hostname=facts.of("hostname", str),
        mode=facts.of("mode", str) or "local",
        start=moment(min(story.first for story in told if story.first is not None)),
        end=moment(max(story.last for story in told if story.last is not None)),
        frequency=facts.of("frequency", NUMBERS) or main[0].usual_interval(),
        labels={key: str(value) for key, value in (facts.of("labels", dict) or {}).items()},
        host=system_info(first(told, lambda story: story.cpuinfo) or "", host),
        complete=end_record is not None,
        end_reason=end.of("reason", str),
        snapshots=sum(story.snapshots for story in main),
        segments=sum(story.segments for story in main),
        ticks=end.of("ticks", int),
        missed=end.of("missed", int),
        damaged_lines=notes.counts[DAMAGED],
        samples={
            kind.name: count
            for kind in KINDS
            if (count := sum(recording.counts.get(kind.name, 0) for recording in recordings))
        },
        observer=observer(end),
        annotations=[
            Annotation(
                kind=event.kind,
                start=moment(event.start),
                end=None if event.end is None else moment(event.end),
                text=event.text,
            )
            for story in told
            for event in story.events
        ],
        warnings=list(notes.lines()),
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


def observer(end: Facts) -> Observer | None:
    """What the collector itself cost, where the end record says so."""
    seconds, peak, size = end.of("cpu_seconds", NUMBERS), end.of("peak_memory_kib", int), end.of("bytes", int)
    if None in (seconds, peak, size):
        return None
    return Observer(cpu_seconds=seconds, peak_memory_kib=peak, bytes_written=size)
