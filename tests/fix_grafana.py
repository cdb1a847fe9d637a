"""Dashboards as Grafana has them: their queries, and these expanded as its PostgreSQL data source expands them."""

import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fix_repository import ROOT

FILES = sorted((ROOT / "grafana" / "dashboards").rglob("*.json"))
SCHEMAS = Path(os.environ.get("PERFOPS_GRAFANA_SCHEMA", ROOT.parent / "shared" / "facts" / "grafana-schema"))
needs_schemas = pytest.mark.skipif(
    not SCHEMAS.is_dir(), reason=f"no JSON Schemas of Grafana in {SCHEMAS} (set PERFOPS_GRAFANA_SCHEMA)"
)
SCREEN = 1366  # pixels of a laptop's width, which panels share
VARIABLE = re.compile(r"\$(\w+)|\$\{(\w+)(?::(\w+))?\}")
MACRO = re.compile(r"\$([_a-zA-Z0-9]+)\(([^\)]*)\)")
STEPS = (  # Grafana's roundInterval: below the first number of milliseconds the second is taken
    (10, 1), (15, 10), (35, 20), (75, 50), (150, 100), (350, 200), (750, 500), (1500, 1000), (3500, 2000), (7500, 5000),
    (12500, 10000), (17500, 15000), (25000, 20000), (45000, 30000), (90000, 60000), (210000, 120000), (450000, 300000),
    (750000, 600000), (1050000, 900000), (1500000, 1200000), (2700000, 1800000), (5400000, 3600000), (9000000, 7200000),
    (16200000, 10800000), (32400000, 21600000), (86400000, 43200000), (604800000, 86400000), (1814400000, 604800000),
)  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """One query of a dashboard: of a panel, a variable or an annotation."""

    board: str
    place: str
    sql: str
    shape: str
    points: int


@dataclass
class View:
    """What a viewer has chosen: a span of time, and a list of values for each variable.

    Of variables that have a value for All, `everything` has it where All is chosen.
    """

    start: datetime
    end: datetime
    values: dict[str, list[str]] = field(default_factory=dict)
    everything: dict[str, str] = field(default_factory=dict)


def boards() -> Iterator[dict[str, Any]]:
    """Every dashboard's JSON."""
    for path in FILES:
        yield json.loads(path.read_text(encoding="utf-8"))


def panels(board: dict[str, Any]) -> list[dict[str, Any]]:
    """Its panels, headings of rows left out."""
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def variables(board: dict[str, Any]) -> list[dict[str, Any]]:
    """Its variables."""
    return list(board["templating"]["list"])


def queries(board: dict[str, Any]) -> Iterator[Asked]:
    """Queries of its panels and annotations; those of variables are run in order, by `options`."""
    for panel in panels(board):
        points = panel.get("maxDataPoints") or SCREEN * panel["gridPos"]["w"] // 24
        for target in panel["targets"]:
            place = f"{panel['title']} {target['refId']}"
            yield Asked(board["title"], place, target["rawSql"], target["format"], int(points))
    for note in board["annotations"]["list"]:
        yield Asked(board["title"], note["name"], note["target"]["rawSql"], "annotation", 1000)


def interval(view: View, points: int) -> int:
    """Milliseconds of `$__interval`, at least the second that the data source says."""
    raw = (view.end - view.start).total_seconds() * 1000 / points
    found = next((step for limit, step in STEPS if raw < limit), 31_536_000_000)
    return max(found, 1000)


def expand(sql: str, view: View, points: int = 1000) -> str:
    """The query as it reaches the database."""
    width = interval(view, points)
    built_in = {"__interval_ms": str(width), "__interval": f"{width}ms"}

    def variable(match: re.Match[str]) -> str:
        name, form = match[1] or match[2], match[3]
        if name in built_in:
            return built_in[name]
        if name.startswith("__"):
            return match[0]
        if name in view.everything:
            return view.everything[name]  # as it stands, whatever the format
        return formatted(view.values[name], form)

    def macro(match: re.Match[str]) -> str:
        return expand_macro(match[1], match[2].split(","), view)

    expanded = MACRO.sub(macro, VARIABLE.sub(variable, sql))
    assert "$" not in expanded, expanded
    return expanded


def formatted(values: Sequence[str], form: str | None) -> str:
    """The values of a variable in a format; one that is not safe in SQL is an error here."""
    assert form == "sqlstring", form
    return ",".join("'" + value.replace("'", "''") + "'" for value in values)


def expand_macro(name: str, arguments: list[str], view: View) -> str:
    """One macro; Grafana knows no others."""
    start, end = (moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ") for moment in (view.start, view.end))
    match name:
        case "__time":
            return f'{arguments[0]} AS "time"'
        case "__timeFilter":
            return f"{arguments[0]} BETWEEN '{start}' AND '{end}'"
        case "__timeFrom":
            return f"'{start}'"
        case "__timeTo":
            return f"'{end}'"
    raise AssertionError(f"unknown macro ${name}")


def schema(name: str) -> dict[str, Any]:
    """One of Grafana's JSON Schemas."""
    found: dict[str, Any] = json.loads((SCHEMAS / f"{name}.jsonschema.json").read_text(encoding="utf-8"))
    definitions = found["definitions"]
    for owner, key in (("MatcherConfig", "options"), ("DynamicConfigValue", "value")):
        if owner in definitions:  # any value in Grafana's own types (the name of a field is a text), an object in these
            definitions[owner]["properties"][key] = {}
    if "TableCellOptions" in definitions:  # kinds of cell that several of its alternatives describe
        definitions["TableCellOptions"]["anyOf"] = definitions["TableCellOptions"].pop("oneOf")
    return found
