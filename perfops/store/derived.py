"""Figures of views, report and comparisons: the catalogue's metrics, and what follows from several of one row."""

from dataclasses import dataclass

from psycopg import sql

from perfops.catalogue import CPU, HOST, Kind, Metric, Unit


@dataclass(frozen=True, slots=True)
class Figure:
    """A metric and the SQL that gives it from a row of its kind's table; `name` is unique in the kind."""

    metric: Metric
    value: sql.Composable

    @property
    def name(self) -> str:
        """The metric's name."""
        return self.metric.name


def column(kind: Kind, name: str) -> Figure:
    """The figure that is a metric of the catalogue."""
    metric = next(metric for metric in kind.metrics if metric.name == name)
    return Figure(metric, sql.Identifier(name))


def share_left(name: str, text: str, formula: str, *columns: str) -> Figure:
    """The figure that is 100 % less some columns; rounding in the columns may not take it below 0."""
    less = sql.SQL(" - ").join(map(sql.Identifier, columns))
    value = sql.SQL("greatest(100 - {}, 0)").format(less)
    return Figure(Metric(name, Unit.PERCENT, formula, "/proc/stat", text), value)


_WORK = "Time the CPUs worked: in programs, in the kernel and in interrupts"
_FILLED = "Time that was not idle: work, waiting for I/O and steal"
HOST_BUSY = share_left("cpu_busy", _WORK, "100 − idle − iowait − steal", "cpu_idle", "cpu_iowait", "cpu_steal")
CPU_BUSY = share_left("busy", _WORK, "100 − idle − iowait − steal", "idle", "iowait", "steal")
CPU_FILLED = share_left("filled", _FILLED, "100 − idle", "idle")
HOST_FILLED = share_left("cpu_filled", _FILLED, "100 − idle", "cpu_idle")
DERIVED = {HOST.name: (HOST_BUSY, HOST_FILLED), CPU.name: (CPU_BUSY, CPU_FILLED)}
TABLED = {HOST.name: (HOST_BUSY,), CPU.name: (CPU_BUSY,)}  # those that stand in the tables, before the catalogue's


def figure(kind: Kind, name: str) -> Figure:
    """The figure of a name, derived or the catalogue's."""
    for derived in DERIVED.get(kind.name, ()):
        if derived.name == name:
            return derived
    return column(kind, name)


def tabled(kind: Kind) -> tuple[Figure, ...]:
    """The figures of a kind's percentile table, in order."""
    return (*TABLED.get(kind.name, ()), *(column(kind, metric.name) for metric in kind.metrics))
