"""Options that several commands share."""

from pathlib import Path
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


def print_version(wanted: bool) -> None:
    """Print the version, and end."""
    if wanted:
        from importlib.metadata import version

        typer.echo(f"perfops {version('perfops')}")
        raise typer.Exit


def common(
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=print_version, is_eager=True)
    ] = False,
) -> None:
    """Collect, process, load and look at performance recordings of cloud VMs."""


def check_parent(path: Path, what: str) -> None:
    """BadInputError where the folder that --output, `what` in a word, is to lie in is not there, before any work."""
    from perfops.errors import BadInputError

    parent = path.absolute().parent
    if not parent.is_dir():
        raise BadInputError(f"no such folder: {parent} (make it, or name another {what} in --output)")


def check_times(duration: str | None, frequency: str | None) -> None:
    """BadInputError where one of the two that are given is no length of time."""
    for option, value, example in (("--duration", duration, "10m"), ("--frequency", frequency, "1s")):
        if value is not None:
            parse_time(value, option, example)


def parse_time(text: str, option: str, example: str) -> float:
    """Seconds of a length of time such as `10m`; BadInputError names the option and the example."""
    from perfops.errors import BadInputError
    from perfops.pcc.errors import PccError
    from perfops.pcc.units import parse_duration

    try:
        return parse_duration(text, option, example)
    except PccError as error:
        raise BadInputError(str(error)) from error
