"""Closed books: what processing counted is what the database holds, and what the recorder sampled is accounted for."""

from dataclasses import dataclass
from typing import NamedTuple

from psycopg import sql

from perfops.catalogue import CONTAINER, HOST, KINDS, Kind
from perfops.store.connection import Connection
from perfops.store.gaps import counted, missed_in, unsent
from perfops.store.machines import Machine
from perfops.store.states import CUT_SHORT, ENDED_EARLY, NO_END
from perfops.store.streams import MODE, segments_in


@dataclass(frozen=True, slots=True)
class Check:
    """Two figures that must be equal; `kind` is that of the samples in question, None for the collection as a whole.

    `text` says what the two are, with `{expected}` and `{found}` in it.
    """

    name: str
    kind: str | None
    text: str
    expected: int
    found: int

    @property
    def closes(self) -> bool:
        """Whether they are equal."""
        return self.expected == self.found

    def told(self) -> str:
        """The check in words."""
        of = f"{self.kind}: " if self.kind else ""
        return of + self.text.format(expected=self.expected, found=self.found)


class Books(NamedTuple):
    """The checks of one collection, and what could not be checked and why."""

    checks: list[Check]
    notes: list[str]

    @property
    def differences(self) -> list[Check]:
        """The checks that do not close."""
        return [check for check in self.checks if not check.closes]


class Held(NamedTuple):
    """What the database holds of a kind: rows, keys with more than one row, rows outside of the collection's time."""

    rows: int
    repeated: int
    outside: int


def check_books(connection: Connection, machine: Machine) -> Books:
    """All checks of one collection. One that streams in is checked as far as it has come while it does."""
    streamed, summary = machine.mode == MODE, machine.summary
    checks = [check for kind in KINDS for check in check_kind(connection, machine, kind)]
    rows = next(check.found for check in checks if (check.name, check.kind) == ("rows", HOST.name))
    notes = []
    if summary.samples.get(HOST.name) or not summary.samples.get(CONTAINER.name):
        segments = f"{summary.segments} segment{'s' * (summary.segments != 1)}"
        text = f"{summary.snapshots} snapshots in {segments} make {{expected}} rows, {{found}} in the database"
        checks.append(Check("host_rows", HOST.name, text, summary.snapshots - summary.segments, rows))
    else:
        notes.append("a recording of containers alone")
    if not summary.complete:
        notes.append("no end record" + (f": {CUT_SHORT}" if machine.state == CUT_SHORT else ""))
    if machine.state == ENDED_EARLY:
        notes.append(f"ended early by {summary.end_reason}")
    if streamed:
        checks += check_stream(connection, machine, rows)
        return Books(checks, notes)
    if summary.ticks is not None:
        text = "{expected} ticks by the recorder's count, {found} snapshots read"
        checks.append(Check("ticks", None, text, summary.ticks, summary.snapshots))
    if summary.missed is not None:
        text = "{expected} ticks missed by the recorder's count, {found} by the gaps"
        checks.append(Check("missed", None, text, summary.missed, declared(machine)))
    if summary.damaged_lines:
        notes.append(f"{summary.damaged_lines} damaged line{'s' * (summary.damaged_lines != 1)}")
    return Books(checks, notes)


def check_stream(connection: Connection, machine: Machine, rows: int) -> list[Check]:
    """Each tick that was sampled is a row, the beginning of a segment, or declared as lost; the rest was missed."""
    summary, notes = machine.summary, machine.annotations
    checks = []
    if summary.ticks is not None and summary.samples.get(HOST.name):
        segments = segments_in(notes)
        lost = sum(unsent(connection, machine.collection, note) for note in notes)
        text = "{expected} ticks by the recorder's count, {found} are rows, beginnings of segments, or declared as lost"
        checks.append(Check("ticks", None, text, summary.ticks, rows + segments + lost))
    if summary.missed is not None:
        text = "{expected} ticks missed by the recorder's count, {found} by the gaps"
        checks.append(Check("missed", None, text, summary.missed, sum(map(missed_in, notes))))
    if machine.state == NO_END:
        text = "no end record, and nothing new for long: it was killed, or what the machine has left is not here"
        checks.append(Check("end", None, text, expected=1, found=0))
    return checks


def check_kind(connection: Connection, machine: Machine, kind: Kind) -> list[Check]:
    """Rows are those that were counted, one a key, and within the time of the collection."""
    held, counted = find_held(connection, machine, kind), machine.summary.samples.get(kind.name, 0)
    return [
        Check("rows", kind.name, "{expected} rows by processing, {found} in the database", counted, held.rows),
        Check("repeated", kind.name, "{found} times have more than one row of a device", 0, held.repeated),
        Check("outside", kind.name, "{found} rows before the start or after the end", 0, held.outside),
    ]


def find_held(connection: Connection, machine: Machine, kind: Kind) -> Held:
    """What the database holds of a kind; the time is not bounded here, as rows outside of it are looked for."""
    query = sql.SQL("""
        SELECT coalesce(sum(rows), 0)::bigint, count(*) FILTER (WHERE rows > 1),
               coalesce(sum(rows) FILTER (WHERE "timestamp" NOT BETWEEN %(start)s AND %(end)s), 0)::bigint
          FROM (SELECT {keys}, count(*) AS rows FROM {table} WHERE collection_id = %(collection)s GROUP BY {keys}) held
    """)
    names = ("timestamp", *(key.name for key in kind.keys))
    keys = sql.SQL(", ").join(map(sql.Identifier, names))
    values = {"collection": machine.collection, "start": machine.start, "end": machine.end}
    row = connection.execute(query.format(keys=keys, table=sql.Identifier(kind.table)), values).fetchone()
    return Held(*row) if row else Held(0, 0, 0)


def declared(machine: Machine) -> int:
    """Ticks that the gaps of a collection say were missed."""
    return sum(missed_in(note) + counted(note, sampled=True) for note in machine.annotations)
