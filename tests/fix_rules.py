"""What is asked of parsed SQL; statements as they reach the server, with who sends them; texts of SQL in the code."""

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
from fix_repository import ROOT
from sqlglot import exp

from perfops.catalogue import KINDS
from perfops.store.connection import Connection

SAMPLES = {kind.table for kind in KINDS}
PACKAGE = ROOT / "perfops"
OPEN = re.compile(rf"\b(FROM|JOIN|UPDATE|INTO|COPY)\s+({'|'.join(SAMPLES)}|\{{[^{{}}]*\}})")


def sources(select: exp.Select) -> list[exp.Table]:
    """Tables that stand in a SELECT's own FROM and JOINs, those of subqueries left out."""
    parts = [select.args.get("from_") or select.args.get("from"), *(select.args.get("joins") or [])]
    return [part.this for part in parts if part is not None and isinstance(part.this, exp.Table)]


def conditions(select: exp.Select) -> list[exp.Expression]:
    """What must hold of its rows: WHERE, and ON of its joins."""
    joined = [join.args["on"] for join in select.args.get("joins") or [] if join.args.get("on") is not None]
    where = select.args.get("where")
    return [*([where.this] if where else []), *joined]


def bounded(select: exp.Select, column: str, *kinds: type[exp.Expression]) -> bool:
    """Whether a condition of one of these kinds is about a column."""
    parts = [part for condition in conditions(select) for part in both_sides(condition)]
    return any(
        isinstance(part, kinds) and any(found.name == column for found in part.find_all(exp.Column)) for part in parts
    )


def both_sides(condition: exp.Expression) -> Iterator[exp.Expression]:
    """The conditions that must all hold; what stands in an OR need not."""
    if isinstance(condition, exp.And):
        yield from both_sides(condition.left)
        yield from both_sides(condition.right)
    else:
        yield condition


class Sent(NamedTuple):
    """A statement with its values, and the function that sent it."""

    function: str
    text: str


def recorded(connection: Connection) -> list[Sent]:
    """A list that gets every statement of a connection from now on."""
    found: list[Sent] = []

    def note(query: Any, values: Any = None) -> None:
        with psycopg.ClientCursor(connection) as cursor:
            text = cursor.mogrify(query, values)
        calls = (frame for frame in inspect.stack() if frame.filename.startswith(f"{PACKAGE}/"))
        caller = next(calls, None)
        if caller is not None:
            found.append(Sent(f"{Path(caller.filename).stem}.{caller.function}", text))

    class Cursor(psycopg.Cursor[Any]):
        """One that tells."""

        def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
            note(query, params)
            return super().execute(query, params, **options)

        def executemany(self, query: Any, params_seq: Any, **options: Any) -> None:
            every = list(params_seq)
            for each in every[:1]:
                note(query, each)
            super().executemany(query, every, **options)

        def copy(self, statement: Any, params: Any = None, **options: Any) -> Any:
            note(statement, params)
            return super().copy(statement, params, **options)

    class ServerCursor(psycopg.ServerCursor[Any]):
        """One on the server that tells."""

        def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
            note(query, params)
            return super().execute(query, params, **options)

    connection.cursor_factory = Cursor
    connection.server_cursor_factory = ServerCursor
    return found


def texts() -> Iterator[tuple[str, str]]:
    """Texts in the code that name samples' tables or leave a table's name open; not those of dashboards and views."""
    rooms = ("store", "receiver", "compare", "report", "cli", "fleet")
    for path in sorted(path for room in rooms for path in (PACKAGE / room).rglob("*.py")):
        if path.name in ("views.py", "grants.py", "scaleout.py") or "migrations" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and OPEN.search(node.value):
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node.value


def pattern(text: str) -> re.Pattern[str]:
    """What a text of the code looks like when its names and values are filled in."""
    parts = re.split(r"\{[^{}]*\}|%s|%\(\w+\)s", " ".join(text.split()))
    return re.compile(".*?".join(map(re.escape, parts)))
