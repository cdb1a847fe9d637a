"""The page: everything of a run in one HTML file that needs nothing but a browser."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.resources import files
from typing import Any

import orjson
from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

from perfops.catalogue import KINDS
from perfops.compare.pairs import Pair
from perfops.report import assets
from perfops.report.against import against
from perfops.report.gather import gather
from perfops.report.overlay import side_by_side
from perfops.report.remarks import moment, span
from perfops.report.sections import section
from perfops.report.tables import COLUMNS, COMPARED, comparison
from perfops.report.units import length
from perfops.store.connection import Connection
from perfops.store.derived import tabled
from perfops.store.machines import Machine

FEW = 3  # details of a remark that stand open
TEMPLATES = ("report.html", "machine.html", "parts.html")
MOST, LEAST, IN_ALL = 1000, 200, 8000  # points of a line, and points of one line of all machines together
BESIDE = 750  # at most, of a line of one of several: two days at 1 Hz make 1.7 MB


def build(
    connection: Connection,
    name: str,
    machines: list[Machine],
    advance: Callable[[int], None] = lambda _: None,
    pairs: Sequence[Pair] = (),
) -> str:
    """The page about `machines`, the collections of the run or collection `name`.

    With `pairs` of them it compares these: all lines count from the start of each, and the differences have a table.
    `advance` is called with the number of machines done. psycopg's errors are the caller's to explain.
    """
    several = len(machines) > 1
    points = max(LEAST, min(BESIDE if several else MOST, IN_ALL // len(machines)))
    gathered = []
    for done, machine in enumerate(machines, 1):
        gathered.append(gather(connection, machine, points))
        advance(done)
    sections = [section(entry, number) for number, entry in enumerate(gathered)]
    overlaid, elapsed = side_by_side(gathered, from_start=bool(pairs)) if several else ([], False)
    return (
        environment()
        .get_template("report.html")
        .render(
            name=name if pairs else title(name, machines),
            against=[against(connection, pair) for pair in pairs],
            subtitle=subtitle(machines),
            sections=sections,
            compared=COMPARED,
            comparison=comparison([entry.found for entry in gathered]) if several else [],
            overlaid=overlaid,
            elapsed=elapsed,
            columns=COLUMNS,
            metrics=[(kind, tabled(kind)) for kind in KINDS if any(kind.name in entry.found for entry in gathered)],
            version=version("perfops"),
            made=moment(datetime.now(UTC)),
            style=assets.style(),
            guard=assets.guard(),
            few=FEW,
            scripts=assets.scripts(),
            data=embedded(
                {"machines": [entry.data for entry in sections], "overlaid": [entry.data for entry in overlaid]}
            ),
        )
    )


def environment() -> Environment:
    """The templates, with everything escaped that is not marked as trusted."""
    loader = DictLoader({name: (files(__package__) / name).read_text(encoding="utf-8") for name in TEMPLATES})
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def embedded(data: Any) -> Markup:
    """JSON that can stand in a script element: no `<` ends it, whatever the strings hold."""
    text = orjson.dumps(data).decode()
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 (the line above is what makes it safe)


def title(name: str, machines: list[Machine]) -> str:
    """The run's name; of a collection that was asked for by its id the name of its machine."""
    return name if machines[0].run == name else machines[0].name


def subtitle(machines: list[Machine]) -> str:
    """How many machines, from when to when, and how long; of one machine its own part says that."""
    if len(machines) == 1:
        return ""
    start, end = min(machine.start for machine in machines), max(machine.end for machine in machines)
    longest = max(machine.seconds for machine in machines)
    return f"{len(machines)} machines · {span(start, end)} UTC · each at most {length(longest)}"
