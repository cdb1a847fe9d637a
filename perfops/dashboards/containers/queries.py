"""The busiest containers of a collection, as a table and as lines."""

from perfops.catalogue import CONTAINER
from perfops.dashboards.sql import BIN, among, chosen, of_collection, quoted, shown
from perfops.dashboards.tables.groups import CONTAINER_NAME, ONE_CONTAINER

CHOSEN = among(CONTAINER)
TOP = chosen("top")


def lines(metric: str) -> str:
    """A line for each of the containers with the most CPU time of the span; the samples are read once."""
    return (
        f'WITH binned AS (\n  SELECT {BIN} AS "time", container_id, min(container_name) AS container_name,\n'
        f"         {shown(quoted(metric))} AS value, sum(cpu_percent) AS cpu, count(cpu_percent) AS n\n"
        f"    {of_collection(CONTAINER, CHOSEN)}\n   GROUP BY 1, 2\n),\n"
        "best AS (\n  SELECT container_id AS id FROM binned GROUP BY 1\n"
        f"   ORDER BY sum(cpu) / nullif(sum(n), 0) DESC NULLS LAST LIMIT {TOP}\n)\n"
        f'SELECT "time", {CONTAINER_NAME} AS metric, value\n'
        "  FROM binned JOIN best ON best.id = container_id\n ORDER BY 1, 2"
    )


def top() -> str:
    """The busiest containers with their figures of the span."""
    return (
        f"SELECT {ONE_CONTAINER} AS container, min(runtime) AS runtime,\n"
        "       avg(cpu_percent) AS cpu_mean, max(cpu_percent) AS cpu_max,\n"
        "       avg(throttled_periods_percent) AS throttled, max(memory_current_bytes) AS memory_max,\n"
        "       max(memory_max_bytes) AS memory_limit, max(memory_percent) AS memory_share,\n"
        "       avg(io_read_bytes) AS read_mean, avg(io_write_bytes) AS write_mean, max(pids_current) AS pids,\n"
        f'       min("timestamp") AS first, max("timestamp") AS last\n  {of_collection(CONTAINER, CHOSEN)}\n'
        f" GROUP BY container_id\n ORDER BY cpu_mean DESC NULLS LAST\n LIMIT {TOP}"
    )
