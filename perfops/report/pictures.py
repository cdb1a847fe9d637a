"""Charts filled with the samples of one machine: what the page says around them, and the numbers its script draws."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from perfops.catalogue import CPU, Kind
from perfops.dashboards.charts import CYCLE, Chart, Trace
from perfops.report.frames import Frame, Line, Values
from perfops.report.statistics import ALL, HOST, Device, Stats
from perfops.report.units import human
from perfops.store.derived import Figure

FIGURES = 4  # significant ones of a number in the page

Frames = dict[str, Frame]  # by kind
Found = dict[str, dict[str, Device]]  # by kind, then by key of the device


class Candidate(NamedTuple):
    """A line that a chart may have."""

    label: str
    colour: str
    kind: Kind
    figure: Figure
    device: str


@dataclass(frozen=True, slots=True)
class Legend:
    """A line of a chart in words."""

    label: str
    colour: str
    description: str
    formula: str
    mean: str
    high: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart as the template needs it; `data` goes to the script, and is None where there is nothing to draw.

    `zero`, `absent` and `more` name the lines left out: always 0, without a value, and too many.
    """

    title: str
    spoken: str
    legends: tuple[Legend, ...]
    zero: tuple[str, ...]
    absent: tuple[str, ...]
    more: tuple[str, ...]
    data: dict[str, Any] | None

    @property
    def recorded(self) -> bool:
        """Whether there is anything to draw or to say: a line, or one that is always 0."""
        return self.data is not None or bool(self.zero)


def worth_telling(drawn: Iterable[tuple[Chart, Picture]]) -> list[Picture]:
    """The pictures without those of optional charts of which nothing was recorded."""
    return [picture for chart, picture in drawn if picture.recorded or not chart.optional]


def whole(chart: Chart, frames: Frames, found: Found) -> Picture:
    """The chart for the machine as a whole."""
    return picture(chart, [candidate(trace, whole_device(trace)) for trace in chart.traces], frames, found)


def of_device(chart: Chart, device: Device, frames: Frames, found: Found) -> Picture:
    """The chart for one device."""
    return picture(chart, [candidate(trace, device.key) for trace in chart.traces], frames, found)


def across(chart: Chart, devices: list[Device], frames: Frames, found: Found, more: list[str]) -> Picture:
    """The chart with a line for each device; `more` names those beyond what a chart can hold."""
    trace = chart.traces[0]
    lines = [
        Candidate(device.name, CYCLE[place % len(CYCLE)], trace.kind, trace.figure, device.key)
        for place, device in enumerate(devices)
    ]
    return picture(chart, lines, frames, found, tuple(more))


def candidate(trace: Trace, device: str) -> Candidate:
    """The line of a trace for a device."""
    return Candidate(trace.label, trace.colour, trace.kind, trace.figure, device)


def whole_device(trace: Trace) -> str:
    """The device that stands for the machine as a whole."""
    return ALL if trace.kind is CPU else HOST


def stats_of(found: Found, kind: Kind, device: str, name: str) -> Stats | None:
    """Statistics of a metric of a device; None where there are none."""
    entry = found.get(kind.name, {}).get(device)
    return entry.stats.get(name) if entry else None


def picture(
    chart: Chart, candidates: list[Candidate], frames: Frames, found: Found, more: tuple[str, ...] = ()
) -> Picture:
    """The chart with those lines that are not 0 all the time."""
    seen = [(line, stats_of(found, line.kind, line.device, line.figure.name)) for line in candidates]
    drawn = [(line, stats) for line, stats in seen if stats and (stats.high or stats.low)]
    legends = tuple(legend(line, stats) for line, stats in drawn)
    return Picture(
        title=chart.title,
        spoken=spoken(chart, legends),
        legends=legends,
        zero=tuple(line.label for line, stats in seen if stats and not (stats.high or stats.low)),
        absent=tuple(line.label for line, stats in seen if stats is None),
        more=more,
        data=encoded(chart, [line for line, _ in drawn], frames, found) if drawn else None,
    )


def legend(line: Candidate, stats: Stats) -> Legend:
    """A line in words."""
    metric = line.figure.metric
    return Legend(
        label=line.label,
        colour=line.colour,
        description=metric.description,
        formula=metric.formula,
        mean=human(stats.mean, metric.unit),
        high=human(stats.high, metric.unit),
    )


def spoken(chart: Chart, legends: tuple[Legend, ...]) -> str:
    """The chart for those who do not see it."""
    kind = "stacked areas" if chart.stacked else "lines"
    lines = "; ".join(f"{entry.label}: mean {entry.mean}, highest {entry.high}" for entry in legends)
    return f"{chart.title} over time, {kind}. {lines}. The percentile tables hold the figures."


def encoded(chart: Chart, lines: list[Candidate], frames: Frames, found: Found) -> dict[str, Any]:
    """What the script needs: `x` names the times; a line has its mean and, where binned, lowest and highest values."""
    base = frames[lines[0].kind.name]
    top = chart.top
    if chart.top_of and (total := stats_of(found, chart.top_of.kind, HOST, chart.top_of.figure.name)):
        top = total.high
    data: dict[str, Any] = {
        "x": lines[0].kind.name,
        "unit": chart.unit.value,
        "stacked": chart.stacked,
        "top": top,
        "lines": [],
    }
    for line in lines:
        values = aligned(frames[line.kind.name], line, base)
        entry: dict[str, Any] = {"label": line.label, "colour": line.colour, "mean": rounded(values.mean)}
        if base.width and not chart.stacked:
            entry |= {"low": rounded(values.low), "high": rounded(values.high)}
        data["lines"].append(entry)
    if chart.stacked and chart.peak and base.width:
        peak = candidate(chart.peak, whole_device(chart.peak))
        data["peak"] = {
            "label": f"highest {peak.label}",
            "colour": peak.colour,
            "mean": rounded(aligned(frames[peak.kind.name], peak, base).high),
        }
    return data


def aligned(frame: Frame, line: Candidate, base: Frame) -> Line:
    """The line at the times of another frame; None where its own has no such time."""
    found = frame.lines[line.device, line.figure.name]
    if frame is base or frame.times == base.times:
        return found
    places = {moment: place for place, moment in enumerate(frame.times)}
    order = [places.get(moment) for moment in base.times]
    mean, low, high = (
        [None if place is None else values[place] for place in order] for values in (found.mean, found.low, found.high)
    )
    return Line(mean, low, high)


def rounded(values: Values) -> list[float | int | None]:
    """The values with as many figures as a screen can show."""
    found: list[float | int | None] = []
    for value in values:
        if value is None:
            found.append(None)
            continue
        short = float(f"{value:.{FIGURES}g}")
        found.append(int(short) if short.is_integer() else short)
    return found


def offsets(frame: Frame, start: float) -> list[float]:
    """The times of a frame in seconds since `start`, to the millisecond."""
    return [int(value) if value.is_integer() else value for value in (round(time - start, 3) for time in frame.times)]
