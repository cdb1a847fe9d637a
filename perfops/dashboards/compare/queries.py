"""Collections beside each other, the same SQL for dashboards, the command line and the report.

Each side is aggregated on its own, in a CTE that names its collections and bounds their time, and only figures are
joined: joining samples of two collections does not work where they lie on several servers.
"""

from collections.abc import Sequence
from typing import NamedTuple

from perfops.catalogue import Kind
from perfops.dashboards.sql import (
    LABEL,
    PERCENTILES,
    Column,
    Percentiles,
    cells,
    chosen,
    figures,
    literal,
    quoted,
    shown,
    view,
)

POINTS = 600  # of a line over elapsed time


class Sides(NamedTuple):
    """What to compare: the baseline, the others, and how many seconds of the end of each, as SQL has them."""

    baseline: str
    others: str
    last: str


GRAFANA = Sides(chosen("baseline"), chosen("collection"), f"{chosen('last')}::float8")


def bounded(name: str, ids: str, sides: Sides) -> str:
    """A CTE of collections, each with the time that counts."""
    return (
        f"{name} AS (\n  SELECT id, {LABEL} AS label, frequency, ended_at,\n"
        f"         greatest(started_at, ended_at - make_interval(secs => {sides.last})) AS since\n"
        f"    FROM {view('collection')} WHERE id IN ({ids})\n)"
    )


def aggregated(name: str, kind: Kind, ids: str, columns: Sequence[Column], device: str, shares: Percentiles) -> str:
    """A CTE of the figures of each collection of `{name}_span`, and device where there is an expression for it.

    Grouped by the id, which is known, and not by the label: that would sort all samples.
    """
    named = f", {device} AS device" if device else ""
    keys = "s.collection_id, device" if device else "s.collection_id"
    return (
        f"{name} AS (\n  SELECT s.collection_id{named},\n         {figures(columns, shares)}\n"
        f"    FROM {name}_span JOIN {view(kind.table)} s ON s.collection_id = {name}_span.id\n"
        f'   WHERE s.collection_id IN ({ids}) AND s."timestamp" BETWEEN since AND ended_at\n   GROUP BY {keys}\n)'
    )


def differences(
    kind: Kind,
    columns: Sequence[Column],
    sides: Sides = GRAFANA,
    *,
    device: str = "",
    percentiles: Percentiles = PERCENTILES,
    where: str = "",
) -> str:
    """A row for each metric, statistic and other collection: both values, their difference, and that in percent."""
    rows = ",\n         ".join(
        f"({place}, {order}, {literal(column.label)}, {literal(name)}, base.{cell}, other.{cell})"
        for place, column in enumerate(columns)
        for order, (name, cell) in enumerate(cells(percentiles, str(place)))
    )
    ctes = (
        bounded("base_span", sides.baseline, sides),
        bounded("other_span", sides.others, sides),
        aggregated("base", kind, sides.baseline, columns, device, percentiles),
        aggregated("other", kind, sides.others, columns, device, percentiles),
    )
    shown_device = "coalesce(other.device, base.device) AS device, " if device else ""
    first = "device, " if device else ""
    joined = "FULL JOIN base ON base.device = other.device" if device else "CROSS JOIN base"
    conditions = "(one IS NOT NULL OR two IS NOT NULL)" + (f" AND {where}" if where else "")
    return (
        "WITH " + ",\n".join(ctes) + "\n"
        f"SELECT {shown_device}metric, statistic, other_span.label AS collection, one AS baseline, two AS value,\n"
        "       two - one AS difference, 100 * (two - one) / nullif(abs(one), 0) AS percent\n"
        f"  FROM other {joined}\n  LEFT JOIN other_span ON other_span.id = other.collection_id\n"
        f" CROSS JOIN LATERAL (VALUES {rows})\n"
        f"       AS line (place, rank, metric, statistic, one, two)\n WHERE {conditions}\n"
        f" ORDER BY {first}place, other_span.label, rank"
    )


def elapsed(kind: Kind, value: str, sides: Sides = GRAFANA, *, point: str = "") -> str:
    """Long rows: elapsed seconds, collection, value; `point` is the aggregate of a bin, by default what `show` says.

    All collections have bins of one width, by the longest of them.
    """
    ids = f"{sides.baseline}, {sides.others}"
    return (
        f"WITH {bounded('span', ids, sides)},\n"
        f"bin AS (SELECT greatest(max(extract(epoch FROM ended_at - since)) / {POINTS}, max(frequency))::float8\n"
        "                AS width FROM span)\n"
        'SELECT floor(extract(epoch FROM s."timestamp" - span.since)::float8 / bin.width) * bin.width AS elapsed,\n'
        f"       span.label AS collection, {point or shown(f's.{quoted(value)}')} AS value\n"
        f"  FROM span CROSS JOIN bin JOIN {view(kind.table)} s ON s.collection_id = span.id\n"
        f' WHERE s.collection_id IN ({ids}) AND s."timestamp" BETWEEN span.since AND span.ended_at\n'
        " GROUP BY 1, 2\n ORDER BY 1, 2"
    )


def happened() -> str:
    """What happened to each collection, or in the part chosen by `last`, by the elapsed time of the lines."""
    sides = GRAFANA
    ids = f"{sides.baseline}, {sides.others}"
    return (
        f"WITH {bounded('span', ids, sides)}\n"
        'SELECT extract(epoch FROM note."timestamp" - span.since)::float8 AS elapsed, span.label AS collection, kind,\n'
        '       extract(epoch FROM note.ended_at - note."timestamp")::float8 AS seconds, note.text\n'
        f"  FROM span JOIN {view('annotation')} note ON note.collection_id = span.id\n"
        f' WHERE note.collection_id IN ({ids}) AND coalesce(note.ended_at, note."timestamp") >= span.since\n'
        " ORDER BY 1, 2, kind"
    )
