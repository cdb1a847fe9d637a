"""Containers, from the counters of their control groups (version 2 names)."""

from perfops.catalogue.model import Key, Kind, Metric, Unit

_SOURCE = "container/<runtime>/<id12>"


def _cpu(name: str, field: str, text: str) -> Metric:
    return Metric(name, Unit.PERCENT, f"Δ{field} ÷ (Δt × 1000000) × 100", _SOURCE, text, optional=True)


def _rate(name: str, text: str, unit: Unit) -> Metric:
    return Metric(name, unit, f"Δ{name} ÷ Δt", _SOURCE, text, optional=True)


def _level(name: str, formula: str, text: str, unit: Unit) -> Metric:
    return Metric(name, unit, formula, _SOURCE, text, optional=True)


CONTAINER = Kind(
    name="container",
    file="containers.csv",
    table="container_sample",
    description="Each container; rates are empty in its first snapshot.",
    keys=(Key("container_id", "full id of the container"),),
    details=(Key("container_name", "name given by its runtime"), Key("runtime", "docker, containerd, podman, …")),
    metrics=(
        _cpu("cpu_percent", "cpu_usage_usec", "CPU time, in percent of one core"),
        _cpu("cpu_user_percent", "cpu_user_usec", "CPU time in user programs, in percent of one core"),
        _cpu("cpu_system_percent", "cpu_system_usec", "CPU time in the kernel, in percent of one core"),
        _level("memory_current_bytes", "memory_current", "Memory in use, page cache included", Unit.BYTES),
        _level("memory_max_bytes", "memory_max", "Limit; empty where there is none", Unit.BYTES),
        _level("memory_percent", "memory_current ÷ memory_max × 100", "Share of the limit in use", Unit.PERCENT),
        _rate("io_read_bytes", "Read from block devices", Unit.BYTES_PER_SECOND),
        _rate("io_write_bytes", "Written to block devices", Unit.BYTES_PER_SECOND),
        _rate("io_read_ops", "Reads from block devices", Unit.PER_SECOND),
        _rate("io_write_ops", "Writes to block devices", Unit.PER_SECOND),
        _level("pids_current", "pids_current", "Tasks", Unit.COUNT),
        _cpu(
            "cpu_throttled_percent",
            "cpu_throttled_usec",
            "Time for which the CPU limit held it back, summed over CPUs, in percent of one core",
        ),
        Metric(
            "throttled_periods_percent",
            Unit.PERCENT,
            "Δcpu_throttled ÷ Δcpu_periods × 100, at most 100",
            _SOURCE,
            "Share of the periods of the CPU limit in which it was reached; empty where none has passed",
            optional=True,
        ),
        _level("memory_anon_bytes", "memory_anon", "Memory of programs, without files", Unit.BYTES),
        _level("memory_file_bytes", "memory_file", "Page cache and shared memory", Unit.BYTES),
        _level("pids_max", "pids_max", "Limit of tasks; empty where there is none", Unit.COUNT),
    ),
)
