"""The rows of the comparison."""

from grafana_foundation_sdk.builders import dashboard, table, trend
from grafana_foundation_sdk.models import dashboard as models

from perfops.catalogue import HOST
from perfops.dashboards import variables
from perfops.dashboards.annotations import happenings
from perfops.dashboards.columns import COLLECTION, of_collections, widths
from perfops.dashboards.common import default_table, default_trend, rows, setting
from perfops.dashboards.compare.queries import differences, elapsed, happened
from perfops.dashboards.layout import Row, even
from perfops.dashboards.page import make
from perfops.dashboards.panels import buttons
from perfops.dashboards.sql import LABEL, STATISTICS, Column, chosen, quoted, view
from perfops.dashboards.tables.groups import WHOLE, Group
from perfops.dashboards.uids import COMPARE as PAGE
from perfops.dashboards.units import about, unit_of
from perfops.store.derived import figure

LINES = ("cpu_busy", "mem_used", "disk_read_bytes", "disk_write_bytes", "net_rx_bytes", "net_tx_bytes")
TITLES = ("CPU busy", "Memory used", "Disk read", "Disk write", "Network received", "Network sent")
STATISTIC = f"statistic IN ({chosen('statistic')})"
WIDTH = 7  # of both tables and lines
FLAT = 5  # height of what happened, often nothing
SIDES = ("side", "state", "cloud", "instance_type", "cpus", "seconds", "frequency", "missed", "gaps")  # what is told
HAPPENED = "Phases, gaps, reboots and steps of the clock of each, by the same elapsed time as the lines below."


def compare() -> models.Dashboard:
    """The dashboard."""
    span = buttons(PAGE, "site", "run", "baseline", "collection", "statistic", "show", "last")
    trends = [trend_panel(title, name) for title, name in zip(TITLES, LINES, strict=True)]
    tables = [differences_table(group) for group in WHOLE]
    return make(
        PAGE,
        [
            Row("", [(WIDTH, [(3, span), (21, machines())]), even(FLAT, happenings(happened(), HAPPENED))]),
            Row("Side by side over elapsed time", [even(8, *trends[at : at + 2]) for at in range(0, len(trends), 2)]),
            Row("Differences", [even(10, table) for table in tables]),
        ],
        [
            variables.sites(),
            variables.runs(),
            variables.collections("baseline", "Baseline"),
            variables.others("baseline"),
            statistics(),
            variables.show(),
            variables.last(),
        ],
        notes=[],
    )


def statistics() -> dashboard.CustomVariable:
    """Which statistics stand in the tables."""
    values = [(name, name) for name in STATISTICS]
    chosen_first = models.VariableOption(text=["mean", "P50", "P95", "P99"], value=["mean", "P50", "P95", "P99"])
    made = variables.choice("statistic", "Statistics", "Which statistics stand in the tables.", values)
    return made.multi(True).include_all(True).current(chosen_first)


def machines() -> table.Panel:
    """What is compared."""
    sql = (
        f"SELECT CASE WHEN id IN ({chosen('baseline')}) THEN 'baseline' ELSE 'compared' END AS side,\n"
        f"       {LABEL} AS collection, run, state,\n"
        "       cloud, instance_type, cpus, seconds, frequency, missed, gaps,\n"
        "       label_text AS labels\n"
        f"  FROM {view('collection')} WHERE id IN ({chosen('baseline')}, {chosen()})\n ORDER BY 1, started_at DESC"
    )
    told = "What is compared: mind machines and frequencies that differ, and what is not complete."
    panel = default_table("Collections", told, "string")
    widths(panel.with_target(rows(sql)), collection=COLLECTION)
    return of_collections(panel, *SIDES)


def trend_panel(title: str, name: str) -> trend.Panel:
    """A line a collection over elapsed seconds."""
    metric = figure(HOST, name).metric
    told = "Seconds since the start of each collection, or of the part chosen by Last; the time picker has no say here."
    panel = default_trend(f"{title}, $show of each point", about([(title, metric)], told), unit_of(metric))
    matrix = models.DataTransformerConfig(
        id_val="groupingToMatrix",
        options={"columnField": "collection", "rowField": "elapsed", "valueField": "value", "emptyValue": "null"},
    )
    panel.override_by_name("elapsed\\collection", [setting("unit", "dthms"), setting("displayName", "elapsed")])
    return panel.with_target(rows(elapsed(HOST, name))).with_transformation(matrix)


def differences_table(group: Group) -> table.Panel:
    """Statistics of a group side by side, with their difference."""
    named = [(metric.name, metric) for metric in group.metrics]
    told = about(named, "Difference: compared less baseline; in percent of the baseline.")
    panel = default_table(group.title, told, unit_of(group.metrics[0]))
    panel.override_by_name("percent", [setting("unit", "percent"), setting("decimals", 1)])
    widths(panel, metric=190, statistic=90, collection=COLLECTION)
    columns = [Column(name, f"s.{quoted(name)}") for name in group.names]
    return panel.with_target(rows(differences(group.kind, columns, where=STATISTIC)))
