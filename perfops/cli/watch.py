"""perfops watch: what streams in now."""

import json as jsons
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any

import typer

from perfops.cli.options import Db, Json, parse_time

if TYPE_CHECKING:
    from perfops.store.live import Live

COLUMNS = ("collector", "site", "run", "state", "age", "lag", "every", "rate", "cpu", "memory", "gaps", "id")
NUMBERS = ("age", "lag", "every", "rate", "cpu", "memory", "gaps")


def watch(
    run: Annotated[str | None, typer.Argument(help="Only the collections of this run.", metavar="RUN")] = None,
    every: Annotated[str, typer.Option(help="How often to look: 2s, 500ms.", metavar="TIME")] = "2s",
    once: Annotated[bool, typer.Option("--once", help="Look once.")] = False,
    db: Db = None,
    json: Json = False,
) -> None:
    """Watch the machines that stream now: age of the newest sample, lag, rate, CPU, memory, gaps. Ctrl-C ends it.

    Age and lag are by the clocks of the database and of the machine. `late` is what has sent nothing for half a minute
    or three periods; what has sent nothing for an hour streams no more, and is in `perfops list` as `no end`. On a
    terminal the table is drawn anew; elsewhere it is printed again and again, as JSON in one line each.

    Example: perfops watch --once
    """
    from perfops.store.connection import database, find_target
    from perfops.store.live import find_live

    period = parse_time(every, "--every", "2s")
    target = find_target(db)
    with suppress(KeyboardInterrupt):
        while True:
            with database(target) as connection:
                found = find_live(connection, run)
            tell(found, json, clear=not once and sys.stdout.isatty())
            if once:
                return
            time.sleep(period)


def tell(found: "list[Live]", json: bool, *, clear: bool) -> None:
    """One look."""
    from perfops.cli.tables import show

    if json:
        typer.echo(jsons.dumps([facts(each) for each in found]))
        return
    if clear:
        typer.echo("\033[H\033[2J", nl=False)  # to the upper left, and clear the screen
    if found:
        show(COLUMNS, [cells(each) for each in found], NUMBERS)
    else:
        typer.echo("nothing streams now (playbooks/trickle.yml starts it; perfops list shows what is loaded)")


def cells(each: "Live") -> tuple[str, ...]:
    """A collection as a row."""
    from perfops.catalogue import Unit
    from perfops.report.units import human, length
    from perfops.store.machines import SHORTEST

    return (
        each.collector,
        each.site,
        each.run or "-",
        each.state,
        length(round(max(each.age, 0), 1)) or "0 s",
        length(round(max(each.lag, 0), 1)) or "0 s",
        length(each.frequency),
        human(each.rate, Unit.PER_SECOND),
        human(each.cpu, Unit.PERCENT),
        human(each.memory, Unit.PERCENT),
        str(each.gaps),
        str(each.collection)[:SHORTEST],
    )


def facts(each: "Live") -> dict[str, Any]:
    """A collection as JSON has it."""
    return {
        "collection": str(each.collection),
        "collector": each.collector,
        "site": each.site,
        "run": each.run,
        "state": each.state,
        "start": each.start.isoformat(),
        "end": each.end.isoformat(),
        "age_seconds": each.age,
        "lag_seconds": each.lag,
        "frequency": each.frequency,
        "rate_per_second": each.rate,
        "cpu_percent": each.cpu,
        "memory_percent": each.memory,
        "gaps": each.gaps,
    }
