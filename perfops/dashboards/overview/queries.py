"""Key figures of a collection, and what it is."""

from collections.abc import Sequence

from perfops.catalogue import HOST
from perfops.dashboards.sql import chosen, of_collection, quoted, view

Figure = tuple[str, str]  # what it is called, and the aggregate


def key_figures(figures: Sequence[Figure]) -> str:
    """One row of aggregates over the span that is shown."""
    cells = ",\n       ".join(f"{aggregate} AS {quoted(label)}" for label, aggregate in figures)
    return f"SELECT {cells}\n  {of_collection(HOST)}"


def p95(column: str) -> str:
    """The exact 95th percentile of a column."""
    return f"percentile_cont(0.95) WITHIN GROUP (ORDER BY {column})"


def machine() -> str:
    """What the collection is, whatever the span."""
    return (
        "SELECT collector, site, run, cloud, region, instance_type, cpus, os, started_at, seconds, frequency,\n"
        "       samples, missed, gaps, mode, state, label_text AS labels\n"
        f"  FROM {view('collection')}\n WHERE id IN ({chosen()})\n ORDER BY started_at DESC"
    )
