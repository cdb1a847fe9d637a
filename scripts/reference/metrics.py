"""The page of metrics, from the catalogue."""

from markdown import code, table

from perfops.catalogue import KINDS, Kind

HEAD = """# Metrics

Every figure perfops derives. A kind of sample is a CSV file and a table in the database with the same columns:
`timestamp`, what tells the rows of one moment apart, then the metrics. Δ is the later snapshot's counter less the
earlier one's, Δt their distance in seconds; levels are those of the later snapshot. A row stands for the interval
that ends at its timestamp (UTC). An empty cell means that there is no value: where marked, in the ordinary course of
things; else because the source could not be read or a counter has fallen.
"""


def page() -> str:
    """The page."""
    return HEAD + "".join(map(section, KINDS))


def section(kind: Kind) -> str:
    """One kind of sample."""
    keys = [(code(key.name), "", "", "", key.description) for key in (*kind.keys, *kind.details)]
    metrics = [
        (
            code(metric.name),
            metric.unit.value,
            metric.formula,
            code(metric.source),
            metric.description + (" (may be empty)" if metric.optional else ""),
        )
        for metric in kind.metrics
    ]
    return f"\n## {kind.name}\n\n{kind.description} File {code(kind.file)}, table {code(kind.table)}.\n\n" + table(
        ("column", "unit", "formula", "source", "what it is"), [*keys, *metrics]
    )
