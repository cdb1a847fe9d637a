"""Group commit: all batches that wait are written in one transaction, and one that is refused fails alone.

Their rows go straight into the tables, a COPY a kind for all of them: that is fast, and fails as a whole where a row is
there already or the server refuses one. Then each batch goes by itself by way of temporary tables, which leave out what
is there. Rows of collections that are known need one short statement a batch.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from psycopg import errors, sql

from perfops.catalogue import CONTAINER, HOST, KINDS, Kind
from perfops.errors import BadInputError, PerfopsError
from perfops.outputs.lines import encoded
from perfops.outputs.summary import Annotation, Summary
from perfops.store.collectors import find_collector
from perfops.store.connection import Connection
from perfops.store.copying import texts
from perfops.store.streams import Owner, Piece, annotate, recount, register, store

KNOWN = 20_000  # collections remembered
CHUNK = 1 << 20  # characters of rows that are handed to COPY at once
TOUCH = """
    UPDATE collection SET started_at = least(started_at, %s), ended_at = greatest(ended_at, %s), loaded_at = %s,
           summary = jsonb_set(summary, '{samples,host}',
                               to_jsonb(coalesce((summary #>> '{samples,host}')::bigint, 0) + %s))
     WHERE id = %s RETURNING summary -> 'starts', complete"""
CORRECT = """
    UPDATE collection SET summary = jsonb_set(summary, '{samples,host}',
           to_jsonb(greatest(coalesce((summary #>> '{samples,host}')::bigint, 0) + %s, 0)))
     WHERE id = %s"""


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch as it goes into the tables: lines of COPY by kind, with the collection's id in front."""

    piece: Piece
    rows: dict[str, list[str]]
    annotations: list[Annotation]


class Stored(NamedTuple):
    """A batch that is committed: its new rows by kind."""

    rows: dict[str, int]


Outcome = Stored | PerfopsError


@dataclass
class Memory:
    """What was seen of collections: whose each is, and the first tick of each start. It saves asking, nothing else."""

    collections: dict[UUID, tuple[Owner, dict[str, datetime]]] = field(default_factory=dict)

    def knows(self, piece: Piece) -> bool:
        """Whether a piece says nothing new about its collection but the time of its ticks."""
        owner, firsts = self.collections.get(piece.collection, (None, {}))
        return (
            owner == piece.owner
            and not piece.tells
            and all(
                start.ending is None and (start.first is None or firsts.get(start.key, LAST) <= start.first)
                for start in piece.starts
            )
        )

    def learn(self, piece: Piece, starts: Iterable[tuple[str, datetime | None]]) -> None:
        """Remember what is in the collection's row now."""
        if len(self.collections) >= KNOWN:
            del self.collections[next(iter(self.collections))]
        self.collections[piece.collection] = (piece.owner, {key: first for key, first in starts if first})


LAST = datetime.max.replace(tzinfo=UTC)


def write_batches(connection: Connection, batches: Sequence[Batch], memory: Memory) -> list[Outcome]:
    """Write all batches in one transaction; what became of each, in their order.

    psycopg's OperationalError, but for what a batch is to blame for, is the caller's: then nothing is known to be
    stored, and the same again is safe.
    """
    outcomes: dict[int, Outcome] = {}
    counted: Counter[int] = Counter()
    learnt: list[tuple[Piece, list[tuple[str, datetime | None]]]] = []
    with connection.transaction():
        closed = enter(connection, batches, memory, outcomes, learnt, counted)
        good = [number for number in range(len(batches)) if number not in outcomes]
        try:
            with connection.transaction():
                copy_rows(connection, [batches[number] for number in good])
        except psycopg.Error as error:
            if not to_blame(error) and not isinstance(error, errors.InternalError_):  # Citus' word for a known key
                raise
            for number in good:
                outcomes[number] = add_batch(connection, batches[number])
        else:
            outcomes |= {number: Stored(counts(batches[number])) for number in good}
        stored = [number for number in good if isinstance(outcomes[number], Stored)]
        correct(connection, batches, outcomes, counted)
        annotate(connection, [(batches[n].piece.collection, each) for n in stored for each in batches[n].annotations])
        for collection in sorted({batches[number].piece.collection for number in stored} & closed):
            close(connection, collection)
    for piece, starts in learnt:
        memory.learn(piece, starts)
    return [outcomes[number] for number in range(len(batches))]


def to_blame(error: psycopg.Error) -> bool:
    """Whether it is about the rows that were given, not about the server's state, its rights or the way to it."""
    return isinstance(error, (psycopg.DataError, psycopg.IntegrityError, errors.ProgramLimitExceeded))


def enter(
    connection: Connection,
    batches: Sequence[Batch],
    memory: Memory,
    outcomes: dict[int, Outcome],
    learnt: list[tuple[Piece, list[tuple[str, datetime | None]]]],
    counted: Counter[int],
) -> set[UUID]:
    """Bring the rows of the collections up to the batches; those whose books are closed already, to be closed anew.

    Rows of the host are counted as if all were new; how many by batch is added to `counted`.

    In the order of their ids, so that two receivers never wait for each other.
    """
    now = datetime.now(UTC)
    closed: set[UUID] = set()
    order = sorted(range(len(batches)), key=lambda number: batches[number].piece.collection)
    known: list[int] = []
    new: list[int] = []
    for number in order:
        (known if memory.knows(batches[number].piece) else new).append(number)
    if known:
        cursor = connection.cursor()
        pieces = [batches[number].piece for number in known]
        cursor.executemany(
            TOUCH, [(piece.first, piece.last, now, piece.rows, piece.collection) for piece in pieces], returning=True
        )
        for number, piece in zip(known, pieces, strict=True):
            row = cursor.fetchone()
            counted[number] += piece.rows if row else 0
            if row is None or not covers(row[0], piece):  # removed meanwhile, or that and made anew
                new.append(number)
            elif row[1]:
                closed.add(piece.collection)
            cursor.nextset()
    pieces = [batches[number].piece for number in new]
    for number, piece, summary in zip(new, pieces, registered(connection, pieces, now), strict=True):
        if isinstance(summary, PerfopsError):
            outcomes[number] = summary
            continue
        counted[number] += piece.rows
        learnt.append((piece, [(start.key, start.first) for start in summary.starts]))
        if summary.complete or any(start.ending for start in summary.starts):
            closed.add(piece.collection)
    return closed


def registered(connection: Connection, pieces: Sequence[Piece], now: datetime) -> list[Summary | PerfopsError]:
    """The summaries of collections that are not remembered, with a piece more; or why that is refused.

    They are tried all at once: when a run begins, all its machines come at once, and a savepoint each costs a third of
    it. Where one is refused, each goes by itself.
    """
    if not pieces:
        return []
    try:
        with connection.transaction():
            return [register(connection, piece, find_collector(connection, *piece.owner), now) for piece in pieces]
    except (BadInputError, psycopg.Error) as error:
        if isinstance(error, psycopg.Error) and not to_blame(error):
            raise
        if len(pieces) == 1:
            return [error if isinstance(error, BadInputError) else refused(error)]
    return [each for piece in pieces for each in registered(connection, [piece], now)]


def correct(
    connection: Connection, batches: Sequence[Batch], outcomes: dict[int, Outcome], counted: Counter[int]
) -> None:
    """Take out of the collections' counts what turned out not to be new, or was refused."""
    wrong: Counter[UUID] = Counter()
    for number, outcome in outcomes.items():
        added = outcome.rows.get(HOST.name, 0) if isinstance(outcome, Stored) else 0
        wrong[batches[number].piece.collection] += added - counted[number]
    values = [(count, collection) for collection, count in sorted(wrong.items()) if count]
    if values:
        connection.cursor().executemany(CORRECT, values)


def covers(starts: list[dict[str, Any]], piece: Piece) -> bool:
    """Whether the starts in a collection's row are those of a piece, from the same ticks on or from earlier ones."""
    firsts = {start["key"]: start["first"] for start in starts}
    return all(
        (first := firsts.get(start.key)) is not None
        and (start.first is None or datetime.fromisoformat(first) <= start.first)
        for start in piece.starts
    )


def close(connection: Connection, collection: UUID) -> None:
    """Make the books of a collection anew."""
    query = "SELECT started_at, ended_at, summary, loaded_at FROM collection WHERE id = %s"
    if row := connection.execute(query, [collection]).fetchone():
        summary = Summary.model_validate(row[2]).model_copy(update={"start": row[0], "end": row[1]})
        store(connection, collection, recount(connection, collection, summary), row[3])


def copy_rows(connection: Connection, batches: Sequence[Batch]) -> None:
    """Copy the rows of several batches straight into the tables."""
    for kind in KINDS:
        lines = [line for batch in batches for line in batch.rows.get(kind.name, ())]
        if lines:
            copy(connection, kind, kind.table, lines)


def copy(connection: Connection, kind: Kind, table: str, lines: list[str]) -> None:
    """Copy lines into a table with the kind's columns."""
    names = sql.SQL(", ").join(map(sql.Identifier, ("collection_id", *kind.columns)))
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv{})").format(sql.Identifier(table), names, texts(kind))
    with connection.cursor().copy(statement) as copying:
        copying.write(encoded(lines))


def add_batch(connection: Connection, batch: Batch) -> Outcome:
    """Add the rows of one batch that are not there yet, by way of temporary tables; or why the server refuses it."""
    added = {}
    try:
        with connection.transaction():
            for kind in KINDS:
                if lines := batch.rows.get(kind.name):
                    stage = make_stage(connection, kind)
                    copy(connection, kind, stage, lines)
                    added[kind.name] = insert_from(connection, kind, stage)
                    connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(stage)))
    except psycopg.Error as error:
        if not to_blame(error):
            raise
        return refused(error)
    return Stored({name: count for name, count in added.items() if count})


def make_stage(connection: Connection, kind: Kind) -> str:
    """The temporary table of a kind, made once a connection."""
    name = f"new_{kind.table}"
    query = sql.SQL("CREATE TEMPORARY TABLE IF NOT EXISTS {} (LIKE {}) ON COMMIT DELETE ROWS")
    connection.execute("SET LOCAL client_min_messages = warning")
    connection.execute(query.format(sql.Identifier(name), sql.Identifier(kind.table)))
    return name


def insert_from(connection: Connection, kind: Kind, stage: str) -> int:
    """Add the rows of a temporary table that are not there yet; returns how many they were.

    A container's first row of a piece has no rates where the piece before it is not at hand: those are filled in.
    """
    table = sql.Identifier(kind.table)
    columns = sql.SQL(", ").join(map(sql.Identifier, ("collection_id", *kind.columns)))
    query = sql.SQL("INSERT INTO {} AS known ({}) SELECT {} FROM {} ON CONFLICT {} RETURNING {}")
    source: sql.Composable
    conflict: sql.Composable
    if kind is CONTAINER:
        keys = sql.SQL(", ").join(map(sql.Identifier, ("collection_id", "timestamp", *(key.name for key in kind.keys))))
        metrics = [sql.Identifier(metric.name) for metric in kind.metrics]
        filled = sql.SQL(", ").join(sql.SQL("{0} = coalesce(known.{0}, excluded.{0})").format(name) for name in metrics)
        missing = sql.SQL(" OR ").join(
            sql.SQL("known.{0} IS NULL AND excluded.{0} IS NOT NULL").format(name) for name in metrics
        )
        conflict = sql.SQL("({}) DO UPDATE SET {} WHERE {}").format(keys, filled, missing)
        # one key twice in one batch would be touched twice
        source = sql.SQL("(SELECT DISTINCT ON ({}) * FROM {}) AS staged").format(keys, sql.Identifier(stage))
        is_new = sql.SQL("known.xmax = 0")
    else:
        source, conflict, is_new = sql.Identifier(stage), sql.SQL("DO NOTHING"), sql.SQL("true")
    rows = connection.execute(query.format(table, columns, columns, source, conflict, is_new)).fetchall()
    return sum(row[0] for row in rows)


def counts(batch: Batch) -> dict[str, int]:
    """Rows of a batch by kind."""
    return {name: len(lines) for name, lines in batch.rows.items() if lines}


def refused(error: psycopg.Error) -> BadInputError:
    """Why the server refuses a batch, in one line."""
    text = " ".join((error.diag.message_primary or str(error)).split())
    return BadInputError(f"the database refuses the batch: {text[:200]}")
