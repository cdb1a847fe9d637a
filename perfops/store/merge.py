"""Two summaries of one collection: what the second recording adds to the first."""

from typing import TYPE_CHECKING

from perfops.errors import BadInputError
from perfops.outputs.summary import Annotation, Summary

if TYPE_CHECKING:
    from datetime import datetime

TOGETHER = "process the parts together and load that"


def merge(known: Summary, later: Summary) -> Summary:
    """The summary after `later` is loaded on top of `known`.

    Of two recordings of which one covers the other the longer one counts, with the samples of both kinds; two that do
    not touch are added up. BadInputError where their counts cannot be told apart, or where something between them is
    not here.
    """
    if known.start <= later.start and later.end <= known.end:
        same_span = (known.start, known.end) == (later.start, later.end)
        longer = later if same_span and richness(later) > richness(known) else known
        return longer.model_copy(update={"samples": larger(known, later)})
    if later.start <= known.start and known.end <= later.end:
        return later.model_copy(update={"samples": larger(known, later)})
    first, second = (known, later) if known.end < later.start else (later, known)
    if first.end >= second.start:
        raise BadInputError(
            f"this part from {later.start} to {later.end} overlaps what is loaded, {known.start} to {known.end}"
            f" ({TOGETHER})"
        )
    if not follows(first, second):
        raise BadInputError(
            f"what is between {first.end} and {second.start} is neither here nor declared to be missing ({TOGETHER})"
        )
    return second.model_copy(
        update={
            "start": first.start,
            "host": second.host or first.host,
            "snapshots": first.snapshots + second.snapshots,
            "segments": first.segments + second.segments,
            "ticks": total(first.ticks, second.ticks),
            "missed": total(first.missed, second.missed),
            "damaged_lines": first.damaged_lines + second.damaged_lines,
            "samples": {
                kind: first.samples.get(kind, 0) + second.samples.get(kind, 0)
                for kind in {**first.samples, **second.samples}
            },
            "starts": [*first.starts, *second.starts],
            "annotations": [*first.annotations, *second.annotations],
            "warnings": [*first.warnings, *second.warnings],
        }
    )


def follows(first: Summary, second: Summary) -> bool:
    """Whether nothing was sampled between two recordings: the first has ended, or the second declares the gap.

    Two files of one start do not: each begins with the last tick of the one before, so there is one between them.
    """
    open_ended = {start.key for start in first.starts if start.ending is None}
    if open_ended & {start.key for start in second.starts}:
        return False
    if first.complete:
        return True
    slack = 1.5 * second.frequency
    return any(
        note.kind == "gap"
        and note.end is not None
        and (note.start - first.end).total_seconds() <= slack
        and (second.start - note.end).total_seconds() <= slack
        for note in second.annotations
    )


def richness(summary: Summary) -> tuple[bool, bool, int, int]:
    """What says more of two recordings of the same span; one whose counts contradict each other says less."""
    consistent = summary.ticks in (None, summary.snapshots)
    return consistent, summary.complete, summary.snapshots, sum(summary.samples.values())


def larger(known: Summary, later: Summary) -> dict[str, int]:
    """Rows of each kind, where one recording holds the other's."""
    return {
        kind: max(known.samples.get(kind, 0), later.samples.get(kind, 0)) for kind in {**known.samples, **later.samples}
    }


def total(first: int | None, second: int | None) -> int | None:
    """The sum, unknown where one is."""
    return None if first is None or second is None else first + second


def distinct(annotations: list[Annotation]) -> list[Annotation]:
    """Annotations with one of a kind at a time, which is their key: the texts of several are joined, in their order."""
    found: dict[tuple[str, datetime], Annotation] = {}
    for annotation in annotations:
        key = (annotation.kind, annotation.start)
        if (known := found.get(key)) is None:
            found[key] = annotation
            continue
        texts, more = set(known.text.split("; ")), set(annotation.text.split("; "))
        ends = [end for end in (known.end, annotation.end) if end is not None]
        text = known.text if more <= texts else "; ".join(sorted(texts | more))
        found[key] = known.model_copy(update={"text": text, "end": max(ends, default=None)})
    return list(found.values())
