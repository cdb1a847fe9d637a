"""Percentile tables, tiles and the comparison of machines: statistics in words."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from perfops.catalogue import HOST, SYSTEM, Kind, Unit
from perfops.report.pictures import Found, stats_of
from perfops.report.statistics import HOST as WHOLE
from perfops.report.statistics import Device, Stats
from perfops.report.units import human
from perfops.store.derived import HOST_BUSY, figure, tabled

COLUMNS = ("mean", "min", "P50", "P90", "P95", "P99", "max")


class Row(NamedTuple):
    """A metric's row: name, description, formula, and a cell for each of COLUMNS."""

    name: str
    description: str
    formula: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """The percentiles of one device, or of the machine; `zero` and `absent` name metrics always 0, and never there.

    Where nothing of a source is there, its name stands for its metrics.
    """

    title: str
    samples: int
    rows: tuple[Row, ...]
    zero: tuple[str, ...]
    absent: tuple[str, ...]


def table(kind: Kind, device: Device) -> Table:
    """The percentile table of a device."""
    rows, zero, absent = [], [], []
    for entry in tabled(kind):
        stats = device.stats[entry.name]
        if stats is None:
            absent.append(entry.name)
        elif not (stats.high or stats.low):
            zero.append(entry.name)
        else:
            rows.append(
                Row(entry.name, entry.metric.description, entry.metric.formula, cells(stats, entry.metric.unit))
            )
    return Table(device.name, device.samples, tuple(rows), tuple(zero), missing(kind, absent))


def missing(kind: Kind, absent: list[str]) -> tuple[str, ...]:
    """The metrics that are not there, or the sources in their place."""
    sources: dict[str, list[str]] = {}
    for metric in kind.metrics:
        sources.setdefault(metric.source, []).append(metric.name)
    gone = {source for source, names in sources.items() if set(names) <= set(absent)} if len(sources) > 1 else set()
    told = [metric.source if metric.source in gone else metric.name for metric in kind.metrics if metric.name in absent]
    derived = [name for name in absent if name not in {metric.name for metric in kind.metrics}]
    return tuple(dict.fromkeys(derived + told))


def cells(stats: Stats, unit: Unit) -> tuple[str, ...]:
    """The statistics in the order of COLUMNS."""
    values = (stats.mean, stats.low, stats.p50, stats.p90, stats.p95, stats.p99, stats.high)
    return tuple(human(value, unit) for value in values)


class Tile(NamedTuple):
    """A key figure: what it is, its value, what stands below it, and how it is defined."""

    label: str
    value: str
    below: tuple[str, ...]
    about: str


def tiles(found: Found) -> list[Tile]:
    """The key figures of a machine; those without a sample are left out."""
    made = []
    for name, label in (("cpu_busy", "CPU busy"), ("cpu_iowait", "I/O wait"), ("cpu_steal", "Steal")):
        if stats := stats_of(found, HOST, WHOLE, name):
            below = (f"P95 {human(stats.p95, Unit.PERCENT)}", f"max {human(stats.high, Unit.PERCENT)}")
            made.append(Tile(f"{label}, mean", human(stats.mean, Unit.PERCENT), below, about(name)))
    used, total = (stats_of(found, HOST, WHOLE, name) for name in ("mem_used", "mem_total"))
    if used and total:
        share = f"{human(100 * used.high / total.high, Unit.PERCENT)} of" if total.high else "of"
        below = (f"{share} {human(total.high, Unit.MIB)}", f"mean {human(used.mean, Unit.MIB)}")
        made.append(Tile("Memory used, max", human(used.high, Unit.MIB), below, about("mem_used")))
    for name, label in (
        ("disk_read_bytes", "Disk read"),
        ("disk_write_bytes", "Disk write"),
        ("net_rx_bytes", "Net received"),
        ("net_tx_bytes", "Net sent"),
    ):
        if stats := stats_of(found, HOST, WHOLE, name):
            unit = Unit.BYTES_PER_SECOND
            below = (f"P95 {human(stats.p95, unit)}", f"mean {human(stats.mean, unit)}")
            made.append(Tile(f"{label}, max", human(stats.high, unit), below, about(name)))
    return made


def about(name: str) -> str:
    """Description and formula of a figure of the host."""
    metric = figure(HOST, name).metric
    return f"{metric.description}: {metric.formula}"


class Compared(NamedTuple):
    """A column of the comparison: what it says, how it is defined, and which statistic it takes."""

    title: str
    about: str
    unit: Unit
    pick: Callable[[Found], float | None]


class Cell(NamedTuple):
    """A cell of the comparison; `share` is the percentage of the column's largest value."""

    text: str
    share: float


def picked(kind: Kind, name: str, statistic: str) -> Callable[[Found], float | None]:
    """A function that takes one statistic of a figure of the machine as a whole."""

    def pick(found: Found) -> float | None:
        stats = stats_of(found, kind, WHOLE, name)
        return None if stats is None else float(getattr(stats, statistic))

    return pick


def compared(title: str, kind: Kind, name: str, statistic: str) -> Compared:
    """A column about one statistic of a figure."""
    metric = figure(kind, name).metric
    return Compared(title, f"{metric.description}: {metric.formula}", metric.unit, picked(kind, name, statistic))


COMPARED = (
    compared("CPU busy mean", HOST, HOST_BUSY.name, "mean"),
    compared("CPU busy P95", HOST, HOST_BUSY.name, "p95"),
    compared("I/O wait mean", HOST, "cpu_iowait", "mean"),
    compared("Steal mean", HOST, "cpu_steal", "mean"),
    compared("Memory used max", HOST, "mem_used", "high"),
    compared("Share of memory", SYSTEM, "mem_used_percent", "high"),
    compared("Disk read P95", HOST, "disk_read_bytes", "p95"),
    compared("Disk write P95", HOST, "disk_write_bytes", "p95"),
    compared("Net received P95", HOST, "net_rx_bytes", "p95"),
    compared("Net sent P95", HOST, "net_tx_bytes", "p95"),
)


def comparison(machines: list[Found]) -> list[list[Cell]]:
    """The cells of COMPARED for each machine."""
    columns = []
    for column in COMPARED:
        values = [column.pick(found) for found in machines]
        most = max((value for value in values if value is not None), default=0.0)
        columns.append(
            [Cell(human(value, column.unit), round(100 * value / most, 1) if value and most else 0) for value in values]
        )
    return [list(row) for row in zip(*columns, strict=True)]
