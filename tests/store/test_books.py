"""Closed books: what does not close is found, in a real database in which something was changed."""

from pathlib import Path

import pytest
from fix_loaded import IDENTITY, ROWS, load_recordings, record_machine
from fix_recordings import FOLDER, needs_recordings
from fix_several import control, end, gap, host, joined, rotated, ticks

from perfops.catalogue import KINDS
from perfops.store.books import Books, check_books
from perfops.store.connection import Connection
from perfops.store.load import load
from perfops.store.machines import find_machines
from perfops.store.sources import find_source

TICKS, MISSED = 6, 3


def books(connection: Connection, name: str = IDENTITY) -> Books:
    """The books of a collection."""
    (machine,) = find_machines(connection, name)
    return check_books(connection, machine)


def differences(found: Books) -> dict[tuple[str, str | None], tuple[int, int]]:
    """What does not close: name and kind to what was expected and what was found."""
    return {(check.name, check.kind): (check.expected, check.found) for check in found.differences}


@pytest.fixture
def loaded(connection: Connection, tmp_path: Path) -> Connection:
    """A connection to a database with one collection, in which ticks were missed."""
    load_recordings(connection, tmp_path / "out", record_machine(tmp_path / "host.json", TICKS, missed=MISSED))
    return connection


def test_the_books_of_a_whole_collection_close(loaded: Connection) -> None:
    found = books(loaded)
    assert differences(found) == {}
    assert found.notes == []
    figures = {(check.name, check.kind): check.expected for check in found.checks}
    for kind in KINDS:
        assert figures["rows", kind.name] == ROWS.get(kind.name, 0) * (TICKS - 1)
        assert figures["repeated", kind.name] == figures["outside", kind.name] == 0
    assert figures["host_rows", "host"] == TICKS - 1
    assert (figures["ticks", None], figures["missed", None]) == (TICKS, MISSED)


