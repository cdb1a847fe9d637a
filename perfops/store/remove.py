"""Removing a collection: its rows of every kind, what happened to it, and itself."""

from uuid import UUID

from psycopg import sql

from perfops.catalogue import KINDS
from perfops.store.connection import Connection


def remove(connection: Connection, collection: UUID) -> dict[str, int]:
    """Remove a collection within the caller's transaction; returns the rows removed by kind. Its collector stays."""
    rows = {}
    for kind in KINDS:
        query = sql.SQL("DELETE FROM {} WHERE collection_id = %s").format(sql.Identifier(kind.table))
        if count := connection.execute(query, [collection]).rowcount:
            rows[kind.name] = count
    connection.execute("DELETE FROM annotation WHERE collection_id = %s", [collection])
    connection.execute("DELETE FROM collection WHERE id = %s", [collection])
    return rows
