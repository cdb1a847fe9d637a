"""Options that several commands share."""

from typing import Annotated

import typer

Db = Annotated[
    str | None,
    typer.Option(
        "--db",
        help="PostgreSQL's connection string, URI or key=value; else PERFOPS_DATABASE_URL, else the PG* variables, else"
        " the embedded server. A password is better kept in the variable, a service file or ~/.pgpass.",
        metavar="URL",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
