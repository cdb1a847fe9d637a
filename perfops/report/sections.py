"""The part of the page that belongs to one machine, as the template needs it, and the numbers for its script."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from perfops.catalogue import CONTAINER, CPU, DISK, FILESYSTEM, HOST, NET, SYSTEM, Kind
from perfops.dashboards.charts import ACROSS_DEVICES, CPU_STACK, CPU_STACK_OF_HOST, DEVICE_CHARTS, OVERVIEW
from perfops.dashboards.topics import KERNEL
from perfops.report import heat
from perfops.report.facts import all_facts, facts, observer_cost
from perfops.report.gather import Gathered, activity
from perfops.report.pictures import Picture, across, of_device, offsets, stats_of, whole, worth_telling
from perfops.report.remarks import Remark, remarks, span, state
from perfops.report.statistics import ALL, Device
from perfops.report.statistics import HOST as WHOLE
from perfops.report.tables import Cell, Table, Tile, comparison, table, tiles
from perfops.report.units import length

DEVICES = (DISK, NET, FILESYSTEM, CONTAINER)
TITLES = {
    CPU.name: "CPUs",
    DISK.name: "Disks",
    NET.name: "Network interfaces",
    FILESYSTEM.name: "File systems",
    CONTAINER.name: "Containers",
}
OPEN = 0.05  # share of the busiest device's activity from which on a device's charts stand open


class DeviceCharts(NamedTuple):
    """Charts of one device, or of all of a kind where `name` is empty."""

    name: str
    pictures: list[Picture]
    opened: bool


class PhaseRow(NamedTuple):
    """A phase: its name, when it was, how long, and the cells of the comparison of the phases."""

    name: str
    span: str
    length: str
    cells: list[Cell]


class Group(NamedTuple):
    """The devices of a kind. `idle` names those that did nothing, `more` those that only the tables show."""

    title: str
    about: str
    charts: list[DeviceCharts]
    idle: list[str]
    more: list[str]


@dataclass(frozen=True, slots=True)
class Section:
    """The part of the page about one machine. `device_tables` pairs the title of a kind with its tables."""

    anchor: str
    name: str
    site: str
    labels: dict[str, str]
    facts: list[tuple[str, str]]
    all_facts: list[tuple[str, str]]
    remarks: list[Remark]
    state: tuple[str, str]
    tiles: list[Tile]
    resolution: str
    phases: list[PhaseRow]
    overview: list[Picture]
    cpus: int
    groups: list[Group]
    tables: list[Table]
    device_tables: list[tuple[str, list[Table]]]
    observer: str | None
    data: dict[str, Any]


def section(gathered: Gathered, number: int) -> Section:
    """Turn what was gathered into words, tables and charts."""
    machine, found, frames = gathered.machine, gathered.found, gathered.frames
    stack = CPU_STACK if CPU.name in frames else CPU_STACK_OF_HOST
    overview = []
    if HOST.name in frames:
        overview = worth_telling((chart, whole(chart, frames, found)) for chart in (stack, *OVERVIEW))
    groups = [*kernel(gathered), *(group(kind, gathered) for kind in DEVICES if kind.name in found)]
    cpus = [device for device in found.get(CPU.name, {}).values() if device.key != ALL]
    start = machine.start.timestamp()
    told = remarks(machine, gathered.rows)
    pictures = [*overview, *(picture for entry in groups for charts in entry.charts for picture in charts.pictures)]
    times = {name: offsets(frame, start) for name, frame in frames.items()}
    heated = None
    if gathered.heat is not None:
        heated = heat.encoded(gathered.heat, cpus, machine.frequency)
        times[heat.TIMES] = offsets(gathered.heat, start)
    return Section(
        anchor=f"machine-{number}",
        name=machine.name,
        site=machine.site,
        labels=machine.labels,
        facts=facts(machine, found),
        all_facts=all_facts(machine),
        remarks=told,
        state=state(told),
        tiles=tiles(found),
        resolution=resolution(gathered),
        phases=phase_rows(gathered),
        overview=overview,
        cpus=len(cpus),
        groups=groups,
        tables=[table(kind, found[kind.name][WHOLE]) for kind in (HOST, SYSTEM) if WHOLE in found.get(kind.name, {})],
        device_tables=[
            (title, [table(kind, device) for device in found[kind.name].values()])
            for title, kind in (
                ("CPUs", CPU),
                *((TITLES[kind.name], kind) for kind in (DISK, NET, FILESYSTEM, CONTAINER)),
            )
            if kind.name in found
        ],
        observer=observer_cost(machine),
        data={
            "start": start,
            "end": machine.end.timestamp(),
            "period": machine.frequency,
            "x": times,
            "charts": [picture.data for picture in pictures],
            "heat": heated,
            "marks": [
                {
                    "kind": note.kind,
                    "from": note.start.timestamp(),
                    "to": note.end.timestamp() if note.end else None,
                    "text": note.text,
                }
                for note in machine.annotations
            ],
        },
    )


def phase_rows(gathered: Gathered) -> list[PhaseRow]:
    """The phases of the test beside each other."""
    compared = comparison([entry.found for entry in gathered.phases])
    return [
        PhaseRow(phase.text, span(phase.start, end), length((end - phase.start).total_seconds()), cells)
        for (phase, _), cells in zip(gathered.phases, compared, strict=True)
        if (end := phase.end)
    ]


def kernel(gathered: Gathered) -> list[Group]:
    """What the kernel counts beside the overview, folded by topic; nothing where none of it was recorded."""
    if SYSTEM.name not in gathered.frames:
        return []
    charts = []
    for topic in KERNEL:
        drawn = [whole(chart, gathered.frames, gathered.found) for chart in topic.charts]
        pictures = worth_telling(zip(topic.charts, drawn, strict=True))
        if any(picture.data for picture in pictures):
            seen = (stats_of(gathered.found, SYSTEM, WHOLE, name) for name in topic.trouble)
            charts.append(DeviceCharts(topic.title, pictures, any(stats and stats.high for stats in seen)))
    return [Group("Memory, network and files in the kernel", "", charts, [], [])] if charts else []


def group(kind: Kind, gathered: Gathered) -> Group:
    """The devices of one kind."""
    found, frames, drawn = gathered.found, gathered.frames, gathered.drawn[kind.name]
    devices = list(found[kind.name].values())
    more = [device.name for device in devices if not device.idle and device not in drawn]
    charts: list[DeviceCharts]
    if kind.name in DEVICE_CHARTS:
        first = DEVICE_CHARTS[kind.name][0]
        least = OPEN * max((activity(device, first) for device in drawn), default=0)
        charts = [
            DeviceCharts(device.name, charts_of(kind, device, gathered), activity(device, first) >= least)
            for device in drawn
        ]
    elif drawn:
        pictures = worth_telling(
            (chart, across(chart, drawn, frames, found, more)) for chart in ACROSS_DEVICES[kind.name]
        )
        charts = [DeviceCharts("", pictures, opened=True)]
    else:
        charts = []
    idle = [device.name for device in devices if device.idle]
    return Group(TITLES[kind.name], kind.description, charts, idle, more)


def charts_of(kind: Kind, device: Device, gathered: Gathered) -> list[Picture]:
    """The charts of one device."""
    return [of_device(chart, device, gathered.frames, gathered.found) for chart in DEVICE_CHARTS[kind.name]]


def resolution(gathered: Gathered) -> str:
    """What one point of a chart stands for."""
    frame = gathered.frames.get(HOST.name)
    if frame is None or not frame.width:
        return "Each point is one sample: the mean over the time since the sample before it."
    samples = round(frame.width / gathered.machine.frequency)
    return (
        f"Each point is {length(frame.width)}, {samples} samples: the line is their mean, the band reaches from the"
        " lowest to the highest, in stacked charts the thin line is the highest. Charts of devices have about half as"
        " many points. Percentiles are of all samples."
    )
