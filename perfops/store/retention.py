"""What may go, of collections and of the folders they were loaded from: by age, by number of runs, by run and site."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from psycopg import sql

from perfops.catalogue import KINDS
from perfops.outputs.journals import MANIFEST
from perfops.outputs.results import Folder
from perfops.store.books import check_books
from perfops.store.connection import Connection
from perfops.store.machines import Machine, find_machines
from perfops.store.remove import remove
from perfops.store.scaleout import table_size
from perfops.store.states import LATE, LIVE, STATE
from perfops.store.streams import MODE

FIND = sql.SQL("""
    SELECT collection.id, collector.name, collector.site, collection.run, collection.ended_at, collection.loaded_at,
           {state},
           collection.summary -> 'samples'
      FROM collection JOIN collector ON collector.id = collection.collector_id
     ORDER BY collection.ended_at DESC, collector.name, collection.id
""").format(state=STATE)


@dataclass(frozen=True, slots=True)
class Stored:
    """A collection in the database; `bytes` is its share of the tables, by its rows. `streams`: more may come of it."""

    collection: UUID
    machine: str
    site: str
    run: str | None
    ended: datetime
    loaded: datetime
    streams: bool
    bytes: int

    @property
    def group(self) -> str:
        """What counts as a run: one without a name counts for itself."""
        return self.run if self.run is not None else str(self.collection)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked to go: what is older than a moment, and not of the `keep` newest runs, of a run, of a site."""

    before: datetime | None = None
    keep: int | None = None
    run: str | None = None
    site: str | None = None


def find_stored(connection: Connection) -> list[Stored]:
    """All collections, the newest first."""
    rows = connection.execute(FIND).fetchall()
    totals = {kind.name: max(sum(row[-1].get(kind.name, 0) for row in rows), 1) for kind in KINDS}
    sizes = {kind.name: table_size(connection, kind.table) for kind in KINDS}
    found = []
    for collection, machine, site, run, end, loaded, state, samples in rows:
        size = round(sum(sizes[name] * count / totals[name] for name, count in samples.items()))
        found.append(Stored(collection, machine, site, run, end, loaded, state in (LIVE, LATE), size))
    return found


def choose(stored: Sequence[Stored], folders: Sequence[Folder], wanted: Wanted) -> tuple[list[Stored], list[Folder]]:
    """Those for which all holds that is asked; the newest runs are counted over both places."""
    known = {each.collection: each for each in stored}
    ends: dict[str, datetime] = {}
    for name, end in (
        *((each.group, each.ended) for each in stored),
        *((folder.run, ended(folder, known)) for folder in folders),
    ):
        ends[name] = max(end, ends.get(name, end))
    newest = set(sorted(ends, key=lambda name: ends[name], reverse=True)[: wanted.keep or 0])

    def fits(group: str, of: Stored | None, end: datetime) -> bool:
        return (
            (wanted.before is None or end < wanted.before)
            and group not in newest
            and wanted.run in (None, group)
            and (wanted.site is None or (of is not None and of.site == wanted.site))
        )

    return (
        [each for each in stored if fits(each.group, each, each.ended)],
        [each for each in folders if fits(each.run, stored_of(each, known), ended(each, known))],
    )


def stored_of(folder: Folder, known: Mapping[UUID, Stored]) -> Stored | None:
    """The collection of a folder, None where it is not in the database or bears no id."""
    return known.get(folder.collection) if folder.collection else None


def ended(folder: Folder, known: Mapping[UUID, Stored]) -> datetime:
    """When the collection of a folder ended; where nothing says so, when its newest file was written."""
    if folder.summary is not None:
        return folder.summary.end
    found = stored_of(folder, known)
    return found.ended if found else folder.changed


def why_kept(connection: Connection, folder: Folder) -> str:
    """Why a folder must stay: what of it is not in the database; '' where all is there."""
    if folder.stale:
        return "its recording is not processed"
    if folder.collection is None:
        found = find_by_name(connection, folder)
    else:
        known = connection.execute("SELECT 1 FROM collection WHERE id = %s", [folder.collection]).fetchone()
        found = find_machines(connection, str(folder.collection)) if known else []
    if len(found) != 1:
        return "it is not loaded"
    (machine,) = found
    if not machine.complete and (machine.mode == MODE or folder.summary is None):
        return "its stream has no end in the database"
    if different := check_books(connection, machine).differences:
        return f"its books do not close: {different[0].told()}"
    if folder.summary is None:
        return ""
    for kind, count in folder.summary.samples.items():
        if machine.summary.samples.get(kind, 0) < count:
            return f"the database has {machine.summary.samples.get(kind, 0)} of its {count} {kind} samples"
    return "" if machine.end >= folder.summary.end else "the database has not all of it"


def find_by_name(connection: Connection, folder: Folder) -> list[Machine]:
    """The collection of a recording without an id: that of its run and machine with the same begin."""
    known = connection.execute("SELECT 1 FROM collection WHERE run = %s LIMIT 1", [folder.run]).fetchone()
    machines = find_machines(connection, folder.run) if known else []
    return [
        machine
        for machine in machines
        if folder.summary and (machine.collector, machine.start) == (folder.machine, folder.summary.start)
    ]


def remove_unless_loading(connection: Connection, stored: Stored) -> dict[str, int] | None:
    """Remove a collection; None, and nothing done, where it is being loaded or was since it was looked at."""
    query = "SELECT loaded_at, ended_at FROM collection WHERE id = %s FOR UPDATE SKIP LOCKED"
    with connection.transaction():
        row = connection.execute(query, [stored.collection]).fetchone()
        if row != (stored.loaded, stored.ended):
            return None
        return remove(connection, stored.collection)


def remove_phases(connection: Connection, run: str, results: Path) -> None:
    """Remove the phases of a run of which nothing is left: no collection, and no folder that more may come home to."""
    if (results / run / MANIFEST).exists():
        return
    lone = "DELETE FROM phase WHERE run = %(run)s AND NOT EXISTS (SELECT FROM collection WHERE run = %(run)s)"
    connection.execute(lone, {"run": run})
