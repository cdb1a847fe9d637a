"""perfops load: collections into PostgreSQL."""

import json as jsons
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from perfops.cli.options import Db, Json

if TYPE_CHECKING:
    from perfops.store.connection import Connection
    from perfops.store.load import Loaded
    from perfops.store.sources import Source


def load(
    paths: Annotated[
        list[Path],
        typer.Argument(
            help="Each a collection: a recording (.json, .json.gz, - for standard input), a folder of perfops process,"
            " or a host.csv.",
            metavar="PATH...",
            readable=False,  # who opens it says so in one line
        ),
    ],
    collector_name: Annotated[
        str | None, typer.Option(help="Name of the machine; else the hostname in the recording.", metavar="NAME")
    ] = None,
    site_name: Annotated[
        str, typer.Option(help="Where the machine stands; name and site together tell machines apart.", metavar="SITE")
    ] = "default",
    label: Annotated[
        list[str] | None, typer.Option(help="A label of the collection; may be given again.", metavar="KEY=VALUE")
    ] = None,
    run: Annotated[str | None, typer.Option(help="The run the collection belongs to.", metavar="NAME")] = None,
    db: Db = None,
    json: Json = False,
) -> None:
    """Load collections into PostgreSQL: each whole or not at all; what is there already stays as it is.

    A longer recording of a known collection adds the rest; --run and --label are set anew where they are given. Exit
    codes: 0 done, 2 the input cannot be used, 3 this machine refused (disk full, no permission), 4 the database cannot
    be reached or refused.

    Example: perfops load results/nightly/vm-01 --collector-name vm-01 --site-name azure --run nightly
    """
    from perfops.store.connection import database, find_target

    labels = parse_labels(label or [])
    for option, value in (("--collector-name", collector_name), ("--site-name", site_name), ("--run", run)):
        check_text(option, value)
    target = find_target(db)
    if any(map(is_recording, paths)):
        with database(target):  # a long recording is not processed for a database that is not there
            pass
    done = []
    for path in paths:
        with opened(path) as source, database(target) as connection:
            started = time.monotonic()
            loaded = load_source(connection, source, collector_name, site_name, labels, run)
            connection.commit()
            seconds = time.monotonic() - started
        done.append(facts(loaded, seconds))
        if not json:
            typer.echo(told(loaded, seconds))
    if json:
        typer.echo(jsons.dumps(done, indent=2))


def load_source(
    connection: "Connection",
    source: "Source",
    collector: str | None,
    site: str,
    labels: dict[str, str],
    run: str | None,
) -> "Loaded":
    """Load with a progress bar over the bytes of the CSV files."""
    from perfops.cli.progress import advancing
    from perfops.store.load import load as load_rows

    copied = 0
    with advancing(f"loading {source.path}", source.size()) as tell:

        def advance(size: int) -> None:
            nonlocal copied
            copied += size
            tell(copied)

        return load_rows(connection, source, collector=collector, site=site, labels=labels, run=run, advance=advance)


def parse_labels(given: list[str]) -> dict[str, str]:
    """The labels of the command line."""
    from perfops.errors import BadInputError

    labels = {}
    for text in given:
        check_text("--label", text)
        key, equals, value = text.partition("=")
        if not key or not equals:
            raise BadInputError(f"bad value for --label: {text!r} (try build=42)")
        labels[key] = value
    return labels


def check_text(option: str, value: str | None) -> None:
    """BadInputError where a value is not text in UTF-8, which is all that PostgreSQL takes."""
    from perfops.errors import BadInputError

    try:
        (value or "").encode()
    except UnicodeEncodeError as error:
        raise BadInputError(f"bad value for {option}: {value!r} is not text in UTF-8 (try plain letters)") from error


def is_recording(path: Path) -> bool:
    """Whether a path is to be processed before it can be loaded."""
    try:
        return path.suffix != ".csv" and not path.is_dir()
    except OSError:  # who opens it next says why
        return True


@contextmanager
def opened(path: Path) -> Iterator["Source"]:
    """The source at a path; a recording is processed into a folder that is gone afterwards."""
    from perfops.store.sources import find_source

    if not is_recording(path):
        yield find_source(path)
        return
    from perfops.cli.progress import reading
    from perfops.errors import MachineError
    from perfops.outputs.process import process_files

    with tempfile.TemporaryDirectory(prefix="perfops-") as name:
        folder = Path(name)
        try:
            with reading([path]) as progress:
                summary = process_files([path], folder, progress=progress)
        except MachineError as error:
            raise MachineError(f"{str(error).rsplit(' (', 1)[0]} (name a roomier folder in TMPDIR)") from error
        for warning in summary.warnings:
            typer.echo(f"perfops: {warning}", err=True)
        yield replace(find_source(folder), path=path)


def facts(loaded: "Loaded", seconds: float) -> dict[str, object]:
    """A load as JSON has it."""
    return {
        "collection": str(loaded.collection),
        "collector": loaded.collector,
        "site": loaded.site,
        "new": loaded.new,
        "rows": loaded.rows,
        "moved_from": loaded.moved_from,
        "beside": loaded.beside,
        "seconds": round(seconds, 3),
    }


def told(loaded: "Loaded", seconds: float) -> str:
    """A load in one line."""
    rows = ", ".join(f"{count} {kind}" for kind, count in loaded.rows.items() if count) or "0"
    moved = f"; moved here from the run {loaded.moved_from}" if loaded.moved_from else ""
    beside = f"; beside {loaded.beside} more of {loaded.collector} in this run" if loaded.beside else ""
    return f"{loaded.collection} ({loaded.collector}, {loaded.site}): new rows: {rows}; {seconds:.2f} s{moved}{beside}"
