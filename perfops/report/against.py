"""Two collections against each other: the figures of `perfops compare` for the page."""

from dataclasses import dataclass
from itertools import groupby

from perfops.compare.metrics import find_metrics
from perfops.compare.pairs import Pair, unlike
from perfops.compare.percentiles import Difference, compare
from perfops.report.units import NONE, human
from perfops.store.connection import Connection

SHOWN = ("mean", "P50", "P95", "P99", "max")


@dataclass(frozen=True, slots=True)
class Line:
    """A statistic of both sides; `first` is how many lines the metric has, in the first of them, else 0."""

    metric: str
    description: str
    formula: str
    first: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Against:
    """A pair as the template needs it."""

    title: str
    baseline: str
    other: str
    unlike: list[str]
    rows: list[Line]


def against(connection: Connection, pair: Pair) -> Against:
    """The figures of a pair."""
    found = compare(connection, pair.baseline, pair.other, find_metrics([]))
    found = [row for row in found if row.statistic in SHOWN]
    rows = []
    for _, group in groupby(found, key=lambda row: row.metric.name):
        lines = list(group)
        rows += [line(row, len(lines) if place == 0 else 0) for place, row in enumerate(lines)]
    baseline, other = pair.baseline.name, pair.other.name
    return Against(f"{baseline} against {other}", baseline, other, unlike(pair), rows)


def line(row: Difference, first: int) -> Line:
    """A difference in words."""
    metric = row.metric
    sign = "+" if (row.difference or 0) > 0 else ""
    percent = NONE if row.percent is None else f"{row.percent:+.1f}\u00a0%"
    one, two, less = (human(value, metric.unit) for value in (row.baseline, row.value, row.difference))
    cells = (row.statistic, one, two, sign + less, percent)
    return Line(metric.name, metric.description, metric.formula, first, tuple(cell.replace("-", "−") for cell in cells))
