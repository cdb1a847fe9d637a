"""What streams now, by the newest samples in the database."""

from perfops.catalogue import HOST
from perfops.dashboards.annotations import TOUCHING, of_kinds
from perfops.dashboards.sql import BIN, IN_TIME, chosen, literal, quoted, shown, view
from perfops.store.live import STREAMING
from perfops.store.states import LATE, LIVE

STREAMS = f"{view('collection')}\n WHERE mode = 'trickle' AND site IN ({chosen('site')})\n   AND {STREAMING}"
NEWEST = (
    f"  LEFT JOIN LATERAL (SELECT cpu_busy, 100 * mem_used / nullif(mem_total, 0) AS memory FROM {view(HOST.table)} s\n"
    '       WHERE s.collection_id = stream.id AND s."timestamp" BETWEEN stream.started_at AND stream.ended_at\n'
    '       ORDER BY s."timestamp" DESC LIMIT 1) AS newest ON true\n'
)


def table() -> str:
    """A row a stream, the hottest first."""
    return (
        f"WITH stream AS (\nSELECT * FROM {STREAMS}\n)\n"
        "SELECT collector, site, run, state, extract(epoch FROM now() - ended_at)::float8 AS age,\n"
        "       extract(epoch FROM loaded_at - ended_at)::float8 AS lag, frequency, newest.cpu_busy AS cpu,\n"
        "       newest.memory, gaps, missed, samples, started_at, id::text AS id,\n"
        "       floor(extract(epoch FROM started_at) * 1000)::bigint AS from_ms,\n"
        "       floor(extract(epoch FROM ended_at) * 1000)::bigint + 1 AS to_ms\n"
        f"  FROM stream\n{NEWEST} ORDER BY newest.cpu_busy DESC NULLS LAST, collector"
    )


def counts() -> str:
    """How many stream, are late, have ended just now."""
    states = ", ".join(f"count(*) FILTER (WHERE state = {literal(state)}) AS {state}" for state in (LIVE, LATE))
    return (
        f"SELECT {states}, count(*) FILTER (WHERE complete) AS ended, coalesce(sum(gaps), 0)::bigint AS gaps\n"
        f"  FROM {STREAMS}"
    )


def oldest() -> str:
    """The age of the newest sample where it is the highest, and the highest lag, of what has not ended."""
    return (
        "SELECT max(extract(epoch FROM now() - ended_at))::float8 AS age,\n"
        f"       max(extract(epoch FROM loaded_at - ended_at))::float8 AS lag\n  FROM {STREAMS} AND NOT complete"
    )


def lines(value: str) -> str:
    """A line a machine."""
    return (
        f"WITH stream AS (\nSELECT id, collector, site FROM {STREAMS}\n)\n"
        f"SELECT {BIN} AS \"time\", collector || ' · ' || site AS metric,\n       {shown(quoted(value))} AS value\n"
        f"  FROM stream JOIN {view(HOST.table)} s ON s.collection_id = stream.id\n WHERE {IN_TIME}\n"
        " GROUP BY 1, 2\n ORDER BY 1, 2"
    )


def notes(kinds: tuple[str, ...]) -> str:
    """What happened to the machines that stream, of some kinds, in the time that is shown."""
    return (
        f"WITH stream AS (\nSELECT id, collector, site FROM {STREAMS}\n)\n"
        'SELECT "timestamp" AS "time", ended_at AS timeend,\n'
        "       collector || ' · ' || site || ': ' || text AS text, kind AS tags\n"
        f"  FROM stream JOIN {view('annotation')} note ON note.collection_id = stream.id\n"
        f" WHERE {of_kinds(kinds)}\n   AND {TOUCHING}\n"
        ' ORDER BY "timestamp"'
    )
