"""The busiest containers of a collection, as a table and as lines."""

from perfops.catalogue import CONTAINER
from perfops.dashboards.sql import across, chosen, of_collection, quoted
from perfops.dashboards.tables.groups import CONTAINER_NAME

CHOSEN = f"container_id IN ({chosen(CONTAINER.name)})"
TOP = chosen("top")


def busiest() -> str:
    """The containers with the most CPU time of the span, by id."""
    return (
        f"container_id IN (SELECT container_id\n  {of_collection(CONTAINER, CHOSEN)}\n"
        f" GROUP BY container_id ORDER BY avg(cpu_percent) DESC NULLS LAST LIMIT {TOP})"
    )


def lines(metric: str) -> str:
    """A line for each of the busiest containers."""
    return across(CONTAINER, quoted(metric), name=CONTAINER_NAME, where=(CHOSEN, busiest()))


def top() -> str:
    """The busiest containers with their figures of the span."""
    return (
        f"SELECT {CONTAINER_NAME} AS container, runtime, avg(cpu_percent) AS cpu_mean, max(cpu_percent) AS cpu_max,\n"
        "       avg(throttled_periods_percent) AS throttled, max(memory_current_bytes) AS memory_max,\n"
        "       max(memory_max_bytes) AS memory_limit, max(memory_percent) AS memory_share,\n"
        "       avg(io_read_bytes) AS read_mean, avg(io_write_bytes) AS write_mean, max(pids_current) AS pids,\n"
        f'       min("timestamp") AS first, max("timestamp") AS last\n  {of_collection(CONTAINER, CHOSEN)}\n'
        f" GROUP BY container_id, 1, runtime\n ORDER BY cpu_mean DESC NULLS LAST\n LIMIT {TOP}"
    )
