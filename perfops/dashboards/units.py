"""Units of the catalogue as Grafana names them, and texts about metrics."""

from collections.abc import Iterable

from perfops.catalogue import Metric, Unit

GRAFANA = {
    Unit.PERCENT: "percent",
    Unit.MIB: "mbytes",
    Unit.BYTES: "bytes",
    Unit.BYTES_PER_SECOND: "binBps",
    Unit.PER_SECOND: "cps",
    Unit.MILLISECONDS: "ms",
    Unit.COUNT: "short",
}
ENDINGS = {"_ops": "iops", "_packets": "pps"}


def unit_of(metric: Metric) -> str:
    """Grafana's id of a metric's unit."""
    return next((unit for ending, unit in ENDINGS.items() if metric.name.endswith(ending)), GRAFANA[metric.unit])


def about(named: Iterable[tuple[str, Metric]], *more: str) -> str:
    """What the lines of a panel are, in Markdown: a line a metric with its formula."""
    lines = [f"**{label}**: {metric.description} ({metric.formula})" for label, metric in named]
    return "\n\n".join([*more, *lines])
