"""What the kernel counts: pressure, load, scheduler, swap, paging, TCP and UDP, open files."""

from collections.abc import Sequence

from perfops.dashboards.charts import OVERVIEW, Chart
from perfops.dashboards.layout import Line, Row, even
from perfops.dashboards.panels import chart_panel
from perfops.dashboards.topics import KERNEL

OURS = ("Run queue and load", "Pressure", "Scheduler", "Swap")
MOST = 3  # panels beside each other


def rows() -> list[Row]:
    """Load and pressure, then a row a topic."""
    charts = {chart.title: chart for chart in OVERVIEW}
    first = Row(
        "Load and pressure",
        [even(7, *(chart_panel(charts[title]) for title in OURS[start : start + 2])) for start in (0, 2)],
    )
    return [first, *(Row(topic.title, lines(topic.charts)) for topic in KERNEL)]


def lines(charts: Sequence[Chart]) -> list[Line]:
    """A line of up to three charts, narrow where there are three; more stand in pairs."""
    step = MOST if len(charts) <= MOST else 2
    return [
        even(8, *(chart_panel(chart, narrow=len(charts) == MOST) for chart in charts[start : start + step]))
        for start in range(0, len(charts), step)
    ]
