"""Collections by collector, site and what is searched for, each with a small picture of its load."""

from perfops.catalogue import HOST
from perfops.dashboards.sql import chosen, view

BARS = "▁▂▃▄▅▆▇█"
PROBES = 12  # samples of a collection that its picture is made of
SEARCHED = (  # the first part of the last OR is a constant: where nothing is searched for, no text is put together
    f"site IN ({chosen('site')}) AND (run IN ({chosen('run')}) OR run IS NULL AND '-' IN ({chosen('run')}))\n"
    f"   AND ({chosen('search')} = '' OR position(lower({chosen('search')}) IN \n"
    "       lower(concat_ws(' ', collector, site, run, label_text, instance_type))) > 0)"
)
SOURCE = f"{view('collection')} AS known"
NEWEST = f"SELECT id FROM {SOURCE}\n WHERE {SEARCHED}\n ORDER BY started_at DESC, collector LIMIT {chosen('limit')}"


def bars(value: str) -> str:
    """A picture of a share in percent, a character a probe."""
    step = f"1 + greatest(0, least(7, floor({value} / 12.5)))::int"
    return f"string_agg(substr('{BARS}', {step}, 1), '' ORDER BY probe)"


def listed() -> str:
    """The collections, the newest first; which they are is found before anything else is made of them."""
    moment = f"listed.started_at + probe * (listed.ended_at - listed.started_at) / {PROBES}"
    memory = "100 * mem_used / nullif(mem_total, 0)"
    return (
        f"WITH newest AS (\n{NEWEST}\n), listed AS (\n"
        f"SELECT known.* FROM newest JOIN {SOURCE} ON known.id = newest.id\n)\n"
        "SELECT collector, site, run, instance_type, started_at, seconds, gaps, state,\n"
        "       load.cpu, load.cpu_mean, load.memory, load.memory_max, label_text AS labels, cloud, mode, samples,\n"
        "       id::text AS id,\n"
        "       floor(extract(epoch FROM started_at) * 1000)::bigint AS from_ms,\n"
        "       floor(extract(epoch FROM ended_at) * 1000)::bigint + 1 AS to_ms\n"
        "  FROM listed\n"
        f"  LEFT JOIN LATERAL (SELECT {bars('cpu_busy')} AS cpu, avg(cpu_busy) AS cpu_mean,\n"
        f"              {bars('memory')} AS memory, max(memory) AS memory_max\n"
        f"         FROM generate_series(0, {PROBES - 1}) AS probe\n"
        f"        CROSS JOIN LATERAL (SELECT cpu_busy, {memory} AS memory FROM {view(HOST.table)} s\n"
        f'               WHERE s.collection_id = listed.id AND s."timestamp" BETWEEN {moment} AND listed.ended_at\n'
        '               ORDER BY s."timestamp" LIMIT 1) AS sample) AS load ON true\n'
        " ORDER BY started_at DESC, collector"
    )


def counts() -> str:
    """How many collections, machines and samples there are."""
    return (
        "SELECT coalesce(sum(collections), 0)::bigint AS collections, count(*) AS machines,\n"
        "       coalesce(sum(live), 0)::bigint AS live, coalesce(sum(samples), 0)::float8 AS samples\n"
        "  FROM (SELECT count(*) AS collections, count(*) FILTER (WHERE state = 'live') AS live,\n"
        "               sum(samples) AS samples\n"
        f"          FROM {SOURCE}\n WHERE {SEARCHED}\n GROUP BY collector, site) AS machine"
    )


def running() -> str:
    """How many machines of each site were sampled at a time: one more where one starts, one less behind its end.

    Also where there are none: a bar is as wide as the shortest time between two points.
    """
    start, end, step = "$__timeFrom()::timestamptz", "$__timeTo()::timestamptz", "($__interval_ms / 1000.0)"
    since = f"floor(extract(epoch FROM {{}} - {start}) / {step})::int"
    return (
        f"WITH ran AS (\n  SELECT site, greatest({since.format('started_at')}, 0) AS first,\n"
        f"         least({since.format('ended_at')}, {since.format(end)}) AS last\n"
        f"    FROM {SOURCE}\n   WHERE ended_at >= {start} AND {SEARCHED}\n), change AS (\n"
        "  SELECT site, place, sum(more) AS more\n"
        "    FROM ran CROSS JOIN LATERAL (VALUES (first, 1), (last + 1, -1)) AS edge (place, more)\n"
        "   WHERE first <= last GROUP BY 1, 2\n), counted AS (\n"
        "  SELECT place, site, (sum(more) OVER (PARTITION BY site ORDER BY place))::bigint AS running\n"
        "    FROM (SELECT DISTINCT site FROM change) AS sites\n"
        f"   CROSS JOIN generate_series(0, {since.format(end)}) AS place\n"
        "    LEFT JOIN change USING (site, place)\n)\n"
        f'SELECT {start} + place * make_interval(secs => {step}) AS "time", site AS metric,\n'
        "       coalesce(running, 0) AS value\n  FROM counted\n ORDER BY 1, 2"
    )
