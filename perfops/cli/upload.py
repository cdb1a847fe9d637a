"""perfops upload: a file to a receiver."""

import json as jsons
from pathlib import Path
from typing import Annotated

import typer

from perfops.cli.options import Json


def upload(
    file: Annotated[
        Path,
        typer.Argument(help="A host.csv or a collection, plain or gzip.", metavar="FILE", readable=False),
    ],
    server: Annotated[
        str, typer.Option(help="The receiver: a URL, or host:port for plain HTTP.", envvar="PCC_SERVER", metavar="URL")
    ],
    apikey_file: Annotated[
        Path,
        typer.Option(
            help="The file with the key; others may not read it.",
            envvar="PCC_APIKEY_FILE",
            metavar="FILE",
            readable=False,
        ),
    ],
    machine_id: Annotated[str, typer.Option(help="Name of the machine that the file is of.", metavar="NAME")],
    site: Annotated[str, typer.Option(help="Where the machine stands.", metavar="SITE")] = "default",
    cafile: Annotated[
        Path | None, typer.Option(help="Certificates (PEM) to trust instead of the system's.", metavar="FILE")
    ] = None,
    json: Json = False,
) -> None:
    """Send a file to a receiver, which loads it; the same file again changes nothing.

    Exit codes: 0 it is in the database, 2 the file, the key or a name is refused, 3 the file or the receiver cannot be
    reached, 4 the receiver cannot reach its database or has too much to do.

    Example: perfops upload results/nightly/vm-01/host.csv --server "$PCC_SERVER" --apikey-file key --machine-id vm-01
    """
    from perfops.receiver.send import send

    told = send(file, server, apikey_file, machine_id, site, cafile)
    if json:
        typer.echo(jsons.dumps(told, indent=2))
        return
    rows = ", ".join(f"{count} {kind}" for kind, count in told["rows"].items() if count) or "0"
    typer.echo(f"{told['collection']} ({told['collector']}, {told['site']}): new rows: {rows}")
