"""What a viewer chooses in a dashboard: a value of each variable, and a span of time."""

from datetime import UTC, datetime
from typing import Any

import psycopg
from fix_grafana import View, expand, panels, variables

from perfops.dashboards.uids import SOURCE_TYPE


def choose(
    connection: psycopg.Connection[Any], board: dict[str, Any], mode: str, wanted: dict[str, list[str]]
) -> tuple[View, list[str]]:
    """What a viewer chose in every variable: what is wanted, else the first, the first two, or all; and what was asked.

    The queries of variables are run in their order, as those further down depend on those above.
    """
    view, asked = View(datetime.now(UTC), datetime.now(UTC)), []
    for variable in variables(board):
        name = variable["name"]
        if variable["type"] == "datasource":
            assert variable["query"] == SOURCE_TYPE
            continue
        if variable["type"] == "query":
            asked.append(expand(variable["query"], view))
            options = list(run_variable(connection, asked[-1]))
        elif variable["type"] == "custom":
            options = [option["value"] for option in variable["options"]]
        else:
            options = [variable["query"] if isinstance(variable.get("query"), str) else ""]
        count = {"single": 1, "multi": 2, "all": len(options)}[mode] if variable.get("multi") else 1
        assert options, name
        view.values[name] = wanted[name] if name in wanted else options[:count]
        assert set(view.values[name]) <= set(options), name
        if "allValue" in variable and mode == "all" and name not in wanted:
            view.everything[name] = variable["allValue"]
    return view, asked


def run_variable(connection: psycopg.Connection[Any], sql: str) -> dict[str, str]:
    """Values of a variable in order, each with the text that stands for it."""
    cursor = connection.execute(sql)
    names = [column.name for column in cursor.description or ()]
    value, text = ((names.index(name) if name in names else 0) for name in ("__value", "__text"))
    return {str(row[value]): str(row[text]) for row in cursor}


def spans(
    connection: psycopg.Connection[Any], board: dict[str, Any], view: View
) -> dict[str, tuple[datetime, datetime]]:
    """What the buttons of a dashboard lead to."""
    found = buttons(connection, board, view)
    assert list(found) == ["ALL", "1H", "6H", "24H", "7D"]
    return found


def buttons(
    connection: psycopg.Connection[Any], board: dict[str, Any], view: View
) -> dict[str, tuple[datetime, datetime]]:
    """The buttons that a dashboard has just now, none where no collection is chosen, and what they lead to."""
    (span,) = [panel for panel in panels(board) if panel["title"] == "Span"]
    rows = connection.execute(expand(span["targets"][0]["rawSql"], view)).fetchall()
    return {row[0]: tuple(datetime.fromtimestamp(part / 1000, UTC) for part in row[1:3]) for row in rows}  # type: ignore[misc]
