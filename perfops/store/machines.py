"""Which collections: those of a run, or one, with what the database knows about each as a whole."""

import re
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from typing import Any
from uuid import UUID

from psycopg import sql

from perfops.errors import BadInputError
from perfops.outputs.summary import Annotation, Summary
from perfops.store.connection import Connection
from perfops.store.phases import happened
from perfops.store.states import STATE
from perfops.store.streams import MODE, kept_annotations, recount

KNOWN = 200  # names that are looked at for a near one
SHORTEST = 8  # characters of a collection's id that can stand for it


@dataclass(frozen=True, slots=True)
class Machine:
    """One collection and its collector; `name` is the collector's, told apart where it was recorded twice in a run.

    `state` is one of `states`.
    """

    collection: UUID
    collector: str
    name: str
    site: str
    run: str | None
    mode: str
    start: datetime
    end: datetime
    frequency: float
    complete: bool
    state: str
    labels: dict[str, str]
    summary: Summary
    annotations: tuple[Annotation, ...]

    @property
    def seconds(self) -> float:
        """Length of the collection."""
        return (self.end - self.start).total_seconds()


COLUMNS = sql.SQL("""
    SELECT collection.id, collector.name, collector.site, collection.run, collection.mode, collection.started_at,
           collection.ended_at, collection.frequency, collection.complete, collection.labels, collection.summary,
           {state}
      FROM collection JOIN collector ON collector.id = collection.collector_id
""").format(state=STATE)
ORDER = sql.SQL(" ORDER BY collector.name, collector.site, collection.started_at")


def find_machines(connection: Connection, name: str) -> list[Machine]:
    """The collections of the run `name`, else the one whose id it is or begins; BadInputError names near ones."""
    rows = connection.execute(COLUMNS + sql.SQL(" WHERE collection.run = %s") + ORDER, [name]).fetchall()
    if not rows and re.fullmatch(rf"[0-9a-fA-F-]{{{SHORTEST},36}}", name):
        query = COLUMNS + sql.SQL(" WHERE collection.id::text LIKE %s") + ORDER + sql.SQL(" LIMIT 2")
        rows = connection.execute(query, [f"{name.lower()}%"]).fetchall()
        if len(rows) > 1:
            raise BadInputError(f"{name!r} begins the ids of several collections (give more of it)")
    if not rows:
        short = f"; of an id give {SHORTEST} characters or more" if re.fullmatch(r"[0-9a-f-]{1,7}", name) else ""
        raise BadInputError(f"no run or collection {name!r} in the database ({near(connection, name)}{short})")
    names = [row[1] for row in rows]
    return [
        Machine(
            collection=row[0],
            collector=row[1],
            name=row[1] if names.count(row[1]) == 1 else f"{row[1]} ({twin(rows, row)})",
            site=row[2],
            run=row[3],
            mode=row[4],
            start=row[5],
            end=row[6],
            frequency=row[7],
            complete=row[8],
            state=row[11],
            labels=row[9],
            summary=summary_of(connection, row),
            annotations=find_annotations(connection, row[0]),
        )
        for row in rows
    ]


def summary_of(connection: Connection, row: tuple[Any, ...]) -> Summary:
    """The summary in a row of COLUMNS; of a collection that still streams in, what is there so far."""
    summary = Summary.model_validate(row[10])
    if row[4] != MODE:
        return summary
    summary = summary.model_copy(update={"start": row[5], "end": row[6]})
    return summary if row[8] else recount(connection, row[0], summary).model_copy(update={"complete": False})


def twin(rows: list[tuple[object, ...]], row: tuple[object, ...]) -> str:
    """What tells one of several collections of a name apart: the site, else the start."""
    sites = [other[2] for other in rows if other[1] == row[1]]
    return str(row[2]) if len(set(sites)) == len(sites) else f"{row[2]}, {row[5]:%Y-%m-%d %H:%M:%S}"


def find_annotations(connection: Connection, collection: UUID) -> tuple[Annotation, ...]:
    """What happened to a collection, the phases of its run among it, in its order."""
    query = happened(*map(sql.Identifier, ("annotation", "collection", "phase")))
    return kept_annotations(connection, collection, sql.SQL("({}) AS happened").format(query))


def near(connection: Connection, name: str) -> str:
    """Where the user may look: runs of a like name, else what was loaded last."""
    query = """
        SELECT coalesce(run, id::text) FROM collection GROUP BY 1 ORDER BY max(loaded_at) DESC LIMIT %s"""
    known = [str(row[0]) for row in connection.execute(query, [KNOWN])]
    if not known:
        return "nothing is loaded yet: try perfops load"
    like = get_close_matches(name, known, n=3) or [other for other in known if name.lower() in other.lower()][:3]
    return f"did you mean {' or '.join(like)}?" if like else f"the last ones loaded are {', '.join(known[:3])}"
