"""perfops apikey: the keys of the receiver."""

import json as jsons
from pathlib import Path
from typing import Annotated

import typer

from perfops.cli.options import Json

app = typer.Typer(help="The receiver's API keys: make, list and revoke them.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="Name of the key, to know it by.", metavar="NAME")]


@app.command()
def create(
    name: Name,
    collector: Annotated[
        list[str] | None,
        typer.Option(
            help="A collector that the key may write, by its identifier; may be given again. Without, all of them.",
            metavar="NAME",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(help="Write the key to this file, which others cannot read, instead.", metavar="FILE"),
    ] = None,
) -> None:
    """Make a key and print it, once: the file PCD_APIKEYS_FILE (else apikeys in PCD_HOME) keeps its hash alone.

    Example: perfops apikey create vm-01 --collector vm-01 --output /tmp/vm-01.key
    """
    from perfops.errors import PerfopsError
    from perfops.receiver import keys
    from perfops.receiver.settings import find_keys

    if output is None:
        typer.echo(keys.create(find_keys(), name, collector or []))
        return
    made = not output.exists()
    keys.open_private(output).close()  # before there is a key that nobody would have
    try:
        key = keys.create(find_keys(), name, collector or [])
    except PerfopsError:
        if made:
            output.unlink()
        raise
    keys.write_private(output, key)


@app.command("list")
def list_keys(json: Json = False) -> None:
    """List the keys: name, when each was made, and which collectors it may write.

    Example: perfops apikey list
    """
    from perfops.receiver.settings import find_keys

    path = find_keys()
    from perfops.receiver.keys import read_keys

    found = read_keys(path) if path.exists() else []
    rows = [
        {"name": key.name, "created": key.created, "collectors": sorted(key.collectors) if key.collectors else None}
        for key in found
    ]
    if json:
        typer.echo(jsons.dumps(rows, indent=2))
        return
    for key in found:
        bound = ", ".join(sorted(key.collectors)) if key.collectors else "all collectors"
        typer.echo(f"{key.name}  {key.created or '-'}  {bound}")


@app.command()
def revoke(name: Name) -> None:
    """Take a key away; running receivers refuse it from their next request on.

    Example: perfops apikey create old > /dev/null && perfops apikey revoke old
    """
    from perfops.receiver import keys
    from perfops.receiver.settings import find_keys

    keys.revoke(find_keys(), name)
    typer.echo(f"revoked {name}")
