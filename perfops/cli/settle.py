"""perfops settle: what a run has brought home, processed and loaded in one go."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from perfops.cli.options import Db

if TYPE_CHECKING:
    from perfops.errors import PerfopsError

JOURNALS = ".hosts"  # in a run's folder: a file a machine, as the playbooks write them
SEGMENTS = "[0-9]*.json"


class Step(StrEnum):
    """What is done of it."""

    PROCESS = "process"
    LOAD = "load"


def settle(
    folder: Annotated[Path, typer.Argument(help="The run's folder, such as results/nightly.", metavar="FOLDER")],
    only: Annotated[Step | None, typer.Option(help="One of both steps alone.")] = None,
    db: Db = None,
) -> None:
    """Process and load what a run of the playbooks has brought home: all its machines in one go.

    A recording that cannot be used costs only itself: the others are done all the same, and then it is told.
    Exit codes: 0 done, 2 no run, or a recording that cannot be used, 3 this machine refused (disk full, no permission),
    4 the database cannot be reached or refused.

    Example: perfops settle results/nightly
    """
    from perfops.errors import BadInputError

    run, machines = read_run(folder)
    refused: list[PerfopsError] = []
    for step in Step if only is None else (only,):
        for machine in machines:
            try:
                if step is Step.PROCESS:
                    process(machine)
                else:
                    load(machine, run, db)
            except BadInputError as error:
                refused.append(error)
    if refused:
        raise BadInputError("; ".join(map(str, refused)))


def read_run(folder: Path) -> tuple[str, list[dict[str, Any]]]:
    """The run's name, and what is noted of the machines whose recording is home."""
    import json

    from perfops.errors import BadInputError

    try:
        run = str(json.loads((folder / "run.json").read_bytes())["run"])
        noted = [json.loads(path.read_bytes()) for path in sorted((folder / JOURNALS).glob("*.json"))]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInputError(f"no run in {folder}: {error} (name a folder that collect.yml has made)") from error
    return run, [machine for machine in noted if machine.get("home") and Path(machine["home"]).is_file()]


def recordings(machine: dict[str, Any]) -> list[Path]:
    """The files of a machine's recording; of a streamed one what was not sent."""
    home = Path(machine["home"])
    return sorted((home.parent / "spool").glob(SEGMENTS)) if machine["mode"] == "trickle" else [home]


def process(machine: dict[str, Any]) -> None:
    """Turn a recording into CSV files."""
    from perfops.cli import process as command
    from perfops.outputs.process import process_files

    if files := recordings(machine):
        summary = process_files(files, files[0].parent)
        for warning in summary.warnings:
            typer.echo(f"perfops: {machine['collector']}: {warning}", err=True)
        typer.echo(f"{files[0].parent}: {command.told(summary)}")


def load(machine: dict[str, Any], run: str, db: str | None) -> None:
    """Load the CSV files of a recording; of a streamed one say how the sending went."""
    from perfops.cli import load as command

    files = recordings(machine)
    if said := machine.get("said"):
        typer.echo(f"{machine['collector']}: {said}")
    if files:
        command.load([files[0].parent], collector_name=machine["collector"], site_name=machine["site"], run=run, db=db)
