"""Loading: one collection in one transaction, collector first, all of it or nothing."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import LiteralString
from uuid import UUID

from psycopg import sql
from psycopg.types.json import Jsonb

from perfops.catalogue import KINDS, Kind
from perfops.errors import BadInputError
from perfops.outputs.summary import Summary
from perfops.store.collectors import find_collector
from perfops.store.connection import Connection
from perfops.store.copying import copy_file
from perfops.store.merge import TOGETHER, merge
from perfops.store.sources import Source
from perfops.store.streams import MODE, Owner, Piece, annotate, recount, register, store

RECORDED = ("gap", "reboot", "clock", "cut")  # annotations that come from a summary


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load did: `new` says whether the collection was not there before, `rows` counts new rows by kind.

    `moved_from` is the run that a known collection belonged to before, where it is another one now. `beside` counts the
    other collections of the machine in the run of a new one.
    """

    collection: UUID
    collector: str
    site: str
    new: bool
    rows: dict[str, int]
    moved_from: str | None = None
    beside: int = 0


def load(
    connection: Connection,
    source: Source,
    *,
    collector: str | None = None,
    site: str = "default",
    labels: Mapping[str, str] | None = None,
    run: str | None = None,
    advance: Callable[[int], None] = lambda _: None,
) -> Loaded:
    """Load a source within the caller's transaction; what is there already stays as it is.

    `collector` is the recording's hostname where it is None; `labels` win over those of the recording; `advance` is
    called with the number of bytes of each block. BadInputError for data that cannot be loaded; psycopg's errors are
    the caller's to explain.
    """
    name = collector or source.summary.hostname
    if not name:
        raise BadInputError(f"{source.path} does not say which machine it is of (give --collector-name NAME)")
    identity = source.collection(name, site)
    labels = dict(labels or {})
    if source.summary.mode == MODE:
        return load_piece(connection, source, identity, Owner(name, site), labels, run, advance)
    collector_id = find_collector(connection, name, site)
    if insert_collection(connection, identity, collector_id, source.summary, labels, run):
        annotate(connection, [(identity, note) for note in source.summary.annotations])
        rows = {kind.name: copy_kind(connection, kind, source, identity, advance) for kind in kinds(source)}
        return Loaded(identity, name, site, True, rows, beside=count_beside(connection, collector_id, identity, run))
    before = update_collection(connection, identity, collector_id, source.summary, labels, run)
    rows = {kind.name: add_kind(connection, kind, source, identity, advance) for kind in kinds(source)}
    refuse_between(connection, identity, [kind for kind in kinds(source) if rows[kind.name]])
    return Loaded(identity, name, site, False, rows, before if run not in (None, before) else None)


def load_piece(
    connection: Connection,
    source: Source,
    identity: UUID,
    owner: Owner,
    labels: dict[str, str],
    run: str | None,
    advance: Callable[[int], None],
) -> Loaded:
    """Load what was left behind of a collection that came in pieces: the rows that are missing, and its books anew."""
    summary = source.summary
    known = connection.execute("SELECT 1 FROM collection WHERE id = %s", [identity]).fetchone()
    told = summary.labels | labels
    piece = Piece(
        identity, owner, run or told.get("run"), told, summary.start, summary.end, summary.starts, lambda: summary
    )
    now = datetime.now(UTC)
    whole = register(connection, piece, find_collector(connection, *owner), now)
    rows = {kind.name: add_kind(connection, kind, source, identity, advance) for kind in kinds(source)}
    annotate(connection, [(identity, note) for note in summary.annotations if note.kind != "cut"])
    store(connection, identity, recount(connection, identity, whole), now)
    update = "UPDATE collection SET labels = labels || %s, run = coalesce(%s, run) WHERE id = %s"
    connection.execute(update, [Jsonb(labels), run, identity])
    return Loaded(identity, owner.name, owner.site, known is None, rows)


def count_beside(connection: Connection, collector_id: int, identity: UUID, run: str | None) -> int:
    """The other collections of a machine in a run: the same name used again, or one machine twice."""
    query = "SELECT count(*) FROM collection WHERE run = %s AND collector_id = %s AND id <> %s"
    row = connection.execute(query, [run, collector_id, identity]).fetchone()
    return row[0] if row else 0


def kinds(source: Source) -> list[Kind]:
    """The kinds of sample a source has."""
    return [kind for kind in KINDS if kind.name in source.files]


def insert_collection(
    connection: Connection, identity: UUID, collector_id: int, summary: Summary, labels: dict[str, str], run: str | None
) -> bool:
    """Insert the collection's row; False where it is there. Another load of it, still running, is waited for."""
    query = """
        INSERT INTO collection (id, collector_id, run, mode, started_at, ended_at, frequency, complete, labels, summary)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (id) DO NOTHING RETURNING id"""
    values = [identity, collector_id, run, summary.mode, *facts(summary), Jsonb(summary.labels | labels), told(summary)]
    return connection.execute(query, values).fetchone() is not None


