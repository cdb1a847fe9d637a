"""perfops list: what is loaded."""

import json as jsons
from typing import TYPE_CHECKING, Annotated, Any

import typer

from perfops.cli.options import Db, Json

if TYPE_CHECKING:
    from perfops.store.connection import Connection
    from perfops.store.listing import Listed, Listing

NUMBERS = ("length", "every", "samples", "missed", "gaps")


def list_collections(
    collector: Annotated[str | None, typer.Option(help="Only those of this machine.", metavar="NAME")] = None,
    site: Annotated[str | None, typer.Option(help="Only those of this site.", metavar="SITE")] = None,
    run: Annotated[str | None, typer.Option(help="Only those of this run.", metavar="NAME")] = None,
    label: Annotated[
        list[str] | None, typer.Option(help="Only those with this label; may be given again.", metavar="KEY=VALUE")
    ] = None,
    limit: Annotated[int, typer.Option(help="How many at most.", min=1, metavar="N")] = 20,
    db: Db = None,
    json: Json = False,
) -> None:
    """List the collections in the database, the newest first. Times are in UTC; samples are rows of the host.

    Example: perfops list --site azure --limit 5
    """
    from perfops.cli.load import parse_labels
    from perfops.store.connection import database, find_target
    from perfops.store.listing import list_collections as find

    labels = parse_labels(label or [])
    with database(find_target(db)) as connection:
        listing = find(connection, collector=collector, site=site, run=run, labels=labels, limit=limit)
        if json:
            typer.echo(jsons.dumps([facts(found) for found in listing.found], indent=2))
        elif listing.found:
            show(listing)
        else:
            typer.echo(nothing(connection))


def show(listing: "Listing") -> None:
    """The list as a table, and how many more there are."""
    from perfops.cli.tables import show as show_table

    columns = (
        "run",
        "collector",
        "site",
        "start",
        "length",
        "every",
        "samples",
        "missed",
        "gaps",
        "mode",
        "state",
        "id",
    )
    show_table(columns, [cells(found) for found in listing.found], NUMBERS)
    if listing.total > len(listing.found):
        typer.echo(f"{len(listing.found)} of {listing.total} collections (--limit {listing.total} for all)")


def cells(found: "Listed") -> tuple[str, ...]:
    """A collection as a row of the table; the beginning of the id can stand for it."""
    from perfops.report.units import length
    from perfops.store.machines import SHORTEST
    from perfops.store.states import told

    return (
        found.run or "-",
        found.collector,
        found.site,
        f"{found.start:%Y-%m-%d %H:%M}",
        length(found.seconds) or "0 s",
        length(found.frequency) if found.frequency else "-",
        str(found.samples.get("host", 0)),
        "-" if found.missed is None else str(found.missed),
        str(found.gaps),
        found.mode,
        told(found.state, found.end_reason),
        str(found.collection)[:SHORTEST],
    )


def facts(found: "Listed") -> dict[str, Any]:
    """A collection as JSON has it."""
    return {
        "collection": str(found.collection),
        "run": found.run,
        "collector": found.collector,
        "site": found.site,
        "mode": found.mode,
        "start": found.start.isoformat(),
        "end": found.end.isoformat(),
        "seconds": found.seconds,
        "frequency": found.frequency,
        "state": found.state,
        "complete": found.complete,
        "end_reason": found.end_reason,
        "labels": found.labels,
        "snapshots": found.snapshots,
        "samples": found.samples,
        "missed": found.missed,
        "gaps": found.gaps,
    }


def nothing(connection: "Connection") -> str:
    """What to say of an empty list."""
    from perfops.store.listing import is_empty

    if is_empty(connection):
        return "nothing is loaded yet (try perfops load RECORDING)"
    return "no collection matches (perfops list shows the newest of all)"
