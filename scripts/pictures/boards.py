"""A dashboard with its choices made, its rows repeated, and the answers of the database in its panels."""

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from fix_choices import buttons, choose, run_variable
from fix_grafana import View, expand, variables
from frames import frame_of

SPACES = (32, 24)  # pixels beside the panels, and the columns of Grafana's grid
NAMED = re.compile(r"\$(?:(\w+)|\{(\w+)(?::\w+)?\})")


def filled(
    connection: psycopg.Connection[Any], board: dict[str, Any], wanted: dict[str, list[str]], span: str, width: int
) -> dict[str, Any]:
    """All that the page needs to draw a dashboard."""
    view, _ = choose(connection, board, "all", standing(board) | wanted)
    view.start, view.end = buttons(connection, board, view).get(span, lately())
    return {
        "title": board["title"],
        "from": milliseconds(view.start),
        "to": milliseconds(view.end),
        "variables": [
            told(connection, variable, view) for variable in variables(board) if variable["name"] in view.values
        ],
        "panels": [with_answers(connection, panel, each, width) for panel, each in repeated(board, view)],
        "annotations": [with_events(connection, note, view) for note in board["annotations"]["list"]],
    }


def lately() -> tuple[datetime, datetime]:
    """What is shown where there is nothing to press a button for: a quarter of an hour."""
    return datetime.now(UTC) - timedelta(minutes=15), datetime.now(UTC)


def standing(board: dict[str, Any]) -> dict[str, list[str]]:
    """What the dashboard itself says is chosen at first, All left out."""
    found = {}
    for variable in variables(board):
        value = variable.get("current", {}).get("value")
        values = [value] if isinstance(value, str) else value or []
        if variable["type"] == "custom" and "$__all" not in values:
            found[variable["name"]] = values
    return found


def told(connection: psycopg.Connection[Any], variable: dict[str, Any], view: View) -> dict[str, str]:
    """A variable as it stands above the panels: its label, and what is chosen in words."""
    values = view.values[variable["name"]]
    if variable["type"] == "query":
        options = run_variable(connection, expand(variable["query"], view))
    else:
        options = {option["value"]: option["text"] for option in variable.get("options", [])}
    everything = variable.get("multi") and len(options) == len(values)
    texts = [options.get(value, value) for value in values]
    return {"label": variable["label"], "text": "All" if everything else " + ".join(texts)}


def milliseconds(moment: datetime) -> float:
    """Unix milliseconds."""
    return moment.timestamp() * 1000


def repeated(board: dict[str, Any], view: View) -> Iterator[tuple[dict[str, Any], View]]:
    """Headings and panels in order, each with what holds for it; what is repeated stands once for each value."""
    shift = 0
    for heading, below in rows(board):
        name = heading.get("repeat") if heading else None
        places = [heading, *below] if heading else below
        height = max(bottom(panel) for panel in places) - min(panel["gridPos"]["y"] for panel in places)
        for number, value in enumerate(view.values[name] if name else [""]):
            shift += height if number else 0
            values = view.values | ({name: [value]} if name else {})
            everything = {each: text for each, text in view.everything.items() if each != name}
            for panel in places:
                moved = deepcopy(panel)
                moved["gridPos"]["y"] += shift
                yield moved, View(view.start, view.end, values, everything)


def rows(board: dict[str, Any]) -> Iterator[tuple[dict[str, Any] | None, list[dict[str, Any]]]]:
    """Headings, each with the panels under it."""
    heading, below = None, []
    for panel in board["panels"]:
        if panel["type"] == "row":
            if heading or below:
                yield heading, below
            heading, below = panel, []
        else:
            below.append(panel)
    yield heading, below


def bottom(panel: dict[str, Any]) -> int:
    """The line below a panel."""
    return int(panel["gridPos"]["y"] + panel["gridPos"]["h"])


def with_answers(connection: psycopg.Connection[Any], panel: dict[str, Any], view: View, width: int) -> dict[str, Any]:
    """A panel with its title in words and the frames of its queries."""
    points = int(panel.get("maxDataPoints") or (width - SPACES[0]) * panel["gridPos"]["w"] // SPACES[1])
    frames = []
    for target in panel.get("targets", []):
        cursor = connection.execute(expand(target["rawSql"], view, points))
        frames.append(frame_of(cursor, target["refId"], target["format"]))
    return panel | {"title": in_words(panel["title"], view), "frames": frames}


def in_words(text: str, view: View) -> str:
    """A title with what is chosen in place of names."""
    return NAMED.sub(lambda found: " + ".join(view.values.get(found[1] or found[2], [found[0]])), text)


def with_events(connection: psycopg.Connection[Any], note: dict[str, Any], view: View) -> dict[str, Any]:
    """What happened: moments and spans in Unix milliseconds."""
    cursor = connection.execute(expand(note["target"]["rawSql"], view))
    return {"name": note["name"], "colour": note["iconColor"], "frame": frame_of(cursor, "Anno", "table")}


def text_of(picture: dict[str, Any]) -> str:
    """The dashboard as the page reads it."""
    return json.dumps(picture, default=str)
