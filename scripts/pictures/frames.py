"""What a query gives, as Grafana's PostgreSQL data source hands it to a panel: frames of typed columns."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import psycopg

TYPES = {
    "time": ("date", "timestamp", "timestamptz"),
    "number": ("int2", "int4", "int8", "float4", "float8", "numeric"),
    "boolean": ("bool",),
}
Frame = dict[str, Any]  # refId, and fields: name, type, values


def frame_of(cursor: psycopg.Cursor[Any], ref: str, shape: str) -> Frame:
    """The rows of a query as one frame; of a time series in long rows, a column for each name in `metric`."""
    columns = cursor.description or []
    rows = cursor.fetchall()
    fields = [
        {"name": column.name, "type": type_of(cursor, column.type_code), "values": [plain(row[at]) for row in rows]}
        for at, column in enumerate(columns)
    ]
    if shape == "time_series" and any(field["name"] == "metric" for field in fields):
        fields = widened(fields)
    return {"refId": ref, "fields": fields}


def type_of(cursor: psycopg.Cursor[Any], oid: int) -> str:
    """Grafana's name for a type of PostgreSQL."""
    known = cursor.connection.adapters.types.get(oid)
    name = known.name if known else ""
    return next((kind for kind, names in TYPES.items() if name in names), "string")


def plain(value: Any) -> Any:
    """A value as JSON has it: times in Unix milliseconds."""
    if isinstance(value, datetime):
        return value.timestamp() * 1000
    if isinstance(value, Decimal):
        return float(value)
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def widened(fields: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Long rows of time, metric and value as a column a metric."""
    times, names, values = (
        next(f["values"] for f in fields if f["name"] == name) for name in ("time", "metric", "value")
    )
    moments = list(dict.fromkeys(times))
    places = {moment: at for at, moment in enumerate(moments)}
    columns: dict[str, list[Any]] = {}
    for time, name, value in zip(times, names, values, strict=True):
        columns.setdefault(name, [None] * len(moments))[places[time]] = value
    wide = [{"name": name, "type": "number", "values": column} for name, column in columns.items()]
    return [{"name": "time", "type": "time", "values": moments}, *wide]
