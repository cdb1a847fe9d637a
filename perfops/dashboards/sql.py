"""SQL that panels share, as Grafana's PostgreSQL data source expands it; nothing here needs Grafana or its SDK.

Rules: every query names its collections (constants after expansion) and bounds the time; bins count from a fixed moment
in UTC; values of variables come in as `:sqlstring`, which is right for one, several and all; within a macro's
parentheses stands neither `)` nor `,`.
"""

from collections.abc import Sequence
from typing import NamedTuple

from perfops.catalogue import CPU, Kind
from perfops.store.views import SCHEMA

WIDTH = "make_interval(secs => $__interval_ms / 1000.0)"  # of a bin: what one point of the panel stands for
ORIGIN = "timestamptz '2000-01-01 00:00:00+00'"
BIN = f'date_bin({WIDTH}, "timestamp", {ORIGIN})'
IN_TIME = '$__timeFilter("timestamp")'
EVER = 3_153_600_000  # seconds: a hundred years, which is all of any collection
# What tells a collection from all others: machines of several sites may have one name, and a machine many collections.
LABEL = "collector || ' · ' || site || ' · ' || to_char(started_at AT TIME ZONE 'UTC', 'MM-DD HH24:MI:SS')"
ONE_CPU = "cpu <> 'all'"  # all CPUs together are none of them
ALL = "*"  # what All of a variable of devices is: no device's name
PROBES = 48  # moments of a collection at which its devices are looked up
PERCENTILES = ((0.5, "P50"), (0.9, "P90"), (0.95, "P95"), (0.99, "P99"))
Percentiles = Sequence[tuple[float, str]]  # a share and its name
STATISTICS = ("mean", "min", *(name for _, name in PERCENTILES), "max")


class Column(NamedTuple):
    """A column of a query: what it is called, and the column of the view (or an expression over one row)."""

    label: str
    value: str


def view(name: str) -> str:
    """A view by the name of its table."""
    return f"{SCHEMA}.{name}"


def chosen(variable: str = "collection") -> str:
    """The values of a variable for `IN (…)`."""
    return f"${{{variable}:sqlstring}}"


def quoted(name: str) -> str:
    """A name as PostgreSQL has it for columns."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as PostgreSQL has it for values."""
    return "'" + text.replace("'", "''") + "'"


def of_collection(kind: Kind, *more: str) -> str:
    """FROM and WHERE: the rows of a kind in the chosen collections and time, and what else must hold."""
    conditions = [f"collection_id IN ({chosen()})", IN_TIME, *more]
    return f"FROM {view(kind.table)}\n WHERE " + "\n   AND ".join(conditions)


def among(kind: Kind) -> str:
    """The condition for devices: those of the variable that bears the kind's name, or, of All, each there is.

    A list of all names would be compared with every row, and lack what the variable's `devices` did not come across.
    """
    key, values = quoted(kind.keys[0].name), chosen(kind.name)
    one = f"{ONE_CPU} AND " if kind is CPU else ""
    return f"{one}({literal(ALL)} IN ({values}) OR {key} IN ({values}))"


def over_time(kind: Kind, means: Sequence[Column], *, band: bool, peaks: Sequence[Column] = (), where: str = "") -> str:
    """A row a bin: the mean of each column; with a `band` also its lowest and highest value; of `peaks` the highest."""
    cells = [f"avg({value}) AS {quoted(label)}" for label, value in means]
    if band:
        for name, function in (("low", "min"), ("high", "max")):
            cells += [f"{function}({value}) AS {quoted(f'{label} {name}')}" for label, value in means]
    cells += [f"max({value}) AS {quoted(label)}" for label, value in peaks]
    columns = ",\n       ".join([f'{BIN} AS "time"', *cells])
    more = [where] if where else []
    return f"SELECT {columns}\n  {of_collection(kind, *more)}\n GROUP BY 1\n ORDER BY 1"


def shown(value: str) -> str:
    """What a point of a line across devices is, by the variable `show`: the bin's highest, lowest or mean value."""
    name = chosen("show")
    return f"CASE {name} WHEN 'mean' THEN avg({value}) WHEN 'lowest' THEN min({value}) ELSE max({value}) END"


def across(kind: Kind, value: str, *, name: str = "", where: Sequence[str] = ()) -> str:
    """Long rows: a line for each device of a kind, each point what `show` says of its bin.

    `name` is the expression for a device's name; it is computed of the bins, of which there are fewer than of samples.
    """
    key = quoted(kind.keys[0].name)
    return (
        f'SELECT "time", {name or key} AS metric, value\n'
        f'  FROM (SELECT {BIN} AS "time", {key},\n               {shown(value)} AS value\n'
        f"  {of_collection(kind, *where)}\n GROUP BY 1, 2) AS binned\n ORDER BY 1, 2"
    )


