"""The rows of the containers."""

from grafana_foundation_sdk.builders import table, timeseries
from grafana_foundation_sdk.models import dashboard as models

from perfops.catalogue import CONTAINER
from perfops.dashboards import variables
from perfops.dashboards.columns import share, widths
from perfops.dashboards.common import default_table, default_timeseries, rows, series, setting
from perfops.dashboards.containers.queries import lines, top
from perfops.dashboards.layout import Row, even
from perfops.dashboards.page import make
from perfops.dashboards.panels import buttons
from perfops.dashboards.tables.groups import CONTAINER_NAME
from perfops.dashboards.uids import CONTAINERS as PAGE
from perfops.dashboards.units import about, unit_of
from perfops.store.derived import figure

COUNTS = ("10", "5", "20", "50")
CHARTS = (
    (("CPU", "cpu_percent"), ("CPU held back by the limit", "cpu_throttled_percent")),
    (
        ("Periods at the CPU limit", "throttled_periods_percent"),
        ("Share of the memory limit", "memory_percent"),
    ),
    (
        ("Memory", "memory_current_bytes"),
        ("Of programs", "memory_anon_bytes"),
        ("Of files", "memory_file_bytes"),
    ),
    (("Read", "io_read_bytes"), ("Written", "io_write_bytes")),
    (("Reads", "io_read_ops"), ("Writes", "io_write_ops"), ("Tasks", "pids_current")),
)
COLUMNS = (  # of the table: what it is called, the metric that gives the unit, its width in pixels
    ("cpu_mean", "CPU, mean", "cpu_percent", 95),
    ("cpu_max", "CPU, max", "cpu_percent", 85),
    ("throttled", "throttled periods", "throttled_periods_percent", 130),
    ("memory_max", "memory, max", "memory_current_bytes", 110),
    ("memory_limit", "memory limit", "memory_max_bytes", 110),
    ("memory_share", "of the limit, max", "memory_percent", 140),
    ("read_mean", "read, mean", "io_read_bytes", 100),
    ("write_mean", "written, mean", "io_write_bytes", 115),
    ("pids", "tasks, max", "pids_current", 90),
)


def containers() -> models.Dashboard:
    """The dashboard."""
    span = buttons(PAGE, "site", "collection", CONTAINER.name, "top", "show")
    return make(
        PAGE,
        [
            Row("", [(8, [(3, span), (21, busiest())])]),
            Row("The busiest", [even(8, *(panel(*chart, beside=len(line) == 2) for chart in line)) for line in CHARTS]),
        ],
        [
            variables.sites(),
            variables.collections(),
            variables.of_kind(CONTAINER, "Container", CONTAINER_NAME.replace("container_", "s.container_")),
            variables.choice(
                "top", "Top", "How many containers, by mean CPU time.", [(count, count) for count in COUNTS]
            ),
            variables.show(),
        ],
    )


def busiest() -> table.Panel:
    """The table of the busiest containers."""
    named = [(title, figure(CONTAINER, name).metric) for _, title, name, _ in COLUMNS]
    panel = default_table("The busiest containers", about(named)).with_target(rows(top()))
    widths(panel, container=160, runtime=75)
    for column, title, name, width in COLUMNS:
        if column == "memory_share":
            share(panel, column, title, width)
            continue
        unit = unit_of(figure(CONTAINER, name).metric)
        shown = [setting("displayName", title), setting("unit", unit), setting("custom.width", width)]
        panel.override_by_name(column, shown)
    for name in ("first", "last"):
        panel.override_by_name(name, [setting("unit", "dateTimeAsIso"), setting("custom.width", 150)])
    return panel


def panel(title: str, name: str, *, beside: bool) -> timeseries.Panel:
    """A line for each of the busiest containers, the legend `beside` them where there is room."""
    metric = figure(CONTAINER, name).metric
    told = "Each point is the highest, mean or lowest sample in it: see Points show above."
    return default_timeseries(
        f"{title}, $show of each point", about([(title, metric)], told), unit_of(metric), beside=beside
    ).with_target(series(lines(name)))
