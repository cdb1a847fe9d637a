"""Exact statistics of the chosen span, a row for each metric, device and collection."""

from collections.abc import Sequence

from perfops.catalogue import CPU, Kind
from perfops.dashboards.sql import (
    LABEL,
    PERCENTILES,
    STATISTICS,
    Column,
    cells,
    chosen,
    figures,
    lines,
    literal,
    of_collection,
    quoted,
    view,
    whole,
)

FIRST = "c.collector, c.site, c.started_at, c.id"  # as the label says, whose year is not shown
ORDER = ", ".join(quoted(name) for name in STATISTICS)


def statistics(
    kind: Kind, columns: Sequence[Column], *, key: str = "", device: str = "", where: Sequence[str] = ()
) -> str:
    """Statistics of some columns; of each device where there is an expression for its name.

    `key` is the column that tells devices apart, `device` the expression for the name of one. A metric without a value
    in the span has no row. Sorting the samples of all devices by their names would take most of the time, so none does.
    """
    if kind is CPU and len(columns) == 1:
        return of_ticks(kind, columns[0], key, where)
    if key:
        return of_devices(kind, columns, key, device, where)
    return (
        f"WITH found AS (\n  SELECT collection_id,\n         {figures(columns)}\n"
        f"    {of_collection(kind, *where)}\n   GROUP BY collection_id\n)\n"
        f"SELECT {LABEL} AS collection, metric, {ORDER}, n AS samples\n"
        f"  FROM found\n CROSS JOIN LATERAL {lines(columns)}\n"
        f"  JOIN {view('collection')} c ON c.id = found.collection_id\n"
        f" WHERE n > 0 AND c.id IN ({chosen()})\n ORDER BY {FIRST}, place"
    )


def of_devices(kind: Kind, columns: Sequence[Column], key: str, device: str, where: Sequence[str]) -> str:
    """Statistics of some columns of each device, whose values are first gathered in an array."""
    held = ", ".join(f"array_agg({value}) AS held{place}" for place, (_, value) in enumerate(columns))
    rows = ", ".join(f"({place}, {literal(label)}, held{place})" for place, (label, _) in enumerate(columns))
    shown = ", ".join(f"{value} AS {quoted(name)}" for name, value in cells())
    return (
        f"WITH found AS (\n  SELECT collection_id, {device} AS device, {held}\n"
        f"    {of_collection(kind, *where)}\n   GROUP BY collection_id, {key}\n)\n"
        f"SELECT {LABEL} AS collection, device, metric, {shown}, n AS samples\n"
        f"  FROM found\n CROSS JOIN LATERAL (VALUES {rows}) AS line (place, metric, held)\n"
        f" CROSS JOIN LATERAL (SELECT {whole('x')}\n"
        "                       FROM (SELECT unnest(held) AS x) AS each) AS told\n"  # in FROM itself it is stored first
        f"  JOIN {view('collection')} c ON c.id = found.collection_id\n"
        f" WHERE n > 0 AND c.id IN ({chosen()})\n ORDER BY {FIRST}, device, place"
    )


def of_ticks(kind: Kind, column: Column, device: str, where: Sequence[str]) -> str:
    """Statistics of a column of each device whose values are few: the kernel counts a CPU's time in whole ticks.

    Each value is counted, and a percentile is found among the values, in place of all samples: between the two nearest,
    as percentile_cont has it.
    """
    shares = ",\n       ".join(f"{between(share)} AS {quoted(name)}" for share, name in PERCENTILES)
    return (
        f"WITH counted AS (\n  SELECT collection_id, {device} AS device, {column.value} AS x,\n"
        "         count(*)::float8 AS times\n"
        f"    {of_collection(kind, *where, f'{column.value} IS NOT NULL')}\n   GROUP BY 1, 2, 3\n), ranked AS (\n"
        "  SELECT *, sum(times) OVER (PARTITION BY collection_id, device) - 1 AS last,\n"
        "         sum(times) OVER (PARTITION BY collection_id, device ORDER BY x) AS upto\n    FROM counted\n)\n"
        f"SELECT {LABEL} AS collection, device, {literal(column.label)} AS metric,\n"
        "       sum(x * times) / sum(times) AS mean, min(x) AS min,\n"
        f"       {shares},\n       max(x) AS max, sum(times)::bigint AS samples\n"
        f"  FROM ranked JOIN {view('collection')} c ON c.id = ranked.collection_id\n"
        f" WHERE c.id IN ({chosen()})\n GROUP BY c.id, 1, {FIRST}, device\n ORDER BY {FIRST}, device"
    )


def between(share: float) -> str:
    """A percentile of values `x`; `upto` samples have this value or a lower one, and `last` is one less than all."""
    place = f"{share} * last"
    low, high = (f"min(x) FILTER (WHERE upto > {edge}({place}))" for edge in ("floor", "ceil"))
    return f"{low} + max({place} - floor({place})) * ({high} - {low})"
