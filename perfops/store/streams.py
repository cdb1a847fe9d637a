"""Collections that come in pieces: their row grows with each, and their books are made anew from the tables.

Pieces come in any order, more than once, and by several ways at a time (receivers, files that were left behind). What
the row says must not depend on that. So it is never added up: start and end are the least and the greatest tick, each
start of the recorder is kept with its first tick and its end record, and the counts are those of the tables. Only the
rows of the host are counted as they come, in the transaction that adds them, so that lists need not look there.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from psycopg import sql
from psycopg.types.json import Jsonb

from perfops.catalogue import HOST, KINDS
from perfops.errors import BadInputError
from perfops.outputs.summary import Annotation, Observer, Start, Summary
from perfops.store.connection import Connection
from perfops.store.gaps import missed_in, unsent
from perfops.store.merge import distinct

MODE = "trickle"
KEPT = sql.Identifier("annotation")
CLOCK_WENT_BACK = "timestamps went back"  # begins a segment, as a reboot does


class OtherCollectorError(BadInputError):
    """A collection is another collector's."""


class Owner(NamedTuple):
    """Whose a collection is."""

    name: str
    site: str


@dataclass(frozen=True, slots=True)
class Piece:
    """What a piece says about its collection as a whole.

    `describe` gives a summary for a collection that is new; `tells` says whether it has facts of the machine that other
    pieces have not, as the first of a start has those of its processors. `rows` are those of the host that come with
    it, 0 where the books are made anew with it.
    """

    collection: UUID
    owner: Owner
    run: str | None
    labels: dict[str, str]
    first: datetime
    last: datetime
    starts: list[Start]
    describe: Callable[[], Summary]
    tells: bool = True
    rows: int = 0


def register(connection: Connection, piece: Piece, collector_id: int, now: datetime) -> Summary:
    """Bring the collection's row up to a piece, made where there is none; returns its summary, and keeps it locked.

    OtherCollectorError where the collection is another collector's.
    """
    known = locked(connection, piece, collector_id)
    told = piece.describe()
    if known is None:
        known = told.model_copy(update={"starts": [], "complete": False, "samples": {}})
        fresh = grown(known, piece, told)
        if insert(connection, piece, collector_id, fresh, now):
            return fresh
        known = locked(connection, piece, collector_id) or known  # another receiver was faster
    summary = grown(known, piece, told)
    store(connection, piece.collection, summary, now)
    return summary


def grown(known: Summary, piece: Piece, told: Summary) -> Summary:
    """The summary with a piece more, as `told` by it; of what several starts say, that of the first counts."""
    return known.model_copy(
        update={
            "mode": MODE,
            "start": min(known.start, piece.first),
            "end": max(known.end, piece.last),
            "host": told.host | known.host if known.start <= piece.first else known.host | told.host,
            "starts": merged(known.starts, piece.starts),
            "samples": known.samples | {HOST.name: known.samples.get(HOST.name, 0) + piece.rows},
        }
    )


def insert(connection: Connection, piece: Piece, collector_id: int, summary: Summary, now: datetime) -> bool:
    """Make the row of a collection; whether there was none."""
    query = """
        INSERT INTO collection
            (id, collector_id, run, mode, started_at, ended_at, frequency, complete, labels, summary, loaded_at)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (id) DO NOTHING RETURNING id"""
    facts = [summary.mode, summary.start, summary.end, summary.frequency, summary.complete]
    row = Jsonb(summary.model_dump(mode="json"))
    values = [piece.collection, collector_id, piece.run, *facts, Jsonb(piece.labels), row, now]
    return connection.execute(query, values).fetchone() is not None


def locked(connection: Connection, piece: Piece, collector_id: int) -> Summary | None:
    """The summary of a collection, locked until the transaction ends; None where it is not there."""
    query = "SELECT collector_id, started_at, ended_at, summary FROM collection WHERE id = %s FOR UPDATE"
    row = connection.execute(query, [piece.collection]).fetchone()
    if row is None:
        return None
    if row[0] != collector_id:
        raise OtherCollectorError(
            f"the collection {piece.collection} is not of the collector {piece.owner.name!r} in site"
            f" {piece.owner.site!r} (is its identifier, or its label site, another one now?)"
        )
    return Summary.model_validate(row[3]).model_copy(update={"start": row[1], "end": row[2]})


def merged(known: list[Start], more: Iterable[Start]) -> list[Start]:
    """The starts of a recorder, each once, in the order of time."""
    found = {start.key: start for start in known}
    for start in more:
        other = found.get(start.key, start)
        times = [time for time in (start.first, other.first) if time is not None]
        update = {"first": min(times, default=None), "ending": other.ending or start.ending}
        found[start.key] = start.model_copy(update=update)
    return sorted(found.values(), key=lambda start: (start.first is None, start.first, start.key))


def store(connection: Connection, collection: UUID, summary: Summary, now: datetime) -> None:
    """Write what a collection is as a whole."""
    query = """
        UPDATE collection SET mode = %s, started_at = %s, ended_at = %s, frequency = %s, complete = %s, summary = %s,
        loaded_at = %s WHERE id = %s"""
    facts = [summary.mode, summary.start, summary.end, summary.frequency, summary.complete]
    connection.execute(query, [*facts, Jsonb(summary.model_dump(mode="json")), now, collection])


