"""All machines of a run in one chart each: who was busy when."""

from dataclasses import dataclass
from typing import Any

from perfops.catalogue import HOST
from perfops.dashboards.charts import CYCLE, Chart, traces
from perfops.report.gather import Gathered
from perfops.report.pictures import offsets, rounded
from perfops.report.statistics import HOST as WHOLE

SIDE_BY_SIDE = tuple(
    Chart(title, traces(HOST, **{name: ""}), top=top)
    for title, name, top in (
        ("CPU busy", "cpu_busy", 100),
        ("Memory used", "mem_used", None),
        ("Disk read", "disk_read_bytes", None),
        ("Disk write", "disk_write_bytes", None),
        ("Network received", "net_rx_bytes", None),
        ("Network sent", "net_tx_bytes", None),
    )
)


@dataclass(frozen=True, slots=True)
class Overlaid:
    """A chart with a line a machine; `legends` pairs names with colours."""

    title: str
    about: str
    legends: list[tuple[str, str]]
    data: dict[str, Any]


def side_by_side(gathered: list[Gathered], *, from_start: bool = False) -> tuple[list[Overlaid], bool]:
    """The charts; True where they count from each machine's own start: as asked, or as no moment is common to all."""
    drawn = [entry for entry in gathered if HOST.name in entry.frames]
    if not drawn:
        return [], False
    machines = [entry.machine for entry in drawn]
    elapsed = from_start or max(machine.start for machine in machines) >= min(machine.end for machine in machines)
    start = min(machine.start for machine in machines).timestamp()
    if elapsed:
        span = {"start": 0.0, "end": max(machine.seconds for machine in machines)}
    else:
        span = {"start": start, "end": max(machine.end for machine in machines).timestamp()}
    data = {"elapsed": elapsed, **span}
    return [overlaid(chart, drawn, None if elapsed else start, data) for chart in SIDE_BY_SIDE], elapsed


def overlaid(chart: Chart, gathered: list[Gathered], origin: float | None, data: dict[str, Any]) -> Overlaid:
    """One chart; times count from `origin`, or from the start of each machine."""
    figure = chart.traces[0].figure
    lines, legends = [], []
    for place, entry in enumerate(gathered):
        frame, name, colour = entry.frames[HOST.name], entry.machine.name, CYCLE[place % len(CYCLE)]
        times = offsets(frame, entry.machine.start.timestamp() if origin is None else origin)
        mean = rounded(frame.lines[WHOLE, figure.name].mean)
        lines.append({"label": name, "colour": colour, "x": times, "mean": mean})
        legends.append((name, colour))
    return Overlaid(
        chart.title,
        figure.metric.description,
        legends,
        data | {"unit": chart.unit.value, "top": chart.top, "lines": lines},
    )