def never_empty(known: str, *row: str, order: str, columns: str = "*") -> str:
    """The rows of a query, or where it has none the one given: of a variable without a value `IN ()` is an error.

    `columns` are those that are shown, in the `order`.
    """
    return (
        f"WITH known AS (\n{known}\n)\n"
        f"SELECT {columns} FROM (SELECT * FROM known\n"
        f" UNION ALL SELECT {', '.join(row)} WHERE NOT EXISTS (SELECT FROM known)) AS found\n ORDER BY {order}"
    )


def devices(kind: Kind, label: str = "") -> str:
    """Names of the devices of a kind, found at some moments of the collections: all rows would take too long."""
    key = quoted(kind.keys[0].name)
    start = f"c.started_at + probe * (c.ended_at - c.started_at) / {PROBES} - make_interval(secs => c.frequency)"
    one = f" AND {ONE_CPU}" if kind is CPU else ""
    known = (
        f'  SELECT DISTINCT {label or f"s.{key}"} AS "__text", s.{key} AS "__value"\n'
        f"    FROM {view('collection')} c\n"
        f"   CROSS JOIN generate_series(0, {PROBES}) AS probe\n"
        f'   CROSS JOIN LATERAL (SELECT min("timestamp") AS moment FROM {view(kind.table)}\n'
        f"         WHERE collection_id = c.id AND collection_id IN ({chosen()})\n"
        f'           AND "timestamp" BETWEEN {start} AND c.ended_at) AS found\n'
        f'    JOIN {view(kind.table)} s ON s.collection_id = c.id AND s."timestamp" = found.moment\n'
        f"   WHERE c.id IN ({chosen()}) AND s.collection_id IN ({chosen()}){one}"
    )
    return never_empty(known, literal("none"), literal("-"), order='length("__text"), 1' if kind is CPU else "1")


def whole(value: str, place: str = "", percentiles: Percentiles = PERCENTILES) -> str:
    """Aggregates of a column over all rows, exact: `n` values, mean, and one array of least, percentiles and greatest.

    The values are sorted for the percentiles, so the first and the last come for nothing.
    """
    shares = ", ".join(str(share) for share in (0, *(share for share, _ in percentiles), 1))
    return (
        f"count({value}) AS n{place}, avg({value}) AS mean{place},\n"
        f"         percentile_cont(ARRAY[{shares}]) WITHIN GROUP (ORDER BY {value}) AS shares{place}"
    )


def figures(columns: Sequence[Column], percentiles: Percentiles = PERCENTILES) -> str:
    """The aggregates of each column, numbered by its place."""
    return ",\n         ".join(whole(value, str(place), percentiles) for place, (_, value) in enumerate(columns))


def cells(percentiles: Percentiles = PERCENTILES, place: str = "") -> list[Column]:
    """The statistics by name, in order, and where `whole` has them."""
    names = ("min", *(name for _, name in percentiles), "max")
    found = [Column(name, f"shares{place}[{number}]") for number, name in enumerate(names, 1)]
    return [Column("mean", f"mean{place}"), *found]


def lines(columns: Sequence[Column]) -> str:
    """The aggregates of `figures`, a row a column: place, metric, n and the STATISTICS."""
    rows = (
        f"({place}, {literal(label)}, n{place}, " + ", ".join(value for _, value in cells(place=str(place))) + ")"
        for place, (label, _) in enumerate(columns)
    )
    names = ", ".join(["place", "metric", "n", *map(quoted, STATISTICS)])
    return "(VALUES " + ",\n         ".join(rows) + f") AS line ({names})"


def bounds(variable: str = "collection") -> str:
    """Spans that end with the chosen collections: a row each for ALL, 1H, 6H, 24H and 7D, in Unix milliseconds."""
    return spans(f"{view('collection')} WHERE id IN ({chosen(variable)})")


def spans(source: str) -> str:
    """The spans of the collections in `source`, which is what stands behind FROM."""
    hours = (("ALL", None), ("1H", 1), ("6H", 6), ("24H", 24), ("7D", 168))
    rows = ", ".join(
        f"({place}, {literal(label)}, {'NULL' if hour is None else hour}, {hour * 3600 if hour else EVER})"
        for place, (label, hour) in enumerate(hours)
    )
    start = "greatest(min(started_at), max(ended_at) - make_interval(hours => hours))"
    return (
        "SELECT label,\n"
        f"       floor(extract(epoch FROM {start}) * 1000)::bigint AS from_ms,\n"
        "       floor(extract(epoch FROM max(ended_at)) * 1000)::bigint + 1 AS to_ms,\n"
        "       last\n"
        f"  FROM (VALUES {rows}) AS span (place, label, hours, last)\n"
        f" CROSS JOIN (SELECT started_at, ended_at FROM {source}) AS held\n"
        " GROUP BY place, label, hours, last\n"
        " ORDER BY place"
    )