def annotate(connection: Connection, rows: list[tuple[UUID, Annotation]]) -> None:
    """Write what happened; of what comes again at one moment the texts stand together, each once and in order.

    The caller holds the rows of the collections, so nobody else writes what is read here; put together by the server
    it would take a subquery in an INSERT, which Citus refuses.
    """
    query = """
        INSERT INTO annotation (collection_id, timestamp, kind, ended_at, text) VALUES (%s, %s, %s, %s, %s)
        ON CONFLICT (collection_id, timestamp, kind) DO UPDATE SET ended_at = excluded.ended_at, text = excluded.text"""
    by_collection: dict[UUID, list[Annotation]] = {}
    for collection, annotation in rows:
        by_collection.setdefault(collection, []).append(annotation)
    values = []
    for collection, annotations in by_collection.items():
        known = {(note.kind, note.start): note for note in kept_annotations(connection, collection)}
        values += [
            (collection, found.start, found.kind, found.end, found.text)
            for found in distinct([*known.values(), *annotations])
            if known.get((found.kind, found.start)) != found
        ]
    if values:
        connection.cursor().executemany(query, values)


def kept_annotations(connection: Connection, collection: UUID, source: sql.Composable = KEPT) -> tuple[Annotation, ...]:
    """What is kept of what happened to a collection, in its order; phases are with its run, and in another source."""
    query = sql.SQL("""
        SELECT kind, timestamp, ended_at, text FROM {} WHERE collection_id = %s ORDER BY timestamp, kind""")
    return tuple(
        Annotation(kind=kind, start=start, end=end, text=text)
        for kind, start, end, text in connection.execute(query.format(source), [collection])
    )


def recount(connection: Connection, collection: UUID, summary: Summary) -> Summary:
    """The summary with its counts made anew from the tables, and from the end records it keeps."""
    notes = list(kept_annotations(connection, collection))
    samples = {kind.name: count for kind in KINDS if (count := rows_of(connection, kind.table, collection))}
    rows, segments = samples.get(HOST.name, 0), segments_in(notes)
    spans = list(zip(summary.starts, [*summary.starts[1:], None], strict=True))
    cut = [(start, later) for start, later in spans if start.ending is None]
    whole = [start.ending for start in summary.starts if start.ending]
    seen = sum(seen_in(connection, collection, notes, *span, is_first=span == spans[0]) for span in cut)
    # A gap at a start is that start's: its recorder found that ticks were missing.
    gaps = sum(missed_in(note) for note in notes for span in cut if within(note.end or note.start, *span))
    last = summary.starts[-1].ending if summary.starts else None
    return summary.model_copy(
        update={
            "complete": last is not None,
            "end_reason": last.reason if last else None,
            "snapshots": rows + segments if rows else 0,
            "segments": segments if rows else 0,
            "ticks": sum(ending.ticks or 0 for ending in whole) + seen,
            "missed": sum(ending.missed or 0 for ending in whole) + gaps,
            "samples": samples,
            "observer": observers([ending.observer for ending in whole if ending.observer]),
            "annotations": notes,
        }
    )


def rows_of(connection: Connection, table: str, collection: UUID) -> int:
    """Rows of a table that are of a collection."""
    query = sql.SQL("SELECT count(*) FROM {} WHERE collection_id = %s").format(sql.Identifier(table))
    row = connection.execute(query, [collection]).fetchone()
    return int(row[0]) if row else 0


def segments_in(notes: Iterable[Annotation]) -> int:
    """Pieces of time without a break in them: one more than there are breaks."""
    return 1 + sum(
        note.kind == "reboot" or (note.kind == "clock" and note.text.startswith(CLOCK_WENT_BACK)) for note in notes
    )


def within(moment: datetime, start: Start, later: Start | None) -> bool:
    """Whether a moment is of a start of the recorder and not of the next."""
    if start.first is None or moment < start.first:
        return False
    return later is None or later.first is None or moment < later.first


def seen_in(
    connection: Connection,
    collection: UUID,
    notes: list[Annotation],
    start: Start,
    later: Start | None,
    *,
    is_first: bool,
) -> int:
    """Ticks of a start that was killed, which nobody counted: what is here of it, and what it declared as lost."""
    if start.first is None:
        return 0
    query = """
        SELECT count(*) FROM host_sample
         WHERE collection_id = %s AND timestamp >= %s AND (%s::timestamptz IS NULL OR timestamp < %s)"""
    until = later.first if later else None
    row = connection.execute(query, [collection, start.first, until, until]).fetchone()
    inside = [note for note in notes if within(note.start, start, later)]
    begun = segments_in(inside) - 1 + is_first
    return (row[0] if row else 0) + begun + sum(unsent(connection, collection, note) for note in inside)


def observers(found: list[Observer]) -> Observer | None:
    """What the recorder cost in all its starts; the bytes are those of the last."""
    if not found:
        return None
    return Observer(
        cpu_seconds=sum(each.cpu_seconds for each in found),
        peak_memory_kib=max(each.peak_memory_kib for each in found),
        bytes_written=found[-1].bytes_written,
    )