def update_collection(
    connection: Connection, identity: UUID, collector_id: int, summary: Summary, labels: dict[str, str], run: str | None
) -> str | None:
    """Bring the row of a known collection up to what a longer recording says, and to labels and run when given.

    Returns the run it was of before.
    """
    row = connection.execute(
        "SELECT collector_id, summary, labels, run FROM collection WHERE id = %s FOR UPDATE", [identity]
    ).fetchone()
    if row is None:
        raise BadInputError(f"the collection {identity} was removed while it was looked up (load again)")
    if row[0] != collector_id:
        found = connection.execute("SELECT name, site FROM collector WHERE id = %s", [row[0]]).fetchone()
        name, site = found or ("unknown", "unknown")
        raise BadInputError(
            f"the collection {identity} is loaded already, of the collector {name!r} in site {site!r}"
            f" (give --collector-name {name!r} --site-name {site!r})"
        )
    known = Summary.model_validate(row[1])
    before: str | None = row[3]
    merged = merge(known, summary)
    new_labels = merged.labels | row[2] | labels
    if (merged, new_labels, run or before) == (known, row[2], before):
        return before
    query = """
        UPDATE collection SET run = %s, started_at = %s, ended_at = %s, frequency = %s, complete = %s, labels = %s,
        summary = %s WHERE id = %s"""
    values = [run or before, *facts(merged), Jsonb(new_labels), told(merged), identity]
    connection.execute(query, values)
    if merged.annotations != known.annotations:
        query = "DELETE FROM annotation WHERE collection_id = %s AND kind = ANY(%s)"
        connection.execute(query, [identity, list(RECORDED)])
        annotate(connection, [(identity, note) for note in merged.annotations])
    return before


def refuse_between(connection: Connection, identity: UUID, added: Iterable[Kind]) -> None:
    """BadInputError where rows were added that no count knows: of a part from between those that are loaded."""
    query = "SELECT summary -> 'samples', started_at, ended_at FROM collection WHERE id = %s"
    samples, start, end = connection.execute(query, [identity]).fetchone() or ({}, None, None)
    for kind in added:
        counted = sql.SQL("SELECT count(*) FROM {} WHERE collection_id = %s AND timestamp BETWEEN %s AND %s")
        held = connection.execute(counted.format(sql.Identifier(kind.table)), [identity, start, end]).fetchone()
        if held and held[0] > samples.get(kind.name, 0):
            raise BadInputError(f"this part lies between others of {identity} that are loaded ({TOGETHER})")


def facts(summary: Summary) -> list[object]:
    """Columns of the collection that repeat its summary: start, end, frequency, complete."""
    return [summary.start, summary.end, summary.frequency, summary.complete]


def told(summary: Summary) -> Jsonb:
    """The summary as it is stored."""
    return Jsonb(summary.model_dump(mode="json"))


def copy_kind(
    connection: Connection, kind: Kind, source: Source, identity: UUID, advance: Callable[[int], None]
) -> int:
    """Copy the rows of a collection that is new, straight into their table."""
    return copy_file(connection, kind, source.files[kind.name], identity, advance)


def add_kind(connection: Connection, kind: Kind, source: Source, identity: UUID, advance: Callable[[int], None]) -> int:
    """Add the rows that are not there yet, by way of a temporary table; returns how many they were."""
    table, stage = sql.Identifier(kind.table), sql.Identifier(f"new_{kind.table}")
    columns = sql.SQL(", ").join(sql.Identifier(name) for name in ("collection_id", *kind.columns))
    connection.execute(sql.SQL("CREATE TEMPORARY TABLE {} (LIKE {}) ON COMMIT DROP").format(stage, table))
    copy_file(connection, kind, source.files[kind.name], identity, advance, table=f"new_{kind.table}")
    complete_last_rows(connection, kind, f"new_{kind.table}", identity)
    insert = sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {} ON CONFLICT DO NOTHING RETURNING 1")
    added = connection.execute(insert.format(table, columns, columns, stage)).rowcount  # on Citus exact by RETURNING
    connection.execute(sql.SQL("DROP TABLE {}").format(stage))
    return added


def complete_last_rows(connection: Connection, kind: Kind, stage: str, identity: UUID) -> None:
    """Give the last rows that are there the figures they lack: a recording that was cut short may end amid a tick.

    By values of one moment: Citus joins no temporary table, and TimescaleDB would unpack the collection as a whole.
    """
    newest = sql.SQL("SELECT max(timestamp) FROM {} WHERE collection_id = %s").format(sql.Identifier(kind.table))
    row = connection.execute(newest, [identity]).fetchone()
    moment = row[0] if row else None
    keys, metrics = [key.name for key in kind.keys], [metric.name for metric in kind.metrics]
    names = sql.SQL(", ").join(map(sql.Identifier, [*keys, *metrics]))
    query = sql.SQL("SELECT {} FROM {} WHERE collection_id = %s AND timestamp = %s")
    known, later = (
        {
            cells[: len(keys)]: cells[len(keys) :]
            for cells in connection.execute(query.format(names, sql.Identifier(table)), [identity, moment])
        }
        for table in (kind.table, stage)
    )
    for key, figures in known.items():
        found = zip(metrics, figures, later.get(key, figures), strict=True)
        lacking = {name: value for name, figure, value in found if figure is None and value is not None}
        if lacking:
            row_of = equal(["collection_id", "timestamp", *keys], " AND ")
            update = sql.SQL("UPDATE {} SET {} WHERE {}").format(
                sql.Identifier(kind.table), equal(lacking, ", "), row_of
            )
            connection.execute(update, [*lacking.values(), identity, moment, *key])


def equal(names: Iterable[str], between: LiteralString) -> sql.Composed:
    """`name = %s` for each name."""
    return sql.SQL(between).join(sql.SQL("{} = %s").format(sql.Identifier(name)) for name in names)
