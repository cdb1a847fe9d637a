"""Receiver and PostgreSQL killed at random moments: what was answered is there, and what is sent again is so once."""

import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from fix_database import connected
from fix_loaded import IDENTITY, load_recordings
from fix_pcc import wait_for
from fix_receiver import Receiver, batches, contents, emptied, receiving
from fix_several import control, end, host, joined, rotated, ticks

from perfops.store import embedded, home
from perfops.store.books import check_books
from perfops.store.machines import find_machines

ROUNDS = 200 if os.environ.get("PERFOPS_SOAK") else 3
SEED = int(os.environ.get("PERFOPS_SEED") or random.SystemRandom().randrange(1 << 32))
LAST = 60
PATIENCE = 120


class Sender:
    """Sends each batch until it is answered, as pcc does, and remembers which were."""

    def __init__(self, receiver: Receiver, bodies: list[bytes]) -> None:
        self.receiver = receiver
        self.left = list(enumerate(bodies))
        self.answered: list[int] = []
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self) -> None:
        """The first that is left again and again, whatever happens on the way."""
        deadline = time.monotonic() + PATIENCE
        while self.left and time.monotonic() < deadline:
            number, body = self.left[0]
            status = 0
            with suppress(OSError, EOFError, ValueError):
                status, _ = self.receiver.send(body)
            if status == 200:
                self.left.pop(0)
                self.answered.append(number)
            else:
                assert status in (0, 503), status
                time.sleep(0.01)


@pytest.fixture
def recording(tmp_path: Path) -> list[Path]:
    """A collection in segments of three ticks."""
    lines = [control(0, "host", host(mode="trickle")), *joined(ticks(0, LAST)), control(LAST, "end", end(LAST + 1))]
    return rotated(lines, tmp_path, *range(3, LAST, 3))


@pytest.fixture
def own_server(server: home.Home) -> Iterator[home.Home]:
    """The tests' server; where it was killed it runs again afterwards."""
    yield server
    embedded.start(server)


@pytest.mark.soak
@pytest.mark.parametrize("victim", ["receiver", "postgres"])
def test_killed_between_and_within_batches(
    victim: str, own_server: home.Home, database: str, recording: list[Path], tmp_path: Path
) -> None:
    print(f"PERFOPS_SEED={SEED}")
    chance = random.Random(SEED)
    with connected(database) as connection:
        load_recordings(connection, tmp_path / "out", *recording, collector="vm-01")
        expected = contents(connection)
    with receiving(database, tmp_path) as first:
        key, port = first.key, first.url.rsplit(":", 1)[1]
    for number in range(ROUNDS):
        with connected(database) as connection:
            emptied(connection)
        bodies = batches(recording)
        again = chance.sample(bodies, 3)
        with receiving(database, tmp_path, "--listen", f"127.0.0.1:{port}", key=key) as receiver:
            sender = Sender(receiver, [*bodies, *again])
            wait_for("a first answer", lambda sender=sender: sender.answered)
            time.sleep(chance.random() * 0.15)
            if victim == "receiver":
                receiver.process.kill()
                receiver.process.wait()
            else:
                pid = embedded.running_pid(own_server)
                assert pid is not None
                os.kill(pid, signal.SIGKILL)
                embedded.start(own_server)
            answered = list(sender.answered)
            if victim == "receiver":
                with receiving(database, tmp_path, "--listen", f"127.0.0.1:{port}", key=key) as second:
                    check_answered(database, recording, answered, expected)
                    assert second.process.poll() is None
                    sender.thread.join(PATIENCE)
            else:
                check_answered(database, recording, answered, expected)
                sender.thread.join(PATIENCE)
            assert not sender.left, f"round {number}: {len(sender.left)} batches were never answered"
        with connected(database) as connection:
            assert contents(connection) == expected, f"round {number}"
            (machine,) = find_machines(connection, IDENTITY)
            assert check_books(connection, machine).differences == []


def check_answered(
    database: str, recording: list[Path], answered: list[int], expected: dict[str, list[tuple[object, ...]]]
) -> None:
    """The rows of every batch that was answered are there, whatever was killed meanwhile."""
    rows = 3 * len([number for number in answered if number < len(recording)])
    with connected(database) as connection:
        found = contents(connection)
    assert len(found["host_sample"]) >= rows
    for table, lines in found.items():
        assert set(lines) <= set(expected[table])
        assert len(lines) == len(set(lines))
