"""Sampler, receiver and PostgreSQL as they run, each killed at random moments, over a network that cuts.

In the end every tick that was sampled is a row, the beginning of a segment or declared; none is there twice; and the
tables are those that the same ticks give from files, bit for bit. Killed some times by default, 1,000 times with
PERFOPS_SOAK=1; the seed is printed, and PERFOPS_SEED gives it back.
"""

import os
import random
import signal
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from fix_cutting import cutting
from fix_database import MakeDatabase, connected
from fix_loaded import IDENTITY, load_recordings
from fix_pcc import environment, start, wait_for
from fix_receiver import contents, receiving
from fix_sshd import free_port

from perfops.store import embedded, home
from perfops.store.books import check_books
from perfops.store.machines import find_machines

KILLS = 1000 if os.environ.get("PERFOPS_SOAK") == "1" else 9
SEED = int(os.environ.get("PERFOPS_SEED") or random.SystemRandom().randrange(1 << 32))
OFTEN = ("--frequency", "20ms", "--batch", "100ms", "--without", "filesystems", "--keep-sent", "--quiet")


@pytest.mark.soak
def test_every_tick_is_there_once_whatever_is_killed(
    packed: Path, server: home.Home, databases: MakeDatabase, tmp_path: Path
) -> None:
    print(f"PERFOPS_SEED={SEED}")
    chance = random.Random(SEED)
    database, port = databases(), free_port()
    listen = ("--listen", f"127.0.0.1:{port}", "--workers", "2")
    with receiving(database, tmp_path, *listen) as first:
        key = first.key
    with cutting(("127.0.0.1", port), chance) as network, ExitStack() as stack:
        words = ("--mode", "trickle", "--server", f"127.0.0.1:{network.port}", "--spool", str(tmp_path / "spool"))
        words = (*words, *OFTEN, "--id", IDENTITY, "--identifier", "vm-01", "--duration", "30h", "--flush", "120s")
        known = environment(PCC_APIKEY=key)
        receiver = stack.enter_context(receiving(database, tmp_path, *listen, key=key))
        sampler = sampling(stack, packed, words, known)
        for number in range(KILLS):
            victim = "receiver" if number % 5 == 3 else "postgres" if number % 10 == 6 else "sampler"
            time.sleep(chance.uniform(0.05, 1))
            if victim == "sampler":
                assert sampler.poll() is None
                sampler.kill()
                sampler.wait()
                sampler = sampling(stack, packed, words, known)
            elif victim == "receiver":
                receiver.process.kill()
                receiver.process.wait()
                receiver = stack.enter_context(receiving(database, tmp_path, *listen, key=key))
            else:
                pid = embedded.running_pid(server)
                assert pid is not None
                os.kill(pid, signal.SIGKILL)
                embedded.start(server)
        network.cuts = False
        wait_for("a healthy receiver", lambda: receiver.call("GET", "/healthz")[0] == 200, 60)
        wait_for("enough to compare, on a slow machine, too", lambda: stored(database) > 5 * KILLS, 60)
        sent = tmp_path / "spool" / IDENTITY / "sent"
        before = len(list(sent.glob("*")))
        wait_for("a segment to be sent", lambda: len(list(sent.glob("*"))) > before, 60)
        sampler.terminate()
        assert sampler.wait(150) == 0
    kept = sorted(sent.iterdir())
    with connected(database) as connection:
        (machine,) = find_machines(connection, IDENTITY)
        assert check_books(connection, machine).differences == []
        assert {note.kind for note in machine.annotations} <= {"gap"}
        streamed = contents(connection)
    with connected(databases()) as connection:
        load_recordings(connection, tmp_path / "out", *kept, collector="vm-01")
        filed = contents(connection)
    assert streamed == filed
    rows = len(streamed["host_sample"])
    print(f"{KILLS} kills, {len(kept)} batches, {rows} rows; connections: {network.seen}")
    assert rows > 5 * KILLS


def stored(database: str) -> int:
    """Samples of the host that are in the database."""
    with connected(database) as connection:
        row = connection.execute("SELECT count(*) FROM host_sample").fetchone()
    assert row
    return int(row[0])


def sampling(stack: ExitStack, packed: Path, words: tuple[str, ...], known: dict[str, str]) -> subprocess.Popen[str]:
    """A sampler that is gone when the stack is, whatever failed."""
    process = stack.enter_context(start(packed, *words, env=known))
    stack.callback(process.kill)
    return process
