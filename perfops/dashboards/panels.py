"""Panels made of the charts that the report draws, too: the same lines, units, colours and descriptions."""

from collections.abc import Sequence

from grafana_foundation_sdk.builders import common as options
from grafana_foundation_sdk.builders import stat, table, timeseries
from grafana_foundation_sdk.models import common as shapes

from perfops.catalogue import CPU, Kind
from perfops.dashboards.charts import Chart, Trace
from perfops.dashboards.common import (
    BUSY,
    SHOWN_SPAN,
    default_stat,
    default_table,
    default_timeseries,
    fixed,
    legend,
    link,
    passed,
    rows,
    series,
    setting,
    thresholds,
)
from perfops.dashboards.sql import Column, across, bounds, over_time, quoted
from perfops.dashboards.uids import Page
from perfops.dashboards.units import about, unit_of
from perfops.store.derived import figure

ALL_CPUS = "cpu = 'all'"
BELOW = 2  # lines for which a legend below a chart has room
BAND = "Lines are the means of what a point stands for, bands reach from the lowest to the highest sample in it."
PEAK = "Areas are the means of what a point stands for, the line is the highest sample in it."


def chart_panel(chart: Chart, where: str = "", title: str = "", *, narrow: bool = False) -> timeseries.Panel:
    """A chart for one machine or one device of it; `where` is what must hold of its rows.

    The legend of many lines stands beside them; in a `narrow` panel it is below, and has names alone.
    """
    named = [(trace.label, trace.figure.metric) for trace in (*chart.traces, *filter(None, [chart.peak]))]
    panel = default_timeseries(
        title or chart.title,
        about(named, PEAK if chart.stacked else BAND),
        unit_of(chart.traces[0].figure.metric),
        beside=len(named) > BELOW and not narrow,
    )
    if len(named) > BELOW and narrow:
        panel.legend(legend([]))
    if chart.top is not None:
        panel.max(chart.top).min(0)
    for place, kind in enumerate(kinds_of(chart)):
        condition = where or (ALL_CPUS if kind is CPU else "")
        panel.with_target(series(chart_query(chart, kind, condition), chr(ord("A") + place)))
    return stacked(panel, chart) if chart.stacked else banded(panel, chart.traces)


def kinds_of(chart: Chart) -> list[Kind]:
    """The kinds that a chart needs, each a query."""
    return list(dict.fromkeys(trace.kind for trace in (*chart.traces, *filter(None, [chart.peak]))))


def chart_query(chart: Chart, kind: Kind, where: str) -> str:
    """The query of a chart's lines of one kind."""
    means = [Column(trace.label, quoted(trace.figure.name)) for trace in chart.traces if trace.kind is kind]
    peak = chart.peak
    peaks = [Column(f"highest {peak.label}", quoted(peak.figure.name))] if peak and peak.kind is kind else []
    return over_time(kind, means, band=not chart.stacked, peaks=peaks, where=where)


def stacked(panel: timeseries.Panel, chart: Chart) -> timeseries.Panel:
    """Areas on top of each other, and the peak as a line over them."""
    panel.fill_opacity(70).line_width(0).stacking(options.StackingConfig().mode(shapes.StackingMode.NORMAL).group("A"))
    for trace in chart.traces:
        faint = [setting("custom.fillOpacity", 15)] if trace.colour == "pale" else []
        panel.override_by_name(trace.label, [fixed(trace.colour), *faint])
    if chart.peak:
        alone = [setting("custom.stacking", {"mode": "none"}), setting("custom.fillOpacity", 0)]
        line = [setting("custom.lineWidth", 1), fixed(chart.peak.colour)]
        panel.override_by_name(f"highest {chart.peak.label}", [*alone, *line])
    return panel


def banded(panel: timeseries.Panel, traces: Sequence[Trace]) -> timeseries.Panel:
    """Lines, each with a band behind it from its lowest to its highest value."""
    hidden = setting("custom.hideFrom", {"legend": True, "tooltip": False, "viz": False})
    for trace in traces:
        colour, low = fixed(trace.colour), f"{trace.label} low"
        edge = [colour, setting("custom.lineWidth", 0), setting("custom.showPoints", "never"), hidden]
        panel.override_by_name(trace.label, [colour])
        panel.override_by_name(low, edge)
        panel.override_by_name(
            f"{trace.label} high", [*edge, setting("custom.fillBelowTo", low), setting("custom.fillOpacity", 20)]
        )
    return panel


def across_panel(kind: Kind, chart: Chart, *, name: str = "", where: Sequence[str] = ()) -> timeseries.Panel:
    """A chart with a line for each device; the variable `show` says what a point is."""
    metric = chart.traces[0].figure.metric
    panel = default_timeseries(
        f"{chart.title}, $show of each point",
        about([(chart.title, metric)], "Each point is the highest, mean or lowest sample in it: see `show` above."),
        unit_of(metric),
        beside=True,
    )
    if chart.top is not None:
        panel.max(chart.top).min(0)
    return panel.with_target(series(across(kind, quoted(chart.traces[0].figure.name), name=name, where=where)))


def buttons(page: Page, *variables: str, sql: str = "") -> table.Panel:
    """The buttons ALL, 1H, 6H, 24H and 7D: spans that end with the collection, as links to this dashboard."""
    last = "&var-last=${__data.fields.last.numeric}" if "last" in variables else ""
    kept = passed(*(name for name in variables if name != "last"))
    url = f"/d/{page.uid}?{kept}{SHOWN_SPAN}{last}"
    hide = [setting("custom.hidden", True)]
    panel = default_table("Span", "Shows the whole collection, or its last 1, 6, 24 hours or 7 days: click one.")
    panel.show_header(False).with_target(rows(sql or bounds()))
    centred = [setting("custom.align", "center"), setting("links", [link("Show this span", url)])]
    panel.override_by_name("label", centred)
    for name in ("from_ms", "to_ms", "last"):
        panel.override_by_name(name, [*hide, setting("decimals", 0)])
    return panel


def key_figures(title: str, sql: str, kind: Kind, names: Sequence[str], *, coloured: bool = False) -> stat.Panel:
    """Key figures of a kind, all of one unit, as a row of large numbers."""
    metrics = [figure(kind, name).metric for name in names]
    panel = default_stat(title, about([(metric.name, metric) for metric in metrics]), unit_of(metrics[0]))
    panel.text(options.VizTextDisplayOptions().title_size(13).value_size(22))  # the same in all panels of a line
    if coloured:
        panel.thresholds(thresholds(BUSY))
    return panel.with_target(rows(sql))
