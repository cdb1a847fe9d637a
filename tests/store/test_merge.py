"""What a second recording of a collection adds: the other of two parts, the rest of a longer one or of a tick."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pytest
from fix_database import MakeDatabase, connected
from fix_loaded import START, load_recordings, record_machine
from fix_recordings import record, write
from fix_several import control, end, host, joined, rotated, ticks
from psycopg import sql

from perfops.catalogue import KINDS
from perfops.errors import BadInputError
from perfops.outputs.summary import Annotation, Summary
from perfops.store.books import check_books
from perfops.store.connection import Connection
from perfops.store.machines import find_machines
from perfops.store.merge import distinct

TICKS = 12


@pytest.fixture
def connections(databases: MakeDatabase) -> Iterator[tuple[Connection, Connection]]:
    """Connections to two databases with empty tables."""
    with connected(databases()) as first, connected(databases()) as second:
        yield first, second


def contents(connection: Connection) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every kind, in the order of its text."""
    found = {}
    for kind in KINDS:
        query = sql.SQL("SELECT * FROM {} t ORDER BY t::text").format(sql.Identifier(kind.table))
        found[kind.name] = connection.execute(query).fetchall()
    return found


def summary(connection: Connection) -> Summary:
    """The summary of the one collection."""
    row = connection.execute("SELECT summary FROM collection").fetchone()
    assert row is not None
    return Summary.model_validate(row[0])


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_two_recordings_are_added_up_in_any_order(
    order: tuple[int, ...], connection: Connection, tmp_path: Path
) -> None:
    """The first has ended, or the second declares what is missing between them."""
    for declared in (False, True):
        identity = str(uuid5(NAMESPACE_URL, str(declared)))
        both = [
            record_machine(tmp_path / "first.json", 4, identity=identity, end=not declared),
            record_machine(tmp_path / "second.json", 4, identity=identity, start=START + 20),
        ]
        if declared:
            lines = both[1].read_bytes().splitlines(keepends=True)
            gap = {"from": START + 3, "to": START + 20, "ticks": 16, "reason": "restarted"}
            host = lines[0].replace(b'\\"boot_id\\"', b'\\"pid\\": 2, \\"boot_id\\"')
            end = lines[-1].replace(b'\\"missed\\": 0', b'\\"missed\\": 16')
            assert (host, end) != (lines[0], lines[-1])
            write(both[1], [host, record(START + 20, "gap", gap, 100.0), *lines[1:-1], end])
        done = [load_recordings(connection, tmp_path / f"{number} {declared}", both[number]) for number in order]
        assert [each.new for each in done] == [True, False]
        (machine,) = find_machines(connection, identity)
        found = machine.summary
        assert (found.start.timestamp(), found.end.timestamp()) == (START, START + 23)
        assert (machine.start, machine.end, machine.complete) == (found.start, found.end, True)
        assert (found.snapshots, found.segments, found.ticks, found.missed) == (8, 2, 8, 16 * declared)
        assert check_books(connection, machine).differences == []


@pytest.mark.parametrize(
    ("order", "told"),
    [((0, 1), "overlaps"), ((1, 0), "overlaps"), ((0, 2), "is neither here nor"), ((2, 0), "is neither here nor")],
)
def test_files_of_one_start_are_loaded_together(
    order: tuple[int, ...], told: str, database: str, tmp_path: Path
) -> None:
    """Their counts cannot be told apart, and what is between them may be missing."""
    whole = [control(0, "host", host()), *joined(ticks(0, 12)), control(12, "end", end(13))]
    parts = rotated(whole, tmp_path, 4, 8)
    first, second = (parts[number] for number in order)
    with connected(database) as connection:
        load_recordings(connection, tmp_path / "a", first)
        before = contents(connection), summary(connection)
    message = rf"{told} .*\(process the parts together and load that\)"
    with pytest.raises(BadInputError, match=message), connected(database) as connection:
        load_recordings(connection, tmp_path / "b", second)
    with connected(database) as connection:
        assert (contents(connection), summary(connection)) == before
        done = load_recordings(connection, tmp_path / "c", *parts)
        (machine,) = find_machines(connection, str(done.collection))
        assert check_books(connection, machine).differences == []
        assert (machine.summary.snapshots, machine.complete) == (13, True)


def test_one_from_between_two_others_is_loaded_with_them(database: str, tmp_path: Path) -> None:
    whole = [record_machine(tmp_path / f"{number}.json", 4, start=START + 10 * number) for number in range(3)]
    with connected(database) as connection:
        load_recordings(connection, tmp_path / "a", whole[0])
        load_recordings(connection, tmp_path / "c", whole[2])
        before = contents(connection), summary(connection)
    with pytest.raises(BadInputError, match="lies between others of"), connected(database) as connection:
        load_recordings(connection, tmp_path / "b", whole[1])
    with connected(database) as connection:
        assert (contents(connection), summary(connection)) == before
        done = load_recordings(connection, tmp_path / "all", *whole)
        (machine,) = find_machines(connection, str(done.collection))
        assert check_books(connection, machine).differences == []
        assert machine.summary.snapshots == 12


@pytest.mark.parametrize("missing", [1, 2, 3, 4])
def test_a_recording_cut_amid_a_tick_is_completed(
    missing: int, connections: tuple[Connection, Connection], tmp_path: Path
) -> None:
    """The last row of the cut one lacks figures of sources that were cut off; the whole one brings them."""
    one_by_one, at_once = connections
    whole = record_machine(tmp_path / "whole.json", TICKS)
    lines = whole.read_bytes().splitlines(keepends=True)
    end = next(number for number, line in enumerate(lines) if json.loads(line)["timestamp"] == START + 6)
    cut = write(tmp_path / "cut.json", lines[: end + missing])
    load_recordings(one_by_one, tmp_path / "a", cut)
    load_recordings(one_by_one, tmp_path / "b", whole)
    done = load_recordings(at_once, tmp_path / "b", whole)
    assert contents(one_by_one) == contents(at_once)
    assert summary(one_by_one) == summary(at_once)
    (machine,) = find_machines(one_by_one, str(done.collection))
    assert check_books(one_by_one, machine).differences == []
    load_recordings(one_by_one, tmp_path / "a", cut)
    assert contents(one_by_one) == contents(at_once)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_what_happened_twice_at_one_moment_keeps_each_text_and_the_latest_end(order: tuple[int, ...]) -> None:
    start = datetime(2026, 1, 10, 20, tzinfo=UTC)
    notes = [
        Annotation(kind="gap", start=start, end=end, text=text)
        for end, text in ((None, "b; a"), (start + timedelta(seconds=2), "a"), (start + timedelta(seconds=1), "c"))
    ]
    (found,) = distinct([notes[place] for place in order])
    assert found.end == start + timedelta(seconds=2)
    assert sorted(found.text.split("; ")) == ["a", "b", "c"]
