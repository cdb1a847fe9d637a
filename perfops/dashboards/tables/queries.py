"""Exact statistics of the chosen span, a row for each metric, device and collection."""

from collections.abc import Sequence

from perfops.catalogue import Kind
from perfops.dashboards.sql import (
    PERCENTILES,
    STATISTICS,
    Column,
    chosen,
    figures,
    lines,
    literal,
    of_collection,
    quoted,
    view,
    whole,
)

ORDER = ", ".join(quoted(name) for name in STATISTICS)


def statistics(
    kind: Kind, columns: Sequence[Column], *, key: str = "", device: str = "", where: Sequence[str] = ()
) -> str:
    """Statistics of some columns; of each device where there is an expression for its name.

    `key` is the column that tells devices apart, `device` the expression for the name of one. A metric without a value
    in the span has no row. Values of devices are first gathered in arrays: sorting the samples of all devices by their
    names would take most of the time.
    """
    if key:
        return of_devices(kind, columns, key, device, where)
    return (
        f"WITH found AS (\n  SELECT collection_id,\n         {figures(columns)}\n"
        f"    {of_collection(kind, *where)}\n   GROUP BY collection_id\n)\n"
        f"SELECT c.collector, metric, {ORDER}, n AS samples\n"
        f"  FROM found\n CROSS JOIN LATERAL {lines(columns)}\n"
        f"  JOIN {view('collection')} c ON c.id = found.collection_id\n"
        f" WHERE n > 0 AND c.id IN ({chosen()})\n ORDER BY c.collector, c.started_at, place"
    )


def of_devices(kind: Kind, columns: Sequence[Column], key: str, device: str, where: Sequence[str]) -> str:
    """Statistics of some columns of each device."""
    held = ", ".join(f"array_agg({value}) AS held{place}" for place, (_, value) in enumerate(columns))
    rows = ", ".join(f"({place}, {literal(label)}, held{place})" for place, (label, _) in enumerate(columns))
    shares = ", ".join(f"shares[{number}] AS {quoted(name)}" for number, (_, name) in enumerate(PERCENTILES, 1))
    return (
        f"WITH found AS (\n  SELECT collection_id, {device} AS device, {held}\n"
        f"    {of_collection(kind, *where)}\n   GROUP BY collection_id, {key}\n)\n"
        f"SELECT c.collector, device, metric, mean, min, {shares}, max, n AS samples\n"
        f"  FROM found\n CROSS JOIN LATERAL (VALUES {rows}) AS line (place, metric, held)\n"
        f" CROSS JOIN LATERAL (SELECT {whole('x')} FROM unnest(held) AS x) AS told\n"
        f"  JOIN {view('collection')} c ON c.id = found.collection_id\n"
        f" WHERE n > 0 AND c.id IN ({chosen()})\n ORDER BY c.collector, c.started_at, device, place"
    )
