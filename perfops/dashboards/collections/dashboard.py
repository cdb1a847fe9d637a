"""The rows of the home page."""

from grafana_foundation_sdk.builders import dashboard, stat, table, timeseries
from grafana_foundation_sdk.models import common as shapes
from grafana_foundation_sdk.models import dashboard as models

from perfops.dashboards import variables
from perfops.dashboards.collections import queries
from perfops.dashboards.columns import of_collections, share, widths
from perfops.dashboards.common import (
    SHOWN_SPAN,
    default_stat,
    default_table,
    default_timeseries,
    link,
    rows,
    series,
    setting,
)
from perfops.dashboards.layout import Row
from perfops.dashboards.page import make
from perfops.dashboards.panels import buttons
from perfops.dashboards.sql import spans
from perfops.dashboards.uids import COLLECTIONS as PAGE
from perfops.dashboards.uids import COMPARE, CONTAINERS, HOST, OVERVIEW, TABLES
from perfops.dashboards.uids import Page as Target

PICTURE = 10 * queries.PROBES + 12  # pixels of a row of small bars


def collections() -> models.Dashboard:
    """The dashboard."""
    span = buttons(PAGE, "site", "run", "search", "limit", sql=spans(f"{queries.SOURCE} WHERE {queries.SEARCHED}"))
    return make(
        PAGE,
        [Row("", [(7, [(3, span), (9, counts()), (12, running())]), (18, [(24, listed())])])],
        [
            variables.sites(),
            variables.runs(),
            search(),
            variables.choice(
                "limit", "Newest", "How many collections are listed.", [(n, n) for n in ("100", "25", "500")]
            ),
        ],
        notes=[],
        span="now-7d",
    )


def search() -> dashboard.TextBoxVariable:
    """A text that collector, site, run, label or instance type contains."""
    empty = models.VariableOption(text="", value="")
    about = "A part of collector, site, run, labels or instance type; empty for all."
    return dashboard.TextBoxVariable("search").label("Search").description(about).default_value("").current(empty)


def opened(page: Target, name: str = "collection") -> str:
    """The address of a dashboard with the collection of a row, and its whole span."""
    return f"/d/{page.uid}?${{datasource:queryparam}}&var-{name}=${{__data.fields.id}}{SHOWN_SPAN}"


def listed() -> table.Panel:
    """A row a collection; a click opens it."""
    panel = default_table(
        "Collections, the newest first",
        f"A click on a collector opens it. CPU and memory: {queries.PROBES} samples of each collection, spread over it,"
        " a bar each from 0 to 100 %; the mean is that of these samples, and exact in the utilisation tables.",
        "string",
    )
    panel.with_target(rows(queries.listed()))
    links = [
        link("Overview", opened(OVERVIEW)),
        link("Host utilisation", opened(HOST)),
        link("Utilisation tables", opened(TABLES)),
        link("Containers", opened(CONTAINERS)),
        link("Compare, with this as baseline", opened(COMPARE, "baseline")),
    ]
    panel.override_by_name("collector", [setting("links", links)])
    widths(panel, collector=120, site=115, run=95, labels=110)
    of_collections(panel, "instance_type", "cloud", "started_at", "seconds", "samples", "gaps", "mode", "state")
    for name, title in (("cpu", "CPU"), ("memory", "memory")):
        panel.override_by_name(name, [setting("displayName", title), setting("custom.width", PICTURE)])
    for name, title in (("cpu_mean", "mean"), ("memory_max", "max")):
        share(panel, name, title, 55, "color-text")
    for name in ("id", "from_ms", "to_ms"):
        panel.override_by_name(name, [setting("custom.hidden", True)])
    return panel


def counts() -> stat.Panel:
    """How much there is."""
    panel = default_stat("In the database", "Collections that match, their machines, streams, samples.", "short")
    return panel.decimals(0).with_target(rows(queries.counts()))


def running() -> timeseries.Panel:
    """How many machines were sampled when."""
    panel = default_timeseries(
        "Machines sampled at a time", "Collections of each site that ran, in the time shown.", "none"
    )
    return (
        panel.draw_style(shapes.GraphDrawStyle.BARS)
        .fill_opacity(60)
        .decimals(0)
        .max_data_points(200)
        .with_target(series(queries.running()))
    )
