"""perfops report: one HTML file about a run."""

import re
from pathlib import Path
from typing import Annotated

import typer

from perfops.cli.options import Db, check_parent


def report(
    run: Annotated[
        str | None,
        typer.Argument(help="Name of a run, or id of one collection or its beginning.", metavar="RUN|COLLECTION"),
    ] = None,
    compare: Annotated[
        tuple[str, str] | None,
        typer.Option(help="Draw two runs or collections against each other instead.", metavar="BASELINE OTHER"),
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="The file to write; else report-RUN.html here.", metavar="FILE")
    ] = None,
    db: Db = None,
) -> None:
    """Draw a report: one HTML file that holds all it needs and opens in any browser, also without a network.

    With --compare all charts count from the start of each collection, and a table has the figures of both with their
    difference. Its path is the last line that is printed. Exit codes: 0 done, 2 no such run or collection, 3 the file
    cannot be written, 4 the database cannot be reached or refused.

    Example: perfops report nightly --output nightly.html
    """
    from perfops.cli.progress import advancing
    from perfops.compare.pairs import pair, tell_apart
    from perfops.errors import BadInputError
    from perfops.report.page import build
    from perfops.store.connection import database, find_target
    from perfops.store.machines import find_machines

    if (run is None) == (compare is None):
        raise BadInputError("give either a run or collection, or --compare and two of them")
    name = run or " against ".join(compare or ())
    path = output or Path(f"report-{re.sub(r'[^A-Za-z0-9._-]+', '-', name)}.html")
    check_folder(path)
    with database(find_target(db)) as connection:
        pairs = tell_apart(pair(*(find_machines(connection, side) for side in compare)).pairs) if compare else []
        machines = [side for each in pairs for side in each] if run is None else find_machines(connection, run)
        with advancing("drawing the report", len(machines)) as advance:
            text = build(connection, name, machines, advance, pairs)
    write(path, text)
    typer.echo(path.absolute())


def check_folder(path: Path) -> None:
    """BadInputError where the file could not be made, before the work is done."""
    from perfops.errors import BadInputError

    if path.is_dir():
        raise BadInputError(f"{path} is a folder (give a file: --output {path / 'report.html'})")
    check_parent(path, "file")


def write(path: Path, text: str) -> None:
    """Write the file whole or not at all: a report that is there stays until the new one is complete."""
    from perfops.errors import MachineError

    part = path.with_name(f".{path.name}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise MachineError(f"cannot write {path}: {error.strerror} (name another place in --output)") from error
