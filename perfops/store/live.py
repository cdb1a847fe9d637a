"""What streams in now: one row a collection, from the newest samples in the database."""

from datetime import datetime
from typing import LiteralString, NamedTuple

from psycopg import sql

from perfops.store.connection import Connection
from perfops.store.derived import HOST_BUSY
from perfops.store.states import AWAKE, STATE

RECENT = 60  # seconds before the newest sample over which the rate is counted
ENDED = 600  # seconds for which a collection that has ended is still shown
STREAMING: LiteralString = (
    f"CASE WHEN complete THEN loaded_at > now() - make_interval(secs => {ENDED})\n       ELSE {AWAKE} END"
)
QUERY: LiteralString = """
    SELECT collection.id, collector.name, collector.site, collection.run, collection.started_at, collection.ended_at,
           collection.frequency, {state},
           extract(epoch FROM now() - collection.ended_at)::float8,
           extract(epoch FROM collection.loaded_at - collection.ended_at)::float8,
           recent.rate, newest.cpu_busy, 100 * newest.mem_used / nullif(newest.mem_total, 0), happened.gaps
      FROM collection JOIN collector ON collector.id = collection.collector_id
      LEFT JOIN LATERAL (
           SELECT {busy} AS cpu_busy, mem_used, mem_total FROM host_sample
            WHERE collection_id = collection.id AND timestamp BETWEEN collection.started_at AND collection.ended_at
            ORDER BY timestamp DESC LIMIT 1) newest ON true
      LEFT JOIN LATERAL (
           SELECT count(*) / nullif(extract(epoch FROM least(make_interval(secs => %(recent)s),
                  collection.ended_at - collection.started_at)), 0)::float8 AS rate
             FROM host_sample WHERE collection_id = collection.id
              AND timestamp > collection.ended_at - make_interval(secs => %(recent)s)
              AND timestamp <= collection.ended_at) recent ON true
      LEFT JOIN LATERAL (
           SELECT count(*) AS gaps FROM annotation
            WHERE collection_id = collection.id AND kind = 'gap') happened ON true
     WHERE CASE WHEN %(run)s::text IS NOT NULL THEN collection.run = %(run)s
           ELSE collection.mode = 'trickle' AND {streaming} END
     ORDER BY collector.name, collector.site, collection.started_at
"""


class Live(NamedTuple):
    """A collection as it stands now.

    `age` is that of its newest sample and `lag` how old that was when it came, in seconds, by the clocks of database
    and machine. `rate` is samples a second over the last minute; CPU and memory are in percent, None without a sample.
    `state` is one of `states`.
    """

    collection: object
    collector: str
    site: str
    run: str | None
    start: datetime
    end: datetime
    frequency: float
    state: str
    age: float
    lag: float
    rate: float | None
    cpu: float | None
    memory: float | None
    gaps: int


def find_live(connection: Connection, run: str | None) -> list[Live]:
    """Collections that stream now or have just ended, or all of a run."""
    query = sql.SQL(QUERY).format(busy=HOST_BUSY.value, state=STATE, streaming=sql.SQL(STREAMING))
    return [Live(*row) for row in connection.execute(query, {"run": run, "recent": RECENT}).fetchall()]
