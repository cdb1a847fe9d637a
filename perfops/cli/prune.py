"""perfops prune: what is old goes, in the database and in the folder of results."""

import json as jsons
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from perfops.cli.options import Db, Json, parse_time

if TYPE_CHECKING:
    from perfops.outputs.results import Folder
    from perfops.store.connection import Connection
    from perfops.store.retention import Stored

RESULTS = Path("results")


class Place(StrEnum):
    """Where something can go."""

    DATABASE = "database"
    RESULTS = "results"


class Entry(NamedTuple):
    """A collection or a folder that is asked to go; `kept` says why it stays, '' where it goes."""

    thing: "Stored | Folder"
    place: Place
    run: str | None
    machine: str
    ended: datetime
    bytes: int
    kept: str


def prune(
    older_than: Annotated[
        str | None,
        typer.Option(help="What ended longer ago: 30d, 12h. A folder goes by its collection.", metavar="TIME"),
    ] = None,
    keep: Annotated[int | None, typer.Option(help="All but so many runs, the newest ones.", min=1, metavar="N")] = None,
    run: Annotated[str | None, typer.Option(help="Only of this run.", metavar="NAME")] = None,
    site: Annotated[str | None, typer.Option(help="Only of this site.", metavar="SITE")] = None,
    only: Annotated[Place | None, typer.Option(help="Only in one of the two places.")] = None,
    results: Annotated[
        Path | None,
        typer.Option(help="The folder of results; else `results` here, where there is one.", metavar="FOLDER"),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List what would go, and change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    db: Db = None,
    json: Json = False,
) -> None:
    """Remove old collections from the database, and the folders in results/ that they came from.

    What goes is what all given options hold for: --older-than 30d --keep 20 removes what is older than 30 days, and
    never anything of the 20 newest runs. A folder that is not wholly in the database stays, and it is said why; so does
    what streams or is loaded at this moment, and any file that perfops did not make. Sizes in the database are shares
    of its tables; PostgreSQL uses the room again for what is loaded next. Machines under test are cleaned by
    playbooks/clean.yml.

    Exit codes: 0 done, 1 not confirmed, 2 an option cannot be used, 3 a folder cannot be read or removed, 4 the
    database cannot be reached or refused.

    Example: perfops prune --older-than 30d --keep 20 --dry-run
    """
    from perfops.errors import BadInputError
    from perfops.store.connection import database, find_target
    from perfops.store.retention import Wanted

    if older_than is None and keep is None and run is None:
        raise BadInputError("say what is to go (try --older-than 30d, --keep 20 or --run NAME)")
    age = None if older_than is None else timedelta(seconds=parse_time(older_than, "--older-than", "30d"))
    wanted = Wanted(datetime.now(UTC) - age if age else None, keep, run, site)
    with database(find_target(db)) as connection:
        connection.commit()
        connection.autocommit = True  # each that goes is a transaction of its own
        entries = find(connection, wanted, results, only)
        going = [entry for entry in entries if not entry.kept]
        if not json:
            tell(entries)
        if going and not dry_run:
            if not yes:
                typer.confirm(f"remove these {len(going)}?", abort=True, err=json)
            entries = [carry_out(connection, entry, results or RESULTS) for entry in entries]
    if json:
        typer.echo(jsons.dumps([facts(entry, dry_run) for entry in entries], indent=2))
    elif going and not dry_run:
        tell_done(entries, going)


def find(connection: "Connection", wanted: Any, results: Path | None, only: Place | None) -> list[Entry]:
    """What is asked to go: folders first, as they are held against what is in the database."""
    from perfops.errors import MachineError
    from perfops.outputs.results import find_folders
    from perfops.store.retention import choose, ended, find_stored, why_kept

    place = results or RESULTS
    try:
        folders = find_folders(place) if results or place.is_dir() else []
    except OSError as error:
        raise MachineError(f"cannot read {error.filename or place}: {error.strerror} (see --results)") from error
    stored = find_stored(connection)
    known = {each.collection: each for each in stored}
    collections, chosen = choose(stored, folders, wanted)
    entries = []
    if only != Place.DATABASE:
        for folder in chosen:
            kept = why_kept(connection, folder)
            when = ended(folder, known)
            entries.append(Entry(folder, Place.RESULTS, folder.run, folder.machine, when, folder.bytes, kept))
    if only != Place.RESULTS:
        stay = {entry.thing.collection for entry in entries if entry.kept}
        for each in collections:
            kept = "it streams" if each.streams else "its folder stays" if each.collection in stay else ""
            entries.append(Entry(each, Place.DATABASE, each.run, each.machine, each.ended, each.bytes, kept))
    return entries


def carry_out(connection: "Connection", entry: Entry, results: Path) -> Entry:
    """Remove it, unless it stays; where it is being loaded right now it stays, too."""
    from perfops.errors import MachineError
    from perfops.outputs.results import Folder, remove_folder
    from perfops.store.retention import remove_phases, remove_unless_loading

    if entry.kept:
        return entry
    if not isinstance(entry.thing, Folder):
        if remove_unless_loading(connection, entry.thing) is None:
            return entry._replace(kept="it is being loaded")
    else:
        try:
            left = remove_folder(entry.thing)
        except OSError as error:
            raise MachineError(f"cannot remove {error.filename or entry.thing.path}: {error.strerror}") from error
        if left:
            names = ", ".join(str(path.relative_to(entry.thing.path)) for path in left)
            typer.echo(f"{entry.thing.path} stays: perfops did not make {names}", err=True)
    if entry.run is not None:
        remove_phases(connection, entry.run, results)
    return entry


def tell(entries: list[Entry]) -> None:
    """All as a table."""
    from perfops.catalogue import Unit
    from perfops.cli.tables import show
    from perfops.report.units import human

    rows = [
        (
            entry.run or "-",
            entry.machine,
            entry.place.value,
            f"{entry.ended:%Y-%m-%d %H:%M}",
            human(entry.bytes, Unit.BYTES),
            f"stays: {entry.kept}" if entry.kept else "goes",
        )
        for entry in entries
    ]
    if not rows:
        typer.echo("nothing is to go")
        return
    show(("run", "machine", "where", "ended (UTC)", "size", ""), rows, ("size",))
    for place in Place:
        going = [entry.bytes for entry in entries if entry.place is place and not entry.kept]
        if going:
            typer.echo(f"{place.value}: {len(going)} of {human(sum(going), Unit.BYTES)} in all")


def tell_done(entries: list[Entry], going: list[Entry]) -> None:
    """What went, and what did not after all."""
    late = [entry for entry in entries if entry.kept == "it is being loaded"]
    typer.echo(f"removed {len(going) - len(late)}")
    for entry in late:
        typer.echo(f"{entry.machine} of {entry.run or '-'} stays: {entry.kept}")


def facts(entry: Entry, dry_run: bool) -> dict[str, Any]:
    """An entry as JSON has it."""
    from perfops.outputs.results import Folder

    thing = entry.thing
    return {
        "place": entry.place.value,
        "run": entry.run,
        "machine": entry.machine,
        "collection": str(thing.collection) if thing.collection else None,
        "path": str(thing.path) if isinstance(thing, Folder) else None,
        "ended": entry.ended.isoformat(),
        "bytes": entry.bytes,
        "removed": not entry.kept and not dry_run,
        "kept": entry.kept or None,
    }
