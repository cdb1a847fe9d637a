"""The rows of what streams now."""

from grafana_foundation_sdk.builders import stat, table, timeseries
from grafana_foundation_sdk.models import dashboard as models

from perfops.catalogue import HOST
from perfops.dashboards import variables
from perfops.dashboards.annotations import annotations
from perfops.dashboards.columns import of_collections, share
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
from perfops.dashboards.fleet import queries
from perfops.dashboards.layout import Row, even
from perfops.dashboards.page import make
from perfops.dashboards.panels import buttons
from perfops.dashboards.sql import spans
from perfops.dashboards.uids import FLEET as PAGE
from perfops.dashboards.uids import OVERVIEW
from perfops.dashboards.units import about, unit_of
from perfops.store.derived import figure

AGE = "Seconds since the newest sample, by the clocks of the database and of the machine."
LAG = "How old the newest sample was when it came."
OLDER = "What has sent nothing for an hour is in Collections, as no end; what has ended before, too."
OPEN = f"/d/{OVERVIEW.uid}?${{datasource:queryparam}}&var-collection=${{__data.fields.id}}{SHOWN_SPAN}"


def fleet() -> models.Dashboard:
    """The dashboard."""
    span = buttons(PAGE, "site", "show", sql=spans(queries.STREAMS))
    return make(
        PAGE,
        [
            Row("", [(7, [(3, span), (12, counts()), (9, oldest())])]),
            Row("", [(9, [(24, streams())])]),
            Row(
                "",
                [
                    even(8, lines("CPU busy", "cpu_busy"), lines("Memory used", "mem_used")),
                    even(8, lines("Disk written", "disk_write_bytes"), lines("Network received", "net_rx_bytes")),
                ],
            ),
        ],
        [variables.sites(), variables.show()],
        notes=annotations(queries.notes),
        refresh="10s",
        span="now-15m",
    )


def counts() -> stat.Panel:
    """How many machines stream."""
    panel = default_stat(
        "Machines",
        "Machines that stream, that are late (no sample is newer than half a minute, or three periods), that ended just"
        f" now; gaps. {OLDER}",
        "none",
    )
    return panel.with_target(rows(queries.counts()))


def oldest() -> stat.Panel:
    """The oldest newest sample."""
    panel = default_stat("Oldest", f"Age: {AGE} Lag: {LAG} Of what has not ended, the highest of each.", "s")
    return panel.decimals(1).with_target(rows(queries.oldest()))


def streams() -> table.Panel:
    """A row a machine, the hottest first; a click opens it."""
    told = f"age: {AGE} lag: {LAG} CPU, memory: of the newest sample. {OLDER}"
    panel = default_table("Streams, the hottest first", told, "none")
    panel.with_target(rows(queries.table()))
    panel.override_by_name("collector", [setting("links", [link("Open its overview", OPEN)])])
    of_collections(panel, "state", "frequency", "gaps", "missed", "samples", "started_at")
    for name in ("age", "lag"):
        panel.override_by_name(name, [setting("unit", "s"), setting("decimals", 1), setting("custom.width", 90)])
    for name, title in (("cpu", "CPU"), ("memory", "memory")):
        share(panel, name, title, 150)
    for name in ("id", "from_ms", "to_ms"):
        panel.override_by_name(name, [setting("custom.hidden", True)])
    return panel


def lines(title: str, name: str) -> timeseries.Panel:
    """A line a machine."""
    metric = figure(HOST, name).metric
    told = "Each point is the highest, mean or lowest sample in it: see Points show above."
    named = about([(title, metric)], told)
    panel = default_timeseries(f"{title}, $show of each point", named, unit_of(metric), beside=True)
    return panel.with_target(series(queries.lines(name)))