CHANGES = {
    "a row of the host is gone": (
        "DELETE FROM host_sample WHERE timestamp = (SELECT max(timestamp) FROM host_sample)",
        {("rows", "host"): (5, 4), ("host_rows", "host"): (5, 4)},
    ),
    "a row of a disk is gone": (
        "DELETE FROM disk_sample WHERE device = 'sdb' AND timestamp = (SELECT min(timestamp) FROM disk_sample)",
        {("rows", "disk"): (10, 9)},
    ),
    "a row too many": (
        """INSERT INTO net_sample (collection_id, timestamp, interface)
           SELECT collection_id, timestamp, 'eth9' FROM host_sample LIMIT 1""",
        {("rows", "net"): (10, 11)},
    ),
    "a row of a kind there was none of": (
        """INSERT INTO container_sample (collection_id, timestamp, container_id, container_name, runtime)
           SELECT collection_id, timestamp, 'c', 'c', 'docker' FROM host_sample LIMIT 1""",
        {("rows", "container"): (0, 1)},
    ),
    "rows before the start": (
        "UPDATE cpu_sample SET timestamp = timestamp - interval '1 hour' WHERE cpu = 'all'",
        {("outside", "cpu"): (0, 5)},
    ),
    "a row after the end": (
        "UPDATE system_sample SET timestamp = timestamp + interval '1 ms'",
        {("outside", "system"): (0, 1)},
    ),
    "a moment with two rows, where the key was dropped": (
        """ALTER TABLE host_sample DROP CONSTRAINT pk_host_sample;
           INSERT INTO host_sample SELECT * FROM host_sample ORDER BY timestamp LIMIT 2""",
        {("rows", "host"): (5, 7), ("repeated", "host"): (0, 2), ("host_rows", "host"): (5, 7)},
    ),
    "a gap that is not declared": (
        "DELETE FROM annotation WHERE kind = 'gap'",
        {("missed", None): (3, 0)},
    ),
    "a gap that is declared too short": (
        "UPDATE annotation SET text = '1 ticks missed: late' WHERE kind = 'gap'",
        {("missed", None): (3, 1)},
    ),
    "a tick that was not read": (
        "UPDATE collection SET summary = jsonb_set(summary, '{ticks}', '7')",
        {("ticks", None): (7, 6)},
    ),
    "a snapshot that was not counted": (
        "UPDATE collection SET summary = jsonb_set(summary, '{snapshots}', '5')",
        {("ticks", None): (6, 5), ("host_rows", "host"): (4, 5)},
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_in_the_database_is_found(name: str, loaded: Connection) -> None:
    change, expected = CHANGES[name]
    loaded.execute(change.encode())
    found = books(loaded)
    assert differences(found) == expected
    for check in found.differences:
        assert str(check.found) in check.told()


def test_only_rows_of_the_collection_count(loaded: Connection, tmp_path: Path) -> None:
    other = IDENTITY.replace("0d8f", "aaaa")
    path = record_machine(tmp_path / "other.json", 4, identity=other, hostname="vm-02")
    load_recordings(loaded, tmp_path / "other", path)
    loaded.execute("DELETE FROM host_sample WHERE collection_id = %s", [other])
    assert differences(books(loaded)) == {}
    assert differences(books(loaded, other)) == {("rows", "host"): (3, 0), ("host_rows", "host"): (3, 0)}


def test_a_collection_without_an_end_is_told_and_the_rest_is_checked(connection: Connection, tmp_path: Path) -> None:
    load_recordings(connection, tmp_path / "out", record_machine(tmp_path / "host.json", TICKS, end=False))
    found = books(connection)
    assert (differences(found), found.notes) == ({}, ["no end record: cut short"])
    connection.execute("DELETE FROM host_sample")
    assert differences(books(connection)) == {("rows", "host"): (5, 0), ("host_rows", "host"): (5, 0)}


def test_a_damaged_tick_does_not_close_and_is_told(connection: Connection, tmp_path: Path) -> None:
    path = record_machine(tmp_path / "host.json", TICKS)
    lines = path.read_bytes().splitlines(keepends=True)
    damaged = [line[:40] + b"\n" if b'"timestamp": 1768000002' in line else line for line in lines]
    path.write_bytes(b"".join(damaged))
    load_recordings(connection, tmp_path / "out", path)
    found = books(connection)
    assert differences(found) == {("ticks", None): (TICKS, TICKS - 1)}
    assert found.notes == ["4 damaged lines"]


def test_two_parts_of_a_collection_loaded_in_turn_close(connection: Connection, tmp_path: Path) -> None:
    for number, part in enumerate(("first", "second")):
        path = record_machine(tmp_path / f"{part}.json", TICKS, start=1_768_000_000 + 60 * number, missed=number)
        load_recordings(connection, tmp_path / part, path)
    found = books(connection)
    assert differences(found) == {}
    assert {check.name: check.expected for check in found.checks}["host_rows"] == 2 * (TICKS - 1)


@pytest.mark.parametrize("killed", [False, True])
def test_a_recording_gone_on_with_and_rotated_closes(killed: bool, connection: Connection, tmp_path: Path) -> None:
    first = [control(0, "host", host()), *joined(ticks(0, 3)), gap(3, 6, "late"), *joined(ticks(6, 9))]
    closing = [] if killed else [control(9, "end", end(8, 2))]
    second = [control(14, "host", host(8)), gap(9, 14, "restarted"), *joined(ticks(14, 20))]
    lines = [*first, *closing, *second, control(20, "end", end(7, 4))]
    load_recordings(connection, tmp_path / "out", *rotated(lines, tmp_path, 8, 15))
    found = books(connection)
    assert (differences(found), found.notes) == ({}, [])
    figures = {check.name: check.expected for check in found.checks}
    assert (figures["ticks"], figures["missed"], figures["host_rows"]) == (15, 6, 14)


def test_a_rotated_file_that_is_missing_does_not_close(connection: Connection, tmp_path: Path) -> None:
    lines = [control(0, "host", host()), *joined(ticks(0, 20)), control(20, "end", end(21))]
    first, _, last = rotated(lines, tmp_path, 8, 15)
    load_recordings(connection, tmp_path / "out", first, last)
    assert differences(books(connection)) == {("ticks", None): (21, 15), ("missed", None): (0, 6)}


def test_a_lone_host_csv_closes(loaded: Connection, tmp_path: Path) -> None:
    lone = tmp_path / "lone"
    lone.mkdir()
    (tmp_path / "out" / "host.csv").rename(lone / "host.csv")
    done = load(loaded, find_source(lone / "host.csv"), collector="lone")
    found = books(loaded, str(done.collection))
    assert (differences(found), found.notes) == ({}, ["no end record"])


@needs_recordings
@pytest.mark.parametrize("name", ["azure-d4-loadtest", "oci-e4-loadtest"])
def test_recordings_of_the_clouds_close(name: str, connection: Connection, tmp_path: Path) -> None:
    paths = [FOLDER / name / f"{part}_collection.json" for part in ("host", "container")]
    both = load_recordings(connection, tmp_path / "both", *paths, collector="both")
    alone = load_recordings(connection, tmp_path / "alone", paths[1], collector="alone")
    for done, notes in (
        (both, ["no end record"]),
        (alone, ["a recording of containers alone", "no end record"]),
    ):
        found = books(connection, str(done.collection))
        assert (differences(found), found.notes) == ({}, notes)
