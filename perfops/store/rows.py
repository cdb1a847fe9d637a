"""Rows of one collection and kind as they stand in the database: the first and last few, or all in order."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from perfops.catalogue import KINDS, Kind
from perfops.errors import BadInputError
from perfops.store.connection import Connection
from perfops.store.machines import Machine

SHOWN = 20  # names of devices in an error
BLOCK = 2000  # rows fetched at once
Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Ends:
    """The first and the last rows of `total`, in the order of time; none stands in both."""

    total: int
    first: list[Row]
    last: list[Row]


def find_kind(name: str, device: str | None) -> Kind:
    """The kind of a name; BadInputError where there is none, or where a device of it is asked for and it has none."""
    for kind in KINDS:
        if kind.name == name:
            if device is not None and not kind.keys:
                kinds = ", ".join(kind.name for kind in KINDS if kind.keys)
                raise BadInputError(f"samples of the kind {name} are of no device (give --kind, one of {kinds})")
            return kind
    raise BadInputError(f"no kind of sample {name!r} (try one of {', '.join(kind.name for kind in KINDS)})")


def find_ends(connection: Connection, machine: Machine, kind: Kind, device: str | None, count: int) -> Ends:
    """The first and last `count` rows of a collection."""
    source, values = selected(machine, kind, device)
    row = connection.execute(sql.SQL("SELECT count(*)") + source, values).fetchone()
    total = row[0] if row else 0
    columns, order, back = names(kind), ordered(kind, "ASC"), ordered(kind, "DESC")
    query = sql.SQL("SELECT {}{} ORDER BY {} LIMIT %(count)s")
    first = connection.execute(query.format(columns, source, order), values | {"count": min(count, total)}).fetchall()
    left = min(count, total - len(first))
    last = connection.execute(query.format(columns, source, back), values | {"count": left}).fetchall()
    return Ends(total, first, last[::-1])


def stream_rows(connection: Connection, machine: Machine, kind: Kind, device: str | None) -> Iterator[Row]:
    """All rows of a collection in the order of time, in bounded memory."""
    source, values = selected(machine, kind, device)
    query = sql.SQL("SELECT {}{} ORDER BY {}").format(names(kind), source, ordered(kind, "ASC"))
    with connection.cursor("rows") as cursor:
        cursor.itersize = BLOCK
        cursor.execute(query, values)
        yield from cursor


def selected(machine: Machine, kind: Kind, device: str | None) -> tuple[sql.Composed, dict[str, Any]]:
    """Where the rows come from, and the values of that."""
    source = sql.SQL(' FROM {} WHERE collection_id = %(collection)s AND "timestamp" BETWEEN %(start)s AND %(end)s')
    query = source.format(sql.Identifier(kind.table))
    values: dict[str, Any] = {"collection": machine.collection, "start": machine.start, "end": machine.end}
    if device is not None:
        named = (sql.Identifier(key.name) for key in (*kind.keys, *kind.details))
        query += sql.SQL(" AND %(device)s IN ({})").format(sql.SQL(", ").join(named))
        values["device"] = device
    return query, values


def names(kind: Kind) -> sql.Composed:
    """The columns of a kind."""
    return sql.SQL(", ").join(map(sql.Identifier, kind.columns))


def ordered(kind: Kind, direction: str) -> sql.Composed:
    """The order of time, and of devices within a moment."""
    keys = ("timestamp", *(key.name for key in kind.keys))
    way = sql.SQL("ASC") if direction == "ASC" else sql.SQL("DESC")
    return sql.SQL(", ").join(sql.SQL("{} {}").format(sql.Identifier(key), way) for key in keys)


def check_device(connection: Connection, machines: list[Machine], kind: Kind, device: str) -> None:
    """BadInputError where none of the collections has a row of the device; it names those there are."""
    known: dict[str, None] = {}
    for machine in machines:
        source, values = selected(machine, kind, device)
        if connection.execute(sql.SQL("SELECT 1{} LIMIT 1").format(source), values).fetchone():
            return
        source, values = selected(machine, kind, None)
        query = sql.SQL("SELECT DISTINCT {}{} ORDER BY 1").format(sql.Identifier(kind.keys[0].name), source)
        known |= dict.fromkeys(str(row[0]) for row in connection.execute(query, values))
    names = ", ".join(list(known)[:SHOWN]) or "none"
    raise BadInputError(f"no {kind.name} samples of {device!r} (there are {names})")
