"""What goes wrong while a collection is sent: nothing is lost that is not declared, and nothing is there twice.

Killed some times by default, 300 with PERFOPS_SOAK=1; the seed is printed, and PERFOPS_SEED gives it back.
"""

import json
import os
import random
import re
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest
from fix_fake_receiver import FakeReceiver, key_file, receiving
from fix_pcc import environment, run, start, wait_for
from fix_spool import IDENTITY, Receiver

from perfops.pcc.frames import is_tick, scan, time_of

TIMES = 300 if os.environ.get("PERFOPS_SOAK") == "1" else 6
TROUBLE = ("200", "200", "503 0", "reset before", "reset after", "close", "429 0")
UNSHARE = ["unshare", "--mount", *(["--map-root-user"] if os.getuid() else [])]


def line(folder: Path, port: int, *more: str) -> tuple[str, ...]:
    """The command line of a collection that is sent to a port on loopback."""
    flags = ("--mode", "trickle", "--server", f"127.0.0.1:{port}", "--apikey-file", str(key_file(folder)))
    often = ("--frequency", "20ms", "--batch", "60ms", "--without", "containers,filesystems,tcp", "--id", IDENTITY)
    return (*flags, *often, "--spool", str(folder / "spool"), *more)


def check_books(receiver: Receiver, told: dict[str, int] | None = None) -> None:
    """No tick is missing that no gap tells of, and none is told of that is there."""
    rows = sorted(receiver.rows)
    lost = {gap: gap.ticks - sum(gap.since < row < gap.until for row in rows) for gap in receiver.gaps}
    assert all(count >= 0 for count in lost.values()), lost
    gone = [gap for gap in receiver.gaps if gap.reason not in ("late", "restarted")]
    if told:
        assert len(rows) + 1 + sum(lost[gap] for gap in gone) == told["ticks"]
    for before, now in pairwise(sorted(receiver.ticks)):
        missing = round((now - before) / 0.02) - 1
        declared = sum(gap.ticks for gap in receiver.gaps if gap.since < now and gap.until > before)
        assert declared >= missing - 1, f"{missing} ticks are missing before {now}, {declared} are declared"


def end_of(receiver: FakeReceiver) -> dict[str, int]:
    """What the last end record says."""
    ends = [each for batch in receiver.batches for each in batch["measurements"] if each["subsystem"] == "end"]
    found: dict[str, int] = json.loads(ends[-1]["measurement"])
    return found


@pytest.fixture
def chance() -> random.Random:
    """Random moments; the seed is in what a failing test prints."""
    seed = int(os.environ.get("PERFOPS_SEED") or random.SystemRandom().randrange(1 << 32))
    print(f"PERFOPS_SEED={seed}")
    return random.Random(seed)


@pytest.mark.soak
def test_the_sender_killed_at_random_moments(packed: Path, tmp_path: Path, chance: random.Random) -> None:
    with receiving() as receiver:
        for _ in range(TIMES):
            receiver.script = [chance.choice(TROUBLE) for _ in range(30)]
            words = line(tmp_path, receiver.port, "--duration", "1h", "--keep-sent", "--quiet")
            with start(packed, *words, env=environment()) as process:
                time.sleep(chance.uniform(0.1, 2.2))
                assert process.poll() is None
                process.kill()
        receiver.script = []
        done = run(packed, *line(tmp_path, receiver.port, "--duration", "200ms", "--keep-sent"), env=environment())
        assert done.returncode == 0, done.stderr
        committed = receiver.committed
    # Every tick that was ever written is there once, by its number, and is a row; no other is.
    kept: dict[int, float] = {}
    for file in sorted((tmp_path / "spool" / IDENTITY / "sent").iterdir()):
        for part in scan(file.read_bytes()):
            assert part.data is not None
            if is_tick(part.data):
                assert kept.setdefault(part.number, time_of(part.data)) == time_of(part.data)
    assert sorted(kept) == list(range(1, len(kept) + 1))
    assert committed.rows == {moment for number, moment in kept.items() if number > 1}
    assert {gap.reason for gap in committed.gaps} <= {"late", "restarted"}
    check_books(committed)
    print(f"{len(kept)} ticks, {len(receiver.batches)} batches")


