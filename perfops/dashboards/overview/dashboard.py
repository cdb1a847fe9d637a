"""The rows of the overview."""

from grafana_foundation_sdk.builders import stat, table
from grafana_foundation_sdk.models import dashboard as models

from perfops.catalogue import HOST
from perfops.dashboards import variables
from perfops.dashboards.charts import CPU_STACK_OF_HOST, OVERVIEW
from perfops.dashboards.columns import COLUMNS, of_collections
from perfops.dashboards.common import default_table, rows
from perfops.dashboards.layout import Row, even
from perfops.dashboards.overview import queries
from perfops.dashboards.page import make
from perfops.dashboards.panels import buttons, chart_panel, key_figures
from perfops.dashboards.uids import OVERVIEW as PAGE

CHARTS = {chart.title: chart for chart in OVERVIEW}


def overview() -> models.Dashboard:
    """The dashboard."""
    line = 8
    return make(
        PAGE,
        [
            Row(
                "",
                [(4, [(24, machine())]), (7, [(3, span()), *key_panels()])],
            ),
            Row(
                "",
                [
                    even(line, chart_panel(CPU_STACK_OF_HOST), chart_panel(CHARTS["Memory"])),
                    even(line, chart_panel(CHARTS["Disk throughput"]), chart_panel(CHARTS["Disk operations"])),
                    even(line, chart_panel(CHARTS["Network throughput"]), chart_panel(CHARTS["Network packets"])),
                    even(line, chart_panel(CHARTS["Run queue and load"]), chart_panel(CHARTS["Pressure"])),
                ],
            ),
        ],
        [variables.sites(), variables.collections()],
    )


def span() -> table.Panel:
    """The buttons."""
    return buttons(PAGE, "site", "collection")


def machine() -> table.Panel:
    """What the collection is."""
    panel = default_table("Collection", "What was recorded, where and how; of the whole collection.", "string")
    panel.with_target(rows(queries.machine()))
    return of_collections(panel, *(name for name in COLUMNS if name != "side"))


def key_panels() -> list[tuple[int, stat.Panel]]:
    """The key figures, with their widths."""
    return [(6, cpu_figures()), (5, memory_figures()), (10, flows())]


def cpu_figures() -> stat.Panel:
    """CPU in percent."""
    sql = queries.key_figures(
        [
            ("busy, mean", "avg(cpu_busy)"),
            ("busy, P95", queries.p95("cpu_busy")),
            ("busy, max", "max(cpu_busy)"),
            ("I/O wait, mean", "avg(cpu_iowait)"),
            ("steal, mean", "avg(cpu_steal)"),
        ]
    )
    return key_figures("CPU", sql, HOST, ("cpu_busy", "cpu_iowait", "cpu_steal"), coloured=True)


def memory_figures() -> stat.Panel:
    """Memory."""
    sql = queries.key_figures(
        [("used, mean", "avg(mem_used)"), ("used, max", "max(mem_used)"), ("total", "max(mem_total)")]
    )
    return key_figures("Memory", sql, HOST, ("mem_used", "mem_total"))


def flows() -> stat.Panel:
    """Throughput of disks and network."""
    names = ("disk_read_bytes", "disk_write_bytes", "net_rx_bytes", "net_tx_bytes")
    labels = ("disk read", "disk write", "net received", "net sent")
    figures = [(f"{label}, P95", queries.p95(name)) for label, name in zip(labels, names, strict=True)]
    figures += [(f"{label}, max", f"max({name})") for label, name in zip(labels, names, strict=True)]
    return key_figures("Disk and network", queries.key_figures(figures), HOST, names)
