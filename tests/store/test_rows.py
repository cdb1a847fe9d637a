"""Rows as they stand in the database: the first and last few, or all; of all devices or of one."""

import csv
from pathlib import Path

import pytest
from fix_loaded import IDENTITY, load_recordings, record_machine

from perfops.catalogue import CONTAINER, CPU, DISK, HOST, KINDS, Kind
from perfops.errors import BadInputError
from perfops.store.connection import Connection
from perfops.store.machines import Machine, find_machines
from perfops.store.rows import check_device, find_ends, find_kind, stream_rows

TICKS = 9


@pytest.fixture
def machine(connection: Connection, tmp_path: Path) -> Machine:
    """A loaded collection; its files are in `out`."""
    load_recordings(connection, tmp_path / "out", record_machine(tmp_path / "host.json", TICKS))
    return find_machines(connection, IDENTITY)[0]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.name not in ("container", "filesystem")])
def test_all_rows_are_those_of_the_file(kind: Kind, machine: Machine, connection: Connection, tmp_path: Path) -> None:
    with (tmp_path / "out" / kind.file).open(newline="") as file:
        lines = list(csv.reader(file))
    assert tuple(lines[0]) == kind.columns
    found = list(stream_rows(connection, machine, kind, None))
    texts = 1 + len(kind.keys) + len(kind.details)
    expected = [
        (line[0], *line[1:texts], *(float(value) if value else None for value in line[texts:])) for line in lines[1:]
    ]
    assert [(f"{row[0]:%Y-%m-%dT%H:%M:%SZ}", *row[1:]) for row in found] == sorted(
        expected, key=lambda row: row[:texts]
    )


@pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 8, 20])
def test_the_ends_are_the_first_and_last_rows_and_no_row_is_in_both(
    count: int, machine: Machine, connection: Connection
) -> None:
    every = list(stream_rows(connection, machine, HOST, None))
    assert len(every) == TICKS - 1
    ends = find_ends(connection, machine, HOST, None, count)
    assert ends.total == len(every)
    assert ends.first == every[:count]
    rest = every[count:]
    assert ends.last == rest[max(len(rest) - count, 0) :]


def test_only_the_rows_of_a_device(machine: Machine, connection: Connection) -> None:
    ends = find_ends(connection, machine, DISK, "sdb", 2)
    assert ends.total == TICKS - 1
    assert {row[1] for row in (*ends.first, *ends.last)} == {"sdb"}
    assert {row[1] for row in stream_rows(connection, machine, CPU, "all")} == {"all"}


def test_a_container_is_known_by_name_and_by_id(machine: Machine, connection: Connection) -> None:
    connection.execute(
        """INSERT INTO container_sample (collection_id, timestamp, container_id, container_name, runtime)
           SELECT collection_id, timestamp, 'abc', 'web', 'docker' FROM host_sample"""
    )
    for name in ("web", "abc"):
        assert find_ends(connection, machine, CONTAINER, name, 1).total == TICKS - 1
    assert find_ends(connection, machine, CONTAINER, "db", 1).total == 0


def test_a_device_that_is_not_there_is_answered_with_those_that_are(machine: Machine, connection: Connection) -> None:
    check_device(connection, [machine], DISK, "sda")
    with pytest.raises(BadInputError, match=r"^no disk samples of 'sdc' \(there are sda, sdb\)$"):
        check_device(connection, [machine], DISK, "sdc")
    with pytest.raises(BadInputError, match=r"^no container samples of 'web' \(there are none\)$"):
        check_device(connection, [machine], CONTAINER, "web")


def test_a_kind_is_found_by_its_name() -> None:
    for kind in KINDS:
        assert find_kind(kind.name, None) is kind
    with pytest.raises(BadInputError, match=r"^no kind of sample 'disks' \(try one of host, system, cpu, disk, net, "):
        find_kind("disks", None)
    with pytest.raises(BadInputError, match=r"^samples of the kind host are of no device \(give --kind, one of cpu, "):
        find_kind("host", "sda")
