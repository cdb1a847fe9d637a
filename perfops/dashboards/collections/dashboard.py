"""The rows of the home page."""

from grafana_foundation_sdk.builders import dashboard, stat, table, timeseries
from grafana_foundation_sdk.models import common as shapes
from grafana_foundation_sdk.models import dashboard as models

from perfops.dashboards import variables
from perfops.dashboards.collections import queries
from perfops.dashboards.common import BUSY, default_stat, default_table, default_timeseries, link, rows, series, setting
from perfops.dashboards.layout import Row
from perfops.dashboards.page import make
from perfops.dashboards.panels import buttons
from perfops.dashboards.sql import spans
from perfops.dashboards.uids import COLLECTIONS as PAGE
from perfops.dashboards.uids import COMPARE, CONTAINERS, HOST, OVERVIEW, TABLES
from perfops.dashboards.uids import Page as Target


def collections() -> models.Dashboard:
    """The dashboard."""
    span = buttons(PAGE, "site", "run", "search", "limit", sql=spans(f"{queries.SOURCE} WHERE {queries.SEARCHED}"))
    return make(
        PAGE,
        [Row("", [(6, [(3, span), (9, counts()), (12, running())]), (18, [(24, listed())])])],
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
    return (
        f"/d/{page.uid}?${{datasource:queryparam}}&var-{name}=${{__data.fields.id}}"
        "&from=${__data.fields.from_ms.numeric}&to=${__data.fields.to_ms.numeric}"
    )


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
    for name, title, unit in (
        ("started_at", "start (UTC)", "dateTimeAsIso"),
        ("seconds", "length", "dtdurations"),
        ("samples", "samples", "none"),
        ("gaps", "gaps", "none"),
        ("instance_type", "instance type", "string"),
        ("cpu", "CPU", "string"),
    ):
        panel.override_by_name(name, [setting("displayName", title), setting("unit", unit), setting("decimals", 0)])
    steps = {"mode": "absolute", "steps": [{"value": value, "color": colour} for value, colour in BUSY]}
    for name, title in (("cpu_mean", "CPU, mean"), ("memory_max", "memory, max")):
        bar = [setting("custom.cellOptions", {"type": "gauge", "mode": "basic"}), setting("unit", "percent")]
        named = [setting("displayName", title), setting("decimals", 0), setting("min", 0), setting("max", 100)]
        panel.override_by_name(name, [*bar, *named, setting("thresholds", steps)])
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
