"""Samples over time, few enough to draw: bins of equal width, each with mean, lowest and highest value.

A recording of up to `POINTS` samples is taken as it is. Of a longer one the mean of a bin is drawn as the line and the
range from lowest to highest as a band, so that a peak of one second still shows in a day.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from psycopg import sql

from perfops.catalogue import Kind
from perfops.report.statistics import HOST
from perfops.store.connection import Connection
from perfops.store.derived import Figure
from perfops.store.machines import Machine

POINTS = 1000
HOLE = 2.5  # distances, in periods, above which a line is interrupted
STEPS = (2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 45, 60, 90, 120, 180, 240, 300, 600, 900, 1200, 1800, 3600)

BINNED = sql.SQL("""
    SELECT date_bin(%(width)s, "timestamp", %(start)s) AS bin, {key}, {figures}
      FROM {table}
     WHERE collection_id = %(collection)s AND "timestamp" BETWEEN %(start)s AND %(end)s {devices}
     GROUP BY 1, 2
     ORDER BY 1
""")
PLAIN = sql.SQL("""
    SELECT "timestamp", {key}, {figures}
      FROM {table}
     WHERE collection_id = %(collection)s AND "timestamp" BETWEEN %(start)s AND %(end)s {devices}
     ORDER BY 1
""")

Values = list[float | None]


@dataclass(frozen=True, slots=True)
class Line:
    """One metric of one device: a value for each time of its frame, None where there is none.

    `low` and `high` are the same lists as `mean` where each sample stands for itself.
    """

    mean: Values
    low: Values
    high: Values


@dataclass(frozen=True, slots=True)
class Frame:
    """Samples of one kind: times in Unix seconds, and lines by (device, metric).

    `width` is the seconds of a bin, 0 where each sample stands for itself. A time at which every line has None
    interrupts them: samples are missing there.
    """

    times: list[float]
    lines: dict[tuple[str, str], Line]
    width: float


def bin_width(machine: Machine, points: int = POINTS) -> float:
    """Seconds of a bin: a whole number of periods, so that no bin gets more samples than the next; 0 for no bins."""
    samples = machine.summary.samples.get("host", 0)
    if samples <= points or machine.frequency <= 0:
        return 0.0
    wanted = max(machine.seconds / machine.frequency, samples) / points
    step = next((step for step in STEPS if step >= wanted), None) or -(-wanted // STEPS[-1]) * STEPS[-1]
    return step * machine.frequency


def fetch_frame(
    connection: Connection,
    machine: Machine,
    kind: Kind,
    figures: list[Figure],
    devices: list[str],
    points: int = POINTS,
) -> Frame:
    """The figures of some devices of a kind (`[HOST]` for a kind without devices) over time."""
    width = bin_width(machine, points)
    key = sql.Identifier(kind.keys[0].name) if kind.keys else sql.Literal(HOST)
    per_bin = sql.SQL("avg({0}), min({0}), max({0})")
    query = (BINNED if width else PLAIN).format(
        key=key,
        table=sql.Identifier(kind.table),
        figures=sql.SQL(", ").join(per_bin.format(figure.value) if width else figure.value for figure in figures),
        devices=sql.SQL("AND {} = ANY(%(devices)s)").format(key) if kind.keys else sql.SQL(""),
    )
    values = {"collection": machine.collection, "start": machine.start, "end": machine.end, "devices": devices}
    rows = connection.execute(query, values | ({"width": timedelta(seconds=width)} if width else {})).fetchall()
    breaks = [note.start.timestamp() for note in machine.annotations if note.kind == "reboot"]
    period = max(width, machine.frequency)
    moments = with_holes(sorted({row[0] for row in rows}), breaks, period)
    places = {moment: place for place, moment in enumerate(moments) if isinstance(moment, datetime)}
    lines = {(device, figure.name): empty_line(len(moments), bool(width)) for device in devices for figure in figures}
    for moment, device, *cells in rows:
        place = places[moment]
        for index, figure in enumerate(figures):
            line = lines[device, figure.name]
            if width:
                line.mean[place], line.low[place], line.high[place] = cells[3 * index : 3 * index + 3]
            else:
                line.mean[place] = cells[index]
    start, end = machine.start.timestamp(), machine.end.timestamp()
    times = [
        min(max(moment.timestamp() + width / 2, start), end) if isinstance(moment, datetime) else moment
        for moment in moments
    ]
    return Frame(times, lines, width)


def empty_line(length: int, binned: bool) -> Line:
    """A line without values; one list serves all three where samples are not binned."""
    mean: Values = [None] * length
    return Line(mean, [None] * length, [None] * length) if binned else Line(mean, mean, mean)


def with_holes(moments: list[datetime], breaks: list[float], period: float) -> list[datetime | float]:
    """The moments, and between two too far apart, or on two sides of a break (Unix seconds), one more for the hole."""
    found: list[datetime | float] = list(moments[:1])
    for before, after in pairwise(moments):
        first, last = before.timestamp(), after.timestamp()
        if last - first > HOLE * period > 0 or any(first < moment <= last for moment in breaks):
            found.append((first + last) / 2)
        found.append(after)
    return found
