"""Options of the commands over an inventory, and what they mean to Ansible."""

import json
import shlex
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

Inventories = Annotated[
    list[str],
    typer.Option(
        "--inventory", "-i", help="The machines: a folder or file of Ansible; may be given again.", metavar="PATH"
    ),
]
Limit = Annotated[str | None, typer.Option(help="Only the machines that match.", metavar="PATTERN")]
Duration = Annotated[
    str | None, typer.Option(help="How long to sample: 90s, 10m, 1h30m; else what the inventory says.", metavar="TIME")
]
Frequency = Annotated[
    str | None, typer.Option(help="Time between two samples: 250ms, 1s; else what the inventory says.", metavar="TIME")
]
Label = Annotated[
    list[str] | None, typer.Option(help="A label of the collections; may be given again.", metavar="KEY=VALUE")
]
Run = Annotated[
    str | None,
    typer.Option(help="Name of the run; the same name again goes on with that run.", metavar="NAME"),
]
Site = Annotated[str | None, typer.Option(help="Where the machines stand.", metavar="SITE")]
Results = Annotated[
    Path | None, typer.Option(help="The folder of results; else ./results.", metavar="DIR", readable=False)
]
Extra = Annotated[
    list[str] | None,
    typer.Option(
        "--extra-vars",
        "-e",
        help="A variable of the roles, KEY=VALUE, JSON or @FILE; may be given again. A secret belongs into the"
        " environment or a vault.",
        metavar="VARIABLE",
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Show no progress.")]
Verbose = Annotated[bool, typer.Option("--verbose", help="Show what Ansible prints instead of the progress.")]
Options = Annotated[
    list[str] | None,
    typer.Argument(help="Options of ansible-playbook, behind --.", metavar="-- OPTION...", show_default=False),
]


def checked(inventories: Sequence[str]) -> list[str]:
    """The inventories; BadInputError for a path that is not there. A list of hosts has a comma."""
    from perfops.errors import BadInputError

    for path in inventories:
        if "," not in path and not Path(path).exists():
            raise BadInputError(f"no such inventory: {path} (try -i inventories/azure, or -i 192.0.2.1, with a comma)")
    return list(inventories)


def read_extra(given: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
    """Variables of -e, and files with more of them."""
    from perfops.errors import BadInputError

    found: dict[str, Any] = {}
    files = []
    for text in given:
        if text.startswith("@"):
            files.append(text)
            continue
        try:
            told = json.loads(text) if text.lstrip().startswith("{") else dict(map(split, shlex.split(text)))
        except ValueError as error:
            raise BadInputError(f"bad value for -e: {error} (try -e pcc_duration=1h)") from None
        found |= told
    return found, files


def split(word: str) -> tuple[str, str]:
    """A variable and its value; ValueError where it is none."""
    name, equals, value = word.partition("=")
    if not name or not equals:
        raise ValueError(f"{word!r} is no KEY=VALUE")
    return name, value


def name_run(run: str | None, extra: Sequence[str]) -> str:
    """The run's name: as given, else by the time of day in UTC."""
    given, _ = read_extra(extra)
    return str(run or given.get("perfops_run") or datetime.now(UTC).strftime("run-%Y%m%dT%H%M%SZ"))


def places(inventories: Sequence[str], results: Path | None) -> list[str]:
    """The words of a command line that name inventories and the folder of results."""
    return [word for path in inventories for word in ("-i", path)] + (["--results", str(results)] if results else [])
