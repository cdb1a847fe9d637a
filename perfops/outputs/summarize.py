"""What summary.json says of a collection, from what was gathered while its recordings passed."""

from hashlib import sha256
from typing import Any, NamedTuple
from uuid import UUID

from perfops.errors import BadInputError
from perfops.outputs.summary import Annotation, Observer, Summary
from perfops.outputs.system_info import system_info
from perfops.samples.notes import Notes
from perfops.samples.records import DAMAGED
from perfops.samples.stamps import moment
from perfops.samples.story import Story


class Recording(NamedTuple):
    """One file of a collection: what was gathered from it, and its first line."""

    story: Story
    first_line: bytes


def summarize(recordings: list[Recording], counts: dict[str, int], notes: Notes) -> Summary:
    """Sum up the recordings of one collection; snapshots and segments are those of the first, as are the host's facts.

    BadInputError where two recordings name different collections.
    """
    stories = [recording.story for recording in recordings]
    ids = {identity for story in stories if (identity := collection_id(story.host))}
    if len(ids) > 1:
        names = ", ".join(sorted(map(str, ids)))
        raise BadInputError(f"the files belong to different collections: {names} (process them one by one)")
    main = stories[0]
    cpuinfo = next((story.cpuinfo for story in stories if story.cpuinfo), "")
    end = main.end or {}
    events = [event for story in stories for event in story.events]
    return Summary(
        collection=next(iter(ids), None),
        fingerprint=sha256(recordings[0].first_line).hexdigest(),
        recorder="pcc" if main.host else "other",
        hostname=main.host.get("hostname"),
        mode=str(main.host.get("mode", "local")),
        start=moment(min(story.first for story in stories if story.first is not None)),
        end=moment(max(story.last for story in stories if story.last is not None)),
        frequency=main.host.get("frequency") or main.usual_interval(),
        labels=main.host.get("labels") or {},
        host=system_info(cpuinfo, main.host),
        complete=main.end is not None,
        end_reason=end.get("reason"),
        snapshots=main.snapshots,
        segments=main.segments,
        ticks=end.get("ticks"),
        missed=end.get("missed"),
        damaged_lines=notes.counts[DAMAGED],
        samples=counts,
        observer=observer(end),
        annotations=[
            Annotation(
                kind=event.kind,
                start=moment(event.start),
                end=None if event.end is None else moment(event.end),
                text=event.text,
            )
            for event in events
        ],
        warnings=list(notes.lines()),
    )


def collection_id(host: dict[str, Any]) -> UUID | None:
    """The id its recorder gave the collection, None where there is none or it is no UUID."""
    try:
        return UUID(host["collection"])
    except (KeyError, ValueError, TypeError, AttributeError):
        return None


def observer(end: dict[str, Any]) -> Observer | None:
    """What the collector itself cost, where the end record says so."""
    try:
        return Observer(
            cpu_seconds=end["cpu_seconds"], peak_memory_kib=end["peak_memory_kib"], bytes_written=end["bytes"]
        )
    except KeyError:
        return None
