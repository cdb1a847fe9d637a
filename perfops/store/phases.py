"""Phases of a run: written by its name while machines sample, and joined with its collections when they are read."""

from collections.abc import Iterable
from datetime import datetime
from typing import LiteralString, NamedTuple

from psycopg import sql

from perfops.store.migrate import Connection

SPANS: LiteralString = """
    SELECT run, timestamp, ended_at, name
      FROM (SELECT run, timestamp, lead(timestamp) OVER (PARTITION BY run ORDER BY timestamp) AS ended_at, name
              FROM {phase}) AS marked
     WHERE name IS NOT NULL"""
OF_COLLECTIONS: LiteralString = """
    SELECT collection.id AS collection_id, greatest(span.timestamp, collection.started_at) AS timestamp,
           'phase' AS kind, least(span.ended_at, collection.ended_at) AS ended_at, span.name AS text
      FROM {collection} AS collection JOIN ({spans}) AS span ON span.run = collection.run
     WHERE span.timestamp < collection.ended_at AND (span.ended_at IS NULL OR span.ended_at > collection.started_at)"""

HAPPENED: LiteralString = """
    SELECT collection_id, timestamp, kind, ended_at, text FROM {annotation} UNION ALL {phases}"""


class Phase(NamedTuple):
    """A phase; `end` is None while it lasts."""

    start: datetime
    end: datetime | None
    name: str


class Mark(NamedTuple):
    """From a moment on a phase lasts, or, without a name, none."""

    moment: datetime
    name: str | None


def of_collections(collection: sql.Identifier, phase: sql.Identifier) -> sql.Composed:
    """A query for the phases of all collections as annotations, cut to the time of each; given the names of the tables.

    A phase that nobody ended lasts to the end of its collection.
    """
    return sql.SQL(OF_COLLECTIONS).format(collection=collection, spans=spans(phase))


def happened(annotation: sql.Identifier, collection: sql.Identifier, phase: sql.Identifier) -> sql.Composed:
    """A query for all that happened to collections, phases among it; given the names of the tables."""
    return sql.SQL(HAPPENED).format(annotation=annotation, phases=of_collections(collection, phase))


def spans(phase: sql.Identifier) -> sql.Composed:
    """A query for the phases of all runs, given the name of their table."""
    return sql.SQL(SPANS).format(phase=phase)


def write_marks(connection: Connection, run: str, marks: Iterable[Mark]) -> None:
    """Write where phases of a run begin and end; at a moment that is there already the later word counts."""
    query = """
        INSERT INTO phase (run, timestamp, name) VALUES (%s, %s, %s)
        ON CONFLICT (run, timestamp) DO UPDATE SET name = excluded.name"""
    connection.cursor().executemany(query, [(run, *mark) for mark in marks])


def find_phases(connection: Connection, run: str) -> list[Phase]:
    """The phases of a run in the order of time."""
    query = sql.SQL("SELECT timestamp, ended_at, name FROM ({}) AS span WHERE run = %s ORDER BY timestamp")
    return [Phase(*row) for row in connection.execute(query.format(spans(sql.Identifier("phase"))), [run])]


def clear_phases(connection: Connection, run: str) -> int:
    """Remove all phases of a run; returns how many begins and ends they were."""
    return connection.execute("DELETE FROM phase WHERE run = %s", [run]).rowcount
