"""Mean, extremes and percentiles of every metric and device of a collection, computed by PostgreSQL.

Each sample counts once; percentiles interpolate between the two neighbouring samples (percentile_cont).
"""

import re
from typing import Any, NamedTuple

from psycopg import sql

from perfops.catalogue import Kind
from perfops.store.connection import Connection
from perfops.store.derived import tabled
from perfops.store.machines import Machine

PERCENTILES = (0.5, 0.9, 0.95, 0.99)
HOST = ""  # the device of kinds without one
ALL = "all"  # all CPUs together

QUERY = sql.SQL("""
    SELECT {key}, {detail}, count(*), {figures}
      FROM {table}
     WHERE collection_id = %(collection)s AND "timestamp" BETWEEN %(start)s AND %(end)s
     GROUP BY 1
""")
FIGURES = sql.SQL(
    "count({0}), avg({0}), min({0}), max({0}), percentile_cont(%(percentiles)s::float8[]) WITHIN GROUP (ORDER BY {0})"
)


class Stats(NamedTuple):
    """Of one metric: `size` samples have a value; over these the mean, the extremes and the percentiles."""

    size: int
    mean: float
    low: float
    p50: float
    p90: float
    p95: float
    p99: float
    high: float


class Device(NamedTuple):
    """Statistics of a device by metric (None where no sample has a value); `name` is what people call it."""

    key: str
    name: str
    samples: int
    stats: dict[str, Stats | None]

    @property
    def idle(self) -> bool:
        """Whether nothing but zeros was seen."""
        return not any(found and (found.high or found.low) for found in self.stats.values())


def statistics(connection: Connection, machine: Machine, kind: Kind) -> list[Device]:
    """Statistics of each device of a kind in a natural order; of the one device `HOST` for kinds without devices."""
    figures = tabled(kind)
    query = QUERY.format(
        key=sql.Identifier(kind.keys[0].name) if kind.keys else sql.Literal(HOST),
        detail=sql.SQL("max({})").format(sql.Identifier(kind.details[0].name)) if kind.details else sql.NULL,
        table=sql.Identifier(kind.table),
        figures=sql.SQL(", ").join(FIGURES.format(figure.value) for figure in figures),
    )
    values = {
        "collection": machine.collection,
        "start": machine.start,
        "end": machine.end,
        "percentiles": list(PERCENTILES),
    }
    devices = []
    for key, detail, samples, *cells in connection.execute(query, values):
        stats = {figure.name: read(cells[5 * index : 5 * index + 5]) for index, figure in enumerate(figures)}
        devices.append(Device(key, detail or key, samples, stats))
    return sorted(devices, key=lambda device: (device.key != ALL, natural(device.name)))


def read(cells: list[Any]) -> Stats | None:
    """The statistics in five columns of a row: count, mean, extremes, and the array of percentiles."""
    size, mean, low, high, percentiles = cells
    if not size:
        return None
    p50, p90, p95, p99 = percentiles
    return Stats(size, mean, low, p50, p90, p95, p99, high)


def natural(name: str) -> list[tuple[str, int]]:
    """Sorting key that puts sda2 before sda10."""
    return [(text, int(number or 0)) for text, number in re.findall(r"(\D*)(\d*)", name)]
