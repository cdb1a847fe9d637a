"""perfops settle: what a run has brought home, processed and loaded in one go."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from perfops.cli.options import Db

if TYPE_CHECKING:
    from perfops.errors import PerfopsError

SEGMENTS = "[0-9]*.json"
HOMES = {"local": ("collection.json", "collection.json.gz"), "trickle": ("streamed.json",)}  # what says it is home


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

    A recording that cannot be used costs only itself: the others are done all the same, and then it is told. Machines
    that are not home are named. Exit codes: 0 done, 2 no run, none of it home, or a recording that cannot be used, 3
    this machine refused (disk full, no permission), 4 the database cannot be reached or refused.

    Example: perfops settle results/nightly
    """
    from perfops.errors import BadInputError

    run, machines, away = read_run(folder)
    if not machines:
        names = f": no recording of {', '.join(away)}" if away else ""
        raise BadInputError(f"nothing is home of the run {run} in {folder}{names} (go on with the run first)")
    for name in away:
        typer.echo(f"perfops: {name} is not home", err=True)
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


def read_run(folder: Path) -> tuple[str, list[dict[str, Any]], list[str]]:
    """The run's name, what is noted of the machines whose recording is home, and the names of those that are not."""
    import json

    from perfops.errors import BadInputError
    from perfops.outputs.journals import JOURNALS, MANIFEST

    try:
        told = json.loads((folder / MANIFEST).read_bytes())
        run, names = str(told["run"]), set(told.get("hosts") or {})
        noted = {path.stem: json.loads(path.read_bytes()) for path in sorted((folder / JOURNALS).glob("*.json"))}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInputError(f"no run in {folder}: {error} (name a folder that collect.yml has made)") from error
    found = {name: machine | {"home": home} for name, machine in noted.items() if (home := home_of(folder, machine))}
    pruned = {name for name, machine in noted.items() if machine.get("pruned")}
    return run, list(found.values()), sorted((names | set(noted)) - set(found) - pruned)


def home_of(folder: Path, machine: dict[str, Any]) -> Path | None:
    """A machine's recording, None where it is not home: in the run's folder, which may have been moved, or as noted."""
    if not machine.get("home"):
        return None
    here = [folder / machine["collector"] / name for name in HOMES[machine["mode"]]]
    return next((path for path in (*here, Path(machine["home"])) if path.is_file()), None)


def recordings(machine: dict[str, Any]) -> list[Path]:
    """The files of a machine's recording; of a streamed one what was not sent."""
    home: Path = machine["home"]
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
