"""Two summaries of one collection: what the second recording adds to the first."""

from collections.abc import Iterable
from datetime import datetime
from operator import attrgetter
from typing import Literal, NamedTuple

from perfops.errors import BadInputError
from perfops.outputs.summary import Annotation, Start, Summary
from perfops.store.gaps import ENDED, missed_in

HOLE = "no recording of this time is loaded"


class Break(NamedTuple):
    """The time between two recordings, and why it has no ticks."""

    start: datetime
    end: datetime
    reason: str


def merge(known: Summary, later: Summary) -> Summary:
    """The summary after `later` is loaded on top of `known`.

    Of two recordings of which one covers the other the longer one counts, with the samples of both kinds. Two that do
    not touch are added up, with a gap between them where ticks are missing; a third one may fill it. Where the first
    has an end record, nothing was due there. BadInputError where they overlap in part: their counts cannot be told
    apart then.
    """
    for note in known.annotations:
        if (reason := reason_of(note)) and note.end and note.start < later.start and later.end < note.end:
            rest = [each for each in known.annotations if each != note]
            missed = None if known.missed is None else known.missed - missed_in(note)
            whole = known.model_copy(update={"annotations": rest, "missed": missed})
            after = Break(later.end, note.end, ENDED if later.complete else HOLE)
            return add(whole, later, Break(note.start, later.start, reason), after)
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
            " (process the parts together and load that)"
        )
    return add(first, second, Break(first.end, second.start, ENDED if first.complete else HOLE))


def add(known: Summary, later: Summary, *breaks: Break) -> Summary:
    """Two recordings of different times as one; `breaks` are the times between them."""
    last = max(known, later, key=attrgetter("end"))
    annotations = [*known.annotations, *later.annotations]
    gaps = list(gaps_in(breaks, last.frequency, annotations))
    missed = total(known, later, "missed")
    return last.model_copy(
        update={
            "start": min(known.start, later.start),
            "host": last.host or known.host or later.host,
            "snapshots": known.snapshots + later.snapshots,
            "segments": known.segments + later.segments,
            "ticks": total(known, later, "ticks"),
            "missed": None if missed is None else missed + sum(map(missed_in, gaps)),
            "damaged_lines": known.damaged_lines + later.damaged_lines,
            "samples": {
                kind: known.samples.get(kind, 0) + later.samples.get(kind, 0)
                for kind in {**known.samples, **later.samples}
            },
            "starts": joined([*known.starts, *later.starts]),
            "annotations": [*annotations, *gaps],
            "warnings": [*known.warnings, *later.warnings],
        }
    )


def gaps_in(breaks: Iterable[Break], frequency: float, known: list[Annotation]) -> Iterable[Annotation]:
    """A gap for each break that lacks ticks, but where the recorder has declared one itself."""
    for start, end, reason in breaks:
        told = any(note.kind == "gap" and note.end and note.start < end and start < note.end for note in known)
        ticks = round((end - start).total_seconds() / frequency) - 1 if frequency > 0 else 0
        if ticks > 0 and not told:
            yield Annotation(kind="gap", start=start, end=end, text=f"{ticks} ticks missed: {reason}")


def reason_of(note: Annotation) -> str | None:
    """Why a gap between two recordings has no ticks; None of one that the recorder has declared."""
    return next((reason for reason in (HOLE, ENDED) if note.kind == "gap" and note.text.endswith(reason)), None)


def total(known: Summary, later: Summary, field: Literal["ticks", "missed"]) -> int | None:
    """The sum; what an end record says of a start that both are parts of counts once. None where one is unknown."""
    both: list[int | None] = [getattr(known, field), getattr(later, field)]
    for key in {start.key for start in known.starts} & {start.key for start in later.starts}:
        endings = [each.ending for each in (*known.starts, *later.starts) if each.key == key and each.ending]
        if len(endings) == 1:
            both += [getattr(endings[0], field), *(less(of_start(each, key, field)) for each in (known, later))]
    return None if None in both else sum(filter(None, both))


def of_start(summary: Summary, key: str, field: Literal["ticks", "missed"]) -> int | None:
    """How much of a summary's count is that of one start; None where that is unknown."""
    own = next(start for start in summary.starts if start.key == key)
    if own.ending:
        found: int | None = getattr(own.ending, field)
        return found
    parts = [each.ending and getattr(each.ending, field) for each in summary.starts if each.key != key]
    return None if None in parts else (getattr(summary, field) or 0) - sum(filter(None, parts))


def less(count: int | None) -> int | None:
    """A count to be taken off."""
    return None if count is None else -count


def joined(starts: list[Start]) -> list[Start]:
    """The starts in the order of their first ticks, each once: with the ending that one of its parts has.

    Those that say nothing to tell them by are two where both have ended.
    """
    found: dict[str, Start] = {}
    for start in starts:
        known = found.get(start.key)
        if known is None:
            found[start.key] = start
        elif known.ending and start.ending:
            found[f"{start.key}/{start.first}"] = start
        else:
            firsts = [each.first for each in (known, start) if each.first]
            found[start.key] = Start(
                key=start.key, first=min(firsts, default=None), ending=known.ending or start.ending
            )
    return sorted(found.values(), key=lambda start: (start.first is None, start.first))


def richness(summary: Summary) -> tuple[bool, bool, int, int]:
    """What says more of two recordings of the same span; one whose counts contradict each other says less."""
    consistent = summary.ticks in (None, summary.snapshots)
    return consistent, summary.complete, summary.snapshots, sum(summary.samples.values())


def larger(known: Summary, later: Summary) -> dict[str, int]:
    """Rows of each kind, where one recording holds the other's."""
    return {
        kind: max(known.samples.get(kind, 0), later.samples.get(kind, 0)) for kind in {**known.samples, **later.samples}
    }


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
