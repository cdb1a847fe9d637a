"""CPUs: how time was spent, a heat map, and a line each."""

from grafana_foundation_sdk.builders import heatmap, timeseries
from grafana_foundation_sdk.models import common as shapes
from grafana_foundation_sdk.models import heatmap as models

from perfops.catalogue import CPU
from perfops.dashboards.charts import CPU_STACK, HEAT
from perfops.dashboards.common import SOURCE, default_timeseries, series
from perfops.dashboards.host.queries import cpus
from perfops.dashboards.layout import Row, even
from perfops.dashboards.panels import chart_panel
from perfops.dashboards.units import about, unit_of
from perfops.store.derived import figure

SAMPLE = "Each point is the highest, mean or lowest sample in it: see `show` above."


def row() -> Row:
    """The row of CPUs."""
    return Row("CPUs", [even(8, chart_panel(CPU_STACK), heat()), even(8, *map(lines, ("busy", "iowait", "steal")))])


def heat() -> heatmap.Panel:
    """Busy time of each CPU as colour."""
    colour = (
        heatmap.HeatmapColorOptions().mode(models.HeatmapColorMode.SCHEME).scheme("Oranges").steps(64).min(0).max(100)
    )
    return (
        heatmap.Panel()
        .title("Each CPU busy, $show of each point")
        .description(about([("busy", HEAT.metric)], SAMPLE))
        .datasource(SOURCE)
        .unit(unit_of(HEAT.metric))
        .max_data_points(200)
        .calculate(False)
        .color(colour)
        .cell_gap(0)
        .cell_values(heatmap.CellValues().unit(unit_of(HEAT.metric)).decimals(1))
        .y_axis(heatmap.YAxisConfig().axis_placement(shapes.AxisPlacement.LEFT))
        .tooltip(heatmap.HeatmapTooltip().mode(shapes.TooltipDisplayMode.SINGLE))
        .with_target(series(cpus(HEAT.name)))
    )


def lines(name: str) -> timeseries.Panel:
    """One figure of each CPU as lines."""
    metric = figure(CPU, name).metric
    panel = default_timeseries(f"CPU {name}, $show of each point", about([(name, metric)], SAMPLE), unit_of(metric))
    return panel.min(0).max(100).with_target(series(cpus(name)))
