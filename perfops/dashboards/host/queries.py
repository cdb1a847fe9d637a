"""Lines across the CPUs of a machine."""

from perfops.catalogue import CPU
from perfops.dashboards.sql import across, among, quoted

NAME = "'cpu ' || lpad(cpu, greatest(3, max(length(cpu)) OVER ()), '0')"  # so that 2 stands before 10


def cpus(metric: str) -> str:
    """A line a CPU."""
    return across(CPU, quoted(metric), name=NAME, where=[among(CPU)])
