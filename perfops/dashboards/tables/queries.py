"""Exact statistics of the chosen span, a row for each metric, device and collection."""

from collections.abc import Sequence

from perfops.catalogue import Kind
from perfops.dashboards.sql import STATISTICS, Column, chosen, figures, lines, of_collection, quoted, view

ORDER = ", ".join(quoted(name) for name in STATISTICS)


def statistics(kind: Kind, columns: Sequence[Column], *, device: str = "", where: Sequence[str] = ()) -> str:
    """Statistics of some columns; of each device where there is an expression for its name.

    A metric without a value in the span has no row.
    """
    named = f", {device} AS device" if device else ""
    keys = "collection_id, device" if device else "collection_id"
    order = "device, " if device else ""
    shown = "device, " if device else ""
    return (
        f"WITH found AS (\n  SELECT collection_id{named},\n         {figures(columns)}\n"
        f"    {of_collection(kind, *where)}\n   GROUP BY {keys}\n)\n"
        f"SELECT c.collector, {shown}metric, {ORDER}, n AS samples\n"
        f"  FROM found\n CROSS JOIN LATERAL {lines(columns)}\n"
        f"  JOIN {view('collection')} c ON c.id = found.collection_id\n"
        f" WHERE n > 0 AND c.id IN ({chosen()})\n"
        f" ORDER BY c.collector, c.started_at, {order}place"
    )
