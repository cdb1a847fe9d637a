"""What is streamed comes to the same tables as its file: in any order, in parts, twice, by two receivers at once."""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fix_command import environment, perfops, succeeded
from fix_database import MakeDatabase, connected
from fix_loaded import IDENTITY, START, load_recordings, tick
from fix_receiver import Receiver, at_once, batches, collection_row, contents, emptied, pack, receiving
from fix_recordings import record
from fix_several import control, end, gap, host, joined, rotated, ticks

from perfops.store.books import check_books
from perfops.store.connection import Connection
from perfops.store.listing import list_collections
from perfops.store.machines import find_machines

PLACES = (4, 9, 13, 17)
Contents = dict[str, list[tuple[Any, ...]]]


def recording() -> list[bytes]:
    """A collection with containers, a gap, a step of the clock, a kill and a reboot; its end counts the last start."""
    first = [*ticks(0, 3), *ticks(6, 10)]
    first[4].insert(0, gap(3, 6, "late"))
    first[6].append(control(8, "clock", {"ahead": 2.5}))
    killed = [control(0, "host", host(pid=7, mode="trickle")), control(0, "/proc/cpuinfo", {"processor": 0})]
    second = ticks(12, 15)
    second[0].insert(0, gap(10, 12, "restarted"))
    third = ticks(17, 21, -10.0)
    third[0].insert(0, gap(15, 17, "restarted", -10.0))
    return [
        *killed,
        *joined(first),
        control(12, "host", host(pid=8, mode="trickle")),
        *joined(second),
        control(15, "end", end(4, 1)),
        control(17, "host", host(pid=9, boot_id="c", mode="trickle"), -10.0),
        *joined(third),
        control(21, "end", end(5, 1), -10.0),
    ]


