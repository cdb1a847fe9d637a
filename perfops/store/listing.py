"""What is loaded: collections by collector, site, run and labels, the newest first."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from psycopg import sql
from psycopg.types.json import Jsonb

from perfops.store.connection import Connection
from perfops.store.states import STATE

QUERY = sql.SQL("""
    SELECT collection.id, collector.name, collector.site, collection.run, collection.mode, collection.started_at,
           collection.ended_at, collection.frequency, collection.complete, collection.labels,
           (summary ->> 'snapshots')::bigint, summary -> 'samples', (summary ->> 'missed')::bigint,
           jsonb_array_length(jsonb_path_query_array(summary, '$.annotations[*] ? (@.kind == "gap")')),
           summary ->> 'end_reason', {state}, count(*) OVER ()
      FROM collection JOIN collector ON collector.id = collection.collector_id
     WHERE (%(collector)s::text IS NULL OR collector.name = %(collector)s)
       AND (%(site)s::text IS NULL OR collector.site = %(site)s)
       AND (%(run)s::text IS NULL OR collection.run = %(run)s)
       AND collection.labels @> %(labels)s
     ORDER BY collection.started_at DESC, collector.name, collector.site, collection.id
     LIMIT %(limit)s
""").format(state=STATE)


@dataclass(frozen=True, slots=True)
class Listed:
    """One collection in a list.

    `samples` counts its rows by kind; `missed` and `end_reason` are None where its recorder does not say;
    `state` is one of `states`.
    """

    collection: UUID
    collector: str
    site: str
    run: str | None
    mode: str
    start: datetime
    end: datetime
    frequency: float
    complete: bool
    labels: dict[str, str]
    snapshots: int
    samples: dict[str, int]
    missed: int | None
    gaps: int
    end_reason: str | None
    state: str

    @property
    def seconds(self) -> float:
        """Length of the collection."""
        return (self.end - self.start).total_seconds()


class Listing(NamedTuple):
    """The first collections that were asked for, and how many there are of them."""

    found: list[Listed]
    total: int


def list_collections(
    connection: Connection,
    *,
    collector: str | None = None,
    site: str | None = None,
    run: str | None = None,
    labels: Mapping[str, str] | None = None,
    limit: int,
) -> Listing:
    """At most `limit` collections that match all that is given, the newest first."""
    values = {"collector": collector, "site": site, "run": run, "labels": Jsonb(dict(labels or {})), "limit": limit}
    rows = connection.execute(QUERY, values).fetchall()
    return Listing([Listed(*row[:-1]) for row in rows], rows[0][-1] if rows else 0)


def is_empty(connection: Connection) -> bool:
    """Whether nothing is loaded at all."""
    return connection.execute("SELECT 1 FROM collection LIMIT 1").fetchone() is None
