"""Disks and interfaces, a row each; file systems, a line each."""

from perfops.catalogue import DISK, FILESYSTEM, NET
from perfops.dashboards.charts import ACROSS_DEVICES, DEVICE_CHARTS
from perfops.dashboards.layout import Row, even
from perfops.dashboards.panels import across_panel, chart_panel
from perfops.dashboards.sql import among

DISKS, PORTS, MOUNTS = map(among, (DISK, NET, FILESYSTEM))


def disks() -> Row:
    """Each chosen disk: throughput, operations, waiting time, utilization, queue."""
    throughput, operations, waiting, used, queue = (chart_panel(chart, DISKS) for chart in DEVICE_CHARTS[DISK.name])
    return Row("Disk $disk", [even(7, throughput, operations), even(7, waiting, used, queue)], repeat=DISK.name)


def interfaces() -> Row:
    """Each chosen interface: throughput, packets, errors."""
    return Row(
        "Interface $net",
        [even(7, *(chart_panel(chart, PORTS, narrow=True) for chart in DEVICE_CHARTS[NET.name]))],
        repeat=NET.name,
    )


def file_systems() -> Row:
    """Space and inodes of the chosen file systems."""
    charts = ACROSS_DEVICES[FILESYSTEM.name]
    return Row("File systems", [even(7, *(across_panel(FILESYSTEM, chart, where=[MOUNTS]) for chart in charts))])
