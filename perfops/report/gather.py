"""Everything of one machine that is drawn: statistics of all, and lines of those devices that did something."""

from dataclasses import dataclass

from perfops.catalogue import CPU, HOST, KINDS, SYSTEM, Kind
from perfops.dashboards.charts import ACROSS_DEVICES, CPU_STACK, CPU_STACK_OF_HOST, DEVICE_CHARTS, HEAT, OVERVIEW, Chart
from perfops.dashboards.topics import KERNEL
from perfops.report.frames import Frame, fetch_frame
from perfops.report.phases import Spent, spent
from perfops.report.pictures import Found, Frames
from perfops.report.statistics import ALL, Device, statistics
from perfops.report.statistics import HOST as WHOLE
from perfops.store.connection import Connection
from perfops.store.derived import HOST_BUSY, Figure
from perfops.store.machines import Machine

DRAWN = 8  # devices of a kind that get charts of their own: the busiest
ACROSS = 10  # lines of a chart with a line a device
WIDE = (HOST, SYSTEM, CPU)  # kinds of the overview; charts of devices are smaller, and there may be many


@dataclass(frozen=True, slots=True)
class Gathered:
    """Samples of a machine. `drawn` holds the devices with charts by kind, `heat` the busy time of each CPU.

    `phases` have statistics of their own.
    """

    machine: Machine
    found: Found
    frames: Frames
    drawn: dict[str, list[Device]]
    heat: Frame | None
    phases: list[Spent]

    @property
    def rows(self) -> dict[str, int]:
        """Samples in the database by kind."""
        return {kind: sum(device.samples for device in devices.values()) for kind, devices in self.found.items()}


def gather(connection: Connection, machine: Machine, points: int) -> Gathered:
    """Read what the report draws of a machine, with at most about `points` points a line."""
    found = {
        kind.name: {device.key: device for device in statistics(connection, machine, kind)}
        for kind in KINDS
        if machine.summary.samples.get(kind.name)
    }
    drawn = {kind: busiest(found[kind], charts) for kind, charts in device_charts().items() if kind in found}
    frames = {}
    for kind in KINDS:
        if devices := devices_of(kind, found, drawn):
            finest = points if kind in WIDE else points // 2
            frames[kind.name] = fetch_frame(connection, machine, kind, figures_of(kind), devices, finest)
    cpus = [key for key in found.get(CPU.name, {}) if key != ALL]
    heat = fetch_frame(connection, machine, CPU, [HEAT], cpus, points) if cpus else None
    return Gathered(machine, found, frames, drawn, heat, spent(connection, machine))


def device_charts() -> dict[str, tuple[Chart, ...]]:
    """The charts about devices by kind."""
    return DEVICE_CHARTS | ACROSS_DEVICES


def devices_of(kind: Kind, found: Found, drawn: dict[str, list[Device]]) -> list[str]:
    """Keys of the devices of a kind that are drawn."""
    if kind.name not in found:
        return []
    if kind is CPU:
        return [ALL] if ALL in found[kind.name] else []
    return [device.key for device in drawn[kind.name]] if kind.keys else [WHOLE]


def figures_of(kind: Kind) -> list[Figure]:
    """All figures of a kind that any chart draws."""
    of_kernel = [chart for topic in KERNEL for chart in topic.charts]
    charts = (CPU_STACK, CPU_STACK_OF_HOST, *OVERVIEW, *of_kernel, *device_charts().get(kind.name, ()))
    traces = [trace for chart in charts for trace in (*chart.traces, *filter(None, [chart.peak]))]
    figures = {trace.figure.name: trace.figure for trace in traces if trace.kind is kind}
    if kind is HOST:
        figures[HOST_BUSY.name] = HOST_BUSY
    return list(figures.values())


def busiest(devices: dict[str, Device], charts: tuple[Chart, ...]) -> list[Device]:
    """The devices that get charts, in their order: not idle, and no more than there is room for."""
    room = ACROSS if len(charts[0].traces) == 1 else DRAWN
    active = [device for device in devices.values() if not device.idle]
    chosen = sorted(active, key=lambda device: activity(device, charts[0]), reverse=True)[:room]
    return [device for device in active if device in chosen]


def activity(device: Device, chart: Chart) -> float:
    """How much of what a chart shows a device did: the sum of the means of its traces."""
    found = (device.stats[trace.figure.name] for trace in chart.traces)
    return sum(stats.mean for stats in found if stats)