@pytest.fixture(scope="module")
def segments(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The recording as a spool has it: each segment but the first begins with the host and the tick before."""
    folder = tmp_path_factory.mktemp("segments")
    return rotated(recording(), folder, *PLACES)


@pytest.fixture(scope="module")
def expected(segments: list[Path], databases: MakeDatabase, tmp_path_factory: pytest.TempPathFactory) -> Contents:
    """What the tables hold when the file is processed and loaded."""
    folder = tmp_path_factory.mktemp("expected")
    path = folder / "whole.json"
    path.write_bytes(b"".join(line for line in recording()))
    with connected(databases()) as connection:
        load_recordings(connection, folder / "out", path, collector="vm-01")
        return contents(connection)


@pytest.fixture(scope="module")
def served(databases: MakeDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Receiver, str]]:
    """A receiver of two workers, and its database."""
    database = databases()
    with receiving(database, tmp_path_factory.mktemp("receiver"), "--workers", "2") as receiver:
        yield receiver, database


@pytest.fixture
def fresh(served: tuple[Receiver, str]) -> Iterator[tuple[Receiver, Connection]]:
    """The receiver, with an empty database."""
    receiver, database = served
    with connected(database) as connection:
        emptied(connection, "collector")
        yield receiver, connection


def differences(connection: Connection) -> dict[str, tuple[int, int]]:
    """The checks of perfops verify that do not close."""
    connection.rollback()
    (machine,) = find_machines(connection, IDENTITY)
    return {check.name: (check.expected, check.found) for check in check_books(connection, machine).differences}


def send_all(receiver: Receiver, bodies: list[bytes]) -> list[dict[str, int]]:
    """Send bodies, all of which are stored; the new rows of each."""
    answers = [receiver.send(body) for body in bodies]
    assert [status for status, _ in answers] == [200] * len(bodies), answers
    return [value["rows"] for _, value in answers]


def halves(segment: Path) -> list[list[bytes]]:
    """A segment in two parts, cut behind a tick, as a sender halves it; the second begins with that tick once more."""
    lines = segment.read_bytes().splitlines(keepends=True)
    times = sorted({json.loads(line)["timestamp"] for line in lines})
    middle = times[len(times) // 2]
    hosts = [line for line in lines if b'"subsystem": "host"' in line and json.loads(line)["timestamp"] <= middle]
    told = json.loads(hosts[-1])
    first = [line for line in lines if json.loads(line)["timestamp"] <= middle]
    repeated = [
        line
        for line in first
        if json.loads(line)["timestamp"] == middle
        and not {"host", "gap", "end", "/proc/cpuinfo", "clock"} & {json.loads(line)["subsystem"]}
    ]
    head = record(middle, "host", told["measurement"], json.loads(repeated[0])["monotonic"])
    return [first, [head, *repeated, *(line for line in lines if json.loads(line)["timestamp"] > middle)]]


def test_the_tables_are_those_of_the_file(
    fresh: tuple[Receiver, Connection], segments: list[Path], expected: Contents
) -> None:
    receiver, connection = fresh
    rows = send_all(receiver, batches(segments))
    assert contents(connection) == without_cuts(expected)
    assert sum(each["host"] for each in rows) == len(expected["host_sample"])
    assert differences(connection) == {}
    row = collection_row(connection)
    assert (row["name"], row["site"], row["mode"], row["complete"]) == ("vm-01", "default", "trickle", True)
    assert (row["started_at"].timestamp(), row["ended_at"].timestamp()) == (START, START + 21)
    assert row["labels"] == {"build": "42"}


def without_cuts(found: Contents) -> Contents:
    """Without what only a whole file tells: where the recorder was killed."""
    return found | {"annotation": [row for row in found["annotation"] if ",cut," not in row[0]]}


def test_the_same_again_changes_nothing(
    fresh: tuple[Receiver, Connection], segments: list[Path], expected: Contents
) -> None:
    receiver, connection = fresh
    send_all(receiver, batches(segments))
    before = collection_row(connection)
    connection.rollback()
    assert send_all(receiver, batches(segments)) == [{}] * len(segments)
    assert contents(connection) == without_cuts(expected)
    assert collection_row(connection) == before


@pytest.mark.parametrize("seed", range(6))
def test_any_order_comes_to_the_same(
    seed: int, fresh: tuple[Receiver, Connection], segments: list[Path], expected: Contents
) -> None:
    receiver, connection = fresh
    chance = random.Random(seed)
    parts = [(part, number) for number, segment in enumerate(segments, 1) for part in halves(segment)]
    bodies = [*batches(segments), *(pack(part, number) for part, number in parts)]
    some = bodies if seed % 2 else bodies[len(segments) :]
    chance.shuffle(some)
    send_all(receiver, some)
    assert contents(connection) == without_cuts(expected)
    assert differences(connection) == {}
    row = collection_row(connection)
    connection.rollback()
    emptied(connection)
    send_all(receiver, batches(segments))
    assert collection_row(connection) == row


def test_samples_are_counted_while_they_come(fresh: tuple[Receiver, Connection], segments: list[Path]) -> None:
    receiver, connection = fresh
    whole, parts = batches(segments[:2]), [part for segment in segments[:2] for part in halves(segment)]
    for bodies in ([pack(parts[3], 2)], [whole[0]], whole, [pack(part, 2) for part in parts], whole[::-1]):
        send_all(receiver, bodies)
        (found,) = list_collections(connection, limit=2).found
        stored = connection.execute("SELECT count(*) FROM host_sample").fetchone()
        connection.rollback()
        assert not found.complete
        assert stored == (found.samples["host"],)
    assert stored[0] > 4


def test_two_receivers_before_one_database_at_once(
    served: tuple[Receiver, str],
    fresh: tuple[Receiver, Connection],
    segments: list[Path],
    expected: Contents,
    tmp_path: Path,
) -> None:
    one, connection = fresh
    with receiving(served[1], tmp_path) as other:
        bodies = batches(segments)
        at_once(
            lambda: send_all(one, bodies) and None,
            lambda: send_all(other, bodies[::-1]) and None,
            lambda: send_all(one, bodies[::-1]) and None,
            lambda: send_all(other, bodies) and None,
        )
    assert contents(connection) == without_cuts(expected)
    assert differences(connection) == {}


@pytest.mark.parametrize("received", [(0,), (1, 3), (0, 1, 2, 3)])
def test_what_was_left_behind_is_loaded_from_files(
    received: tuple[int, ...],
    served: tuple[Receiver, str],
    fresh: tuple[Receiver, Connection],
    segments: list[Path],
    expected: Contents,
    tmp_path: Path,
) -> None:
    receiver, connection = fresh
    bodies = batches(segments)
    send_all(receiver, [bodies[place] for place in received])
    left = [segment for place, segment in enumerate(segments) if place not in received]
    known = environment(PERFOPS_DATABASE_URL=served[1])
    for number, paths in enumerate(filter(None, (left, segments))):
        out = tmp_path / str(number)
        succeeded(perfops("process", *paths, "--outdir", out, env=known))
        succeeded(perfops("load", out, "--collector-name", "vm-01", env=known))
        assert contents(connection)["host_sample"] == expected["host_sample"]
        connection.rollback()
    assert contents(connection) == without_cuts(expected)
    assert differences(connection) == {}
    assert "closes" in succeeded(perfops("verify", IDENTITY, env=known))


def test_a_stream_without_an_end_closes_no_books_when_nothing_comes_any_more(
    fresh: tuple[Receiver, Connection],
) -> None:
    """As long as it streams it is checked as far as it has come."""
    receiver, connection = fresh
    whole = [control(0, "host", host(mode="trickle")), *joined(ticks(0, 6))]
    send_all(receiver, [pack(whole, 1)])
    assert differences(connection) == {}
    connection.execute("UPDATE collection SET loaded_at = now() - interval '59 min'")
    connection.commit()
    assert differences(connection) == {}
    connection.execute("UPDATE collection SET loaded_at = now() - interval '61 min'")
    connection.commit()
    assert differences(connection) == {"end": (1, 0)}
    rest = [control(6, "host", host(mode="trickle")), *joined(ticks(6, 8)), control(8, "end", end(9))]
    send_all(receiver, [pack(rest, 2)])
    assert differences(connection) == {}


def test_ticks_that_are_declared_lost_close_the_books(fresh: tuple[Receiver, Connection], tmp_path: Path) -> None:
    receiver, connection = fresh
    whole = ticks(0, 20)
    lost = {"from": START + 5, "to": START + 11, "ticks": 5, "reason": "spool full", "segment": 2}
    first = [control(0, "host", host(mode="trickle")), *joined(whole[:6])]
    third = [control(10, "host", host(mode="trickle")), *joined(whole[10:11]), control(11, "gap", lost)]
    third += [*joined(whole[11:]), control(20, "end", end(21))]
    send_all(receiver, [pack(third, 3)])
    assert differences(connection) == {"ticks": (21, 16)}  # the first segment is on its way
    send_all(receiver, [pack(first, 1)])
    assert differences(connection) == {}
    second = [control(5, "host", host(mode="trickle")), *joined(whole[5:11])]
    send_all(receiver, [pack(second, 2)])  # it came after all
    assert differences(connection) == {}
    connection.execute("DELETE FROM host_sample WHERE timestamp = to_timestamp(%s)", [START + 2])
    connection.commit()
    assert set(differences(connection)) == {"rows", "host_rows", "ticks"}


def test_frames_of_the_spool_are_left_out(
    fresh: tuple[Receiver, Connection], segments: list[Path], expected: Contents
) -> None:
    receiver, connection = fresh
    for number, segment in enumerate(segments, 1):
        lines, last = [], 0.0
        for line in segment.read_bytes().splitlines():
            moment = json.loads(line)["timestamp"]
            if moment != last:
                lines.append(record(moment, "frame", "4711 00c0ffee", 1.0))
            last = moment
            lines.append(line)
        send_all(receiver, [pack(lines, number)])
    assert contents(connection) == without_cuts(expected)


def test_a_poisoned_batch_fails_alone(fresh: tuple[Receiver, Connection]) -> None:
    receiver, connection = fresh
    ids = [IDENTITY.replace("0d8f", f"{number:04x}") for number in range(12)]

    def body(number: int) -> bytes:
        lines = [control(0, "host", host(collection=ids[number])), *joined(ticks(0, 3))]
        if number == 5:
            name = "/" + random.Random(1).randbytes(20_000).hex()  # more than an index takes
            facts: dict[str, Any] = {"mount_point": name, "block_size": 4096, "blocks_total": 9}
            facts |= {"blocks_free": 5, "blocks_available": 5}
            text = json.dumps(facts)
            lines += [record(START + 4, name, measurement, 104.0) for name, measurement in tick(4).items()]
            lines.append(record(START + 4, "statfs[*]", text, 104.0))
        return pack(lines, 1, f"vm-{number}", ids[number])

    answers: dict[int, int] = {}

    def send(number: int) -> None:
        answers[number] = receiver.send(body(number))[0]

    for _ in range(3):
        at_once(*(lambda number=number: send(number) for number in range(12)))
        assert answers == {number: 422 if number == 5 else 200 for number in range(12)}
    for number in range(12):
        assert len(contents(connection, ids[number])["host_sample"]) == (0 if number == 5 else 3)


def test_run_and_site_are_those_of_the_labels(fresh: tuple[Receiver, Connection]) -> None:
    receiver, connection = fresh
    labels = {"run": "nightly", "site": "azure", "build": "1"}
    send_all(receiver, [pack([control(0, "host", host(labels=labels)), *joined(ticks(0, 3))], 1, "test-vm")])
    row = collection_row(connection)
    assert (row["name"], row["site"], row["run"], row["labels"]) == ("test-vm", "azure", "nightly", labels)
    assert not row["complete"]
    assert differences(connection) == {}
    status, value = receiver.send(pack([control(0, "host", host()), *joined(ticks(0, 3))], 1, "test-vm"))
    assert (status, "is not of the collector" in value["error"]) == (422, True)