@pytest.mark.parametrize("policy", ["drop-oldest", "stop"])
def test_a_spool_that_reaches_its_cap(policy: str, packed: Path, tmp_path: Path) -> None:
    with receiving() as receiver:
        receiver.down = True
        words = line(tmp_path, receiver.port, "--duration", "1h", "--spool-max", "128K", "--spool-full", policy)
        with start(packed, *words, env=environment()) as process:
            if policy == "stop":
                files = lambda: sorted((tmp_path / "spool").glob("*/*.json"))  # noqa: E731
                ended = lambda: files() and b'"subsystem":"end"' in files()[-1].read_bytes()  # noqa: E731
                wait_for("the end record", ended)
            else:
                folder = tmp_path / "spool" / IDENTITY
                wait_for("many segments", lambda: any(int(file.name[:8]) > 20 for file in folder.glob("*.json")))
            receiver.down = False
            if policy == "drop-oldest":
                wait_for("what was declared", lambda: receiver.committed.gaps)
                process.terminate()
            _, said = process.communicate(timeout=60)
        assert process.returncode == 0, said
        told = end_of(receiver)
        check_books(receiver.committed, told)
        reasons = {gap.reason for gap in receiver.committed.gaps} - {"late"}
        assert reasons == ({"spool full"} if policy == "drop-oldest" else set())
        assert told["reason"] == ("SIGTERM" if policy == "drop-oldest" else "spool-full")
    assert not list((tmp_path / "spool").iterdir())


ON_A_DISK = """
mount -t tmpfs -o size=192k tmpfs "$1" || exit 99
shift; exec "$@"
"""


def test_a_spool_on_a_disk_that_is_full_and_free_again(packed: Path, tmp_path: Path) -> None:
    (tmp_path / "spool").mkdir()
    with receiving() as receiver:
        receiver.down = True
        words = line(tmp_path, receiver.port, "--duration", "1h", "--min-free", "0")
        shell = [*UNSHARE, "sh", "-c", ON_A_DISK, "sh", str(tmp_path / "spool"), sys.executable, str(packed), *words]
        said = tmp_path / "said"
        with said.open("w") as file, subprocess.Popen(shell, stderr=file, env=environment()) as process:
            full = lambda: process.poll() is not None or "No space left" in said.read_text()  # noqa: E731
            wait_for("the full disk", full)
            if process.poll() == 99 or said.read_text().startswith("unshare:"):
                pytest.skip(f"no tmpfs can be mounted here: {said.read_text().strip()}")
            receiver.down = False
            wait_for("ticks after it", lambda: any(gap.reason == "no space" for gap in receiver.committed.gaps))
            before = len(receiver.committed.rows)
            wait_for("more ticks", lambda: len(receiver.committed.rows) > before + 5)
            process.terminate()
            process.wait(timeout=60)
        assert process.returncode == 0, said.read_text()
        check_books(receiver.committed, end_of(receiver))
        assert {gap.reason for gap in receiver.committed.gaps} - {"late"} == {"no space"}
        assert "(sampling goes on)" in said.read_text()


def test_segments_that_wait_hold_no_files_open(packed: Path, tmp_path: Path) -> None:
    folder = tmp_path / "spool" / IDENTITY
    waiting = lambda: len(list(folder.glob("*.json")))  # noqa: E731
    with receiving() as receiver:
        receiver.down = True
        with start(packed, *line(tmp_path, receiver.port, "--duration", "1h"), env=environment()) as process:
            opened = lambda: len(list(Path(f"/proc/{process.pid}/fd").iterdir()))  # noqa: E731
            wait_for("some segments", lambda: waiting() > 3)
            before = opened()
            wait_for("many segments", lambda: waiting() > 25)
            assert opened() <= before + 3
            process.kill()


def test_a_receiver_that_is_down_for_longer_than_the_run(packed: Path, tmp_path: Path) -> None:
    with receiving() as receiver:
        receiver.down = True
        done = run(packed, *line(tmp_path, receiver.port, "--duration", "400ms", "--flush", "1s"), env=environment())
        assert done.returncode == 4
        assert re.search(r" (\d+) ticks, .* 0 sent, \1 left in ", done.stderr)
        files = sorted((tmp_path / "spool").glob("*/*.json"))
        assert len(files) > 3
        receiver.down = False
        words = line(tmp_path, receiver.port, "--duration", "100ms")
        done = run(packed, *words[: words.index("--id")], *words[words.index("--id") + 2 :], env=environment())
        assert done.returncode == 0, done.stderr
        committed = receiver.commits[IDENTITY]
        assert committed.ends == 1
        check_books(committed)
    assert not list((tmp_path / "spool").iterdir())
