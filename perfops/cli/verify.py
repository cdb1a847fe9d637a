"""perfops verify: closed books, from the sampler's ticks to the rows in the database."""

import json as jsons
from typing import TYPE_CHECKING, Annotated, Any

import typer

from perfops.cli.options import Db, Json

if TYPE_CHECKING:
    from perfops.store.books import Books
    from perfops.store.machines import Machine


def verify(
    run: Annotated[
        str, typer.Argument(help="Name of a run, or id of one collection or its beginning.", metavar="RUN|COLLECTION")
    ],
    db: Db = None,
    json: Json = False,
) -> None:
    """Check that nothing was lost on the way: each tick sampled is a row in the database or a declared gap.

    Machines that are not home are none of the database's: the run itself, and perfops settle, name them. A recording
    that was cut short is said to be.

    Of every collection and kind: rows in the database are those that processing counted, one a moment and device, and
    within start and end; the ticks that the recorder counted were all read; snapshots less segments are the host's
    rows; ticks missed are those of the gaps. One that streams in is checked as far as it has come; where nothing has
    for an hour, it needs its end record. Exit codes: 0 all closes, 1 something does not, 2 no such run or collection, 4
    the database cannot be reached or refused.

    Example: perfops verify nightly
    """
    from perfops.errors import CheckFailedError
    from perfops.store.books import check_books
    from perfops.store.connection import database, find_target
    from perfops.store.machines import find_machines

    with database(find_target(db)) as connection:
        found = [(machine, check_books(connection, machine)) for machine in find_machines(connection, run)]
    if json:
        typer.echo(jsons.dumps([facts(machine, books) for machine, books in found], indent=2))
    else:
        for machine, books in found:
            tell(machine, books)
    failed = sum(bool(books.differences) for _, books in found)
    if failed:
        raise CheckFailedError(
            f"the books of {failed} of {len(found)} collection{'s' * (len(found) != 1)} do not close"
            " (where rows are missing, load the recording again: that adds what is not there)"
        )


def tell(machine: "Machine", books: "Books") -> None:
    """A line, and one for each difference."""
    from perfops.cli.tables import counts

    summary = machine.summary
    missed = "" if summary.missed is None else f"; {summary.missed} missed"
    notes = "".join(f"; {note}" for note in books.notes)
    state = "differs" if books.differences else "closes"
    typer.echo(
        f"{state}  {machine.name} ({machine.site}) {machine.collection}: {summary.snapshots} snapshots,"
        f" rows: {counts(summary.samples)}{missed}{notes}"
    )
    for check in books.differences:
        typer.echo(f"  {check.told()}")


def facts(machine: "Machine", books: "Books") -> dict[str, Any]:
    """The checks of a collection as JSON has them."""
    return {
        "collection": str(machine.collection),
        "run": machine.run,
        "collector": machine.collector,
        "site": machine.site,
        "end": machine.end.isoformat(),
        "closes": not books.differences,
        "checks": [
            {
                "check": check.name,
                "kind": check.kind,
                "expected": check.expected,
                "found": check.found,
                "closes": check.closes,
            }
            for check in books.checks
        ],
        "notes": books.notes,
    }
