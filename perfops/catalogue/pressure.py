"""Pressure stall information (Linux 4.20 and later); columns of the system row."""

from perfops.catalogue.model import Metric, Unit


def _share(name: str, resource: str, line: str, text: str) -> Metric:
    formula = f"Δtotal of `{line}` ÷ (Δt × 1000000) × 100, at most 100"
    return Metric(name, Unit.PERCENT, formula, f"/proc/pressure/{resource}", text, optional=True)


PRESSURE = (
    _share("cpu_pressure", "cpu", "some", "Share of time in which some task waited for a CPU"),
    _share("memory_pressure", "memory", "some", "Share of time in which some task waited for memory to be freed"),
    _share("memory_pressure_full", "memory", "full", "Share of time in which all tasks with work waited for memory"),
    _share("io_pressure", "io", "some", "Share of time in which some task waited for I/O"),
    _share("io_pressure_full", "io", "full", "Share of time in which all tasks with work waited for I/O"),
)
