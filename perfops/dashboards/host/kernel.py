"""What the kernel counts: pressure, load, scheduler, swap, paging, TCP and UDP, open files."""

from perfops.dashboards.charts import OVERVIEW
from perfops.dashboards.layout import Row, even
from perfops.dashboards.panels import chart_panel
from perfops.dashboards.topics import KERNEL

OURS = ("Run queue and load", "Pressure", "Scheduler", "Swap")
MOST = 4  # panels beside each other


def rows() -> list[Row]:
    """Load and pressure, then a row a topic."""
    charts = {chart.title: chart for chart in OVERVIEW}
    first = Row(
        "Load and pressure",
        [even(7, *(chart_panel(charts[title]) for title in OURS[start : start + 2])) for start in (0, 2)],
    )
    topics = [
        Row(
            topic.title,
            [
                even(7, *(chart_panel(chart) for chart in topic.charts[start : start + MOST]))
                for start in range(0, len(topic.charts), MOST)
            ],
        )
        for topic in KERNEL
    ]
    return [first, *topics]
