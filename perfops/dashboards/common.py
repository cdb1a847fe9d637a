"""What all panels share: the data source, defaults of each kind of panel, colours, thresholds, links."""

import typing

from grafana_foundation_sdk.builders import common as options
from grafana_foundation_sdk.builders import dashboard, stat, table, timeseries, trend
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models import common as shapes
from grafana_foundation_sdk.models import dashboard as models

from perfops.dashboards.uids import SOURCE_TYPE

SOURCE = shapes.DataSourceRef(type_val=SOURCE_TYPE, uid="${datasource}")
COLOURS = {  # by their names in the report's style sheet
    "blue": "#3274D9",
    "sky": "#8AB8FF",
    "orange": "#FF780A",
    "red": "#E02F44",
    "purple": "#8F3BB8",
    "violet": "#CA95E5",
    "green": "#37872D",
    "yellow": "#E0B400",
    "pink": "#D0739D",
    "grey": "#8592A0",
    "pale": "#C8D0D9",
    "ink": "#7B8794",
}
BUSY = ((None, "green"), (70.0, "yellow"), (90.0, "red"))  # of shares in percent where much is bad
PLAIN = ((None, "text"),)  # where nothing is bad: without thresholds of its own Grafana has red from 80 on
TRANSPARENT = ((None, "transparent"), (70.0, "semi-dark-yellow"), (90.0, "semi-dark-red"))
NARROW = 60  # pixels that a column has at least; Grafana's 150 put the last columns of a table out of sight


class Query(Dataquery):
    """A query of the PostgreSQL data source, for which the SDK has no type."""

    def __init__(self, sql: str, shape: str, ref: str) -> None:
        self.sql, self.shape, self.ref_id = sql, shape, ref

    def to_json(self) -> dict[str, object]:
        """The query as a dashboard holds it."""
        return {
            "datasource": SOURCE.to_json(),
            "editorMode": "code",
            "format": self.shape,
            "rawQuery": True,
            "rawSql": self.sql,
            "refId": self.ref_id,
        }


class QueryBuilder(Builder[Query]):
    """What the SDK wants where a query belongs; `shape` is `time_series` or `table`."""

    def __init__(self, sql: str, shape: str, ref: str = "A") -> None:
        self._query = Query(sql, shape, ref)

    def build(self) -> Query:
        """The query."""
        return self._query


def series(sql: str, ref: str = "A") -> QueryBuilder:
    """A query of a time series: a column `time`, ascending."""
    return QueryBuilder(sql, "time_series", ref)


def rows(sql: str, ref: str = "A") -> QueryBuilder:
    """A query of a table."""
    return QueryBuilder(sql, "table", ref)


def default_timeseries(title: str, description: str, unit: str, *, beside: bool = False) -> timeseries.Panel:
    """Lines over time; a legend below them has room for two, one `beside` them for six."""
    return (
        timeseries.Panel()
        .title(title)
        .description(description)
        .datasource(SOURCE)
        .unit(unit)
        .line_width(1)
        .fill_opacity(0)
        .show_points(shapes.VisibilityMode.AUTO)
        .point_size(4)
        .axis_soft_min(0)
        .legend(legend(["mean", "max"], beside=beside))
        .tooltip(tooltip())
    )


def default_trend(title: str, description: str, unit: str) -> trend.Panel:
    """Lines over elapsed seconds."""
    return (
        trend.Panel()
        .title(title)
        .description(description)
        .datasource(SOURCE)
        .unit(unit)
        .line_width(1)
        .show_points(shapes.VisibilityMode.NEVER)
        .axis_soft_min(0)
        .span_nulls(True)
        .legend(legend([]))
        .tooltip(tooltip())
    )


def default_table(title: str, description: str, unit: str = "short") -> table.Panel:
    """A table; its numbers have the unit, texts that look like numbers have none. Columns share the width."""
    panel = (
        table.Panel()
        .title(title)
        .description(description)
        .datasource(SOURCE)
        .unit(unit)
        .decimals(2)
        .cell_height(shapes.TableCellHeight.SM)
        .filterable(False)
        .min_width(NARROW)
    )
    return panel.override_by_field_type("string", [setting("unit", "string")])


def default_stat(title: str, description: str, unit: str) -> stat.Panel:
    """Key figures beside each other, each a column of one row."""
    return (
        stat.Panel()
        .title(title)
        .description(description)
        .datasource(SOURCE)
        .unit(unit)
        .graph_mode(shapes.BigValueGraphMode.NONE)
        .color_mode(shapes.BigValueColorMode.VALUE)
        .text_mode(shapes.BigValueTextMode.VALUE_AND_NAME)
        .wide_layout(True)
        .thresholds(thresholds(PLAIN))
    )


def legend(calcs: list[str], *, beside: bool = False) -> options.VizLegendOptions:
    """A list below or `beside` the lines, with figures of each."""
    return (
        options.VizLegendOptions()
        .display_mode(shapes.LegendDisplayMode.TABLE if calcs else shapes.LegendDisplayMode.LIST)
        .placement(shapes.LegendPlacement.RIGHT if beside else shapes.LegendPlacement.BOTTOM)
        .show_legend(True)
        .calcs(calcs)
    )


def tooltip() -> options.VizTooltipOptions:
    """All lines at the cursor, the highest first."""
    return options.VizTooltipOptions().mode(shapes.TooltipDisplayMode.MULTI).sort(shapes.SortOrder.DESCENDING)


def thresholds(steps: typing.Iterable[tuple[float | None, str]]) -> dashboard.ThresholdsConfig:
    """Colours by value, each from its value on."""
    made = [models.Threshold(value=value, color=colour) for value, colour in steps]
    return dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(made)


def setting(name: str, value: object) -> models.DynamicConfigValue:
    """One property of an override."""
    return models.DynamicConfigValue(id_val=name, value=value)


def fixed(colour: str) -> models.DynamicConfigValue:
    """The property that fixes a colour, by a name of COLOURS."""
    return setting("color", {"mode": "fixed", "fixedColor": COLOURS[colour]})


def link(title: str, url: str) -> dict[str, object]:
    """A link of a cell or point."""
    return {"title": title, "url": url, "targetBlank": False}


SHOWN_SPAN = "&from=${__data.fields.from_ms.numeric}&to=${__data.fields.to_ms.numeric}"  # of the row, in an address


def passed(*variables: str) -> str:
    """Variables of this dashboard for an address."""
    return "&".join(f"${{{name}:queryparam}}" for name in ("datasource", *variables))
