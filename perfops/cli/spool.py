"""perfops spool: what the spool of a machine under test holds."""

import json as jsons
from pathlib import Path
from typing import Annotated, Any

import typer

from perfops.cli.options import Json
from perfops.errors import BadInputError, CheckFailedError

app = typer.Typer(no_args_is_help=True, help="Look into a spool: what pcc has sampled and not sent yet.")
Folder = Annotated[
    Path, typer.Argument(help="A spool, or the folder of one collection in it.", metavar="DIR", show_default=False)
]


def look_into(folder: Path) -> list[dict[str, Any]]:
    """What the collections in a spool are; BadInputError where it cannot be read."""
    from perfops.pcc.spoolcheck import collections_in, look

    try:
        return [look(each) for each in collections_in(str(folder))]
    except OSError as error:
        raise BadInputError(
            f"cannot read {folder}: {error.strerror} (name a spool, such as ~/.perfops/spool)"
        ) from error


def tell(found: list[dict[str, Any]], folder: Path, json: bool) -> None:
    """Print it."""
    from perfops.pcc.spoolcheck import told

    if json:
        typer.echo(jsons.dumps(found, indent=2))
    elif found:
        typer.echo("\n".join(line for each in found for line in told(each)))
    else:
        typer.echo(f"nothing is in {folder}")


@app.command("show")
def show(folder: Folder, json: Json = False) -> None:
    """Show what a spool holds: collections, segments, ticks, bytes, from when to when, gaps, quarantine, who has it.

    Segments are collection files: perfops process DIR/COLLECTION/*.json reads them. Times are in UTC.

    Example: perfops spool show spool
    """
    tell(look_into(folder), folder, json)


@app.command("check")
def check(folder: Folder, json: Json = False) -> None:
    """Show the same, and fail where a part is damaged (exit code 1). The next pcc with this spool mends and sends it.

    Example: perfops spool check spool --json
    """
    found = look_into(folder)
    tell(found, folder, json)
    damaged = sum(len(each["damaged"]) for each in found)
    if damaged:
        raise CheckFailedError(
            f"{folder} is damaged in {damaged} place{'s' * (damaged != 1)} (the next pcc mends and declares that)"
        )
