"""Signals end a collection cleanly; what cannot be caught costs at most the tick at hand."""

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from fix_pcc import SOURCES, check_books, environment, of, parse, read, start, tick_count, wait_for, whole_lines

LONG = ("--duration", "1h", "--quiet")
KILLS = 200 if os.environ.get("PERFOPS_SOAK") == "1" else 10
AT_ONCE = 10
PAGE = os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_with_the_last_tick_whole_and_an_end_record(
    packed: Path, tmp_path: Path, number: signal.Signals
) -> None:
    path = tmp_path / "host.json"
    with start(packed, *LONG, "--frequency", "20ms", "--collection", str(path), env=environment()) as process:
        wait_for("five ticks", lambda: tick_count(path) >= 5)
        process.send_signal(number)
        out, told = process.communicate(timeout=30)
    assert (process.returncode, out, told) == (0, "", "")
    end = check_books(read(path), 0.02)
    assert end["reason"] == number.name
    assert end["ticks"] >= 5


def test_a_signal_before_the_first_tick_still_leaves_one(packed: Path, tmp_path: Path) -> None:
    path = tmp_path / "host.json"
    with start(packed, *LONG, "--frequency", "10s", "--collection", str(path), env=environment()) as process:
        wait_for("the file", path.exists)
        process.terminate()
        process.communicate(timeout=30)
    assert process.returncode == 0
    end = check_books(read(path), 10)
    assert (end["reason"], end["ticks"], end["missed"]) == ("SIGTERM", 1, 0)


def test_a_second_signal_changes_nothing(packed: Path, tmp_path: Path) -> None:
    path = tmp_path / "host.json"
    with start(packed, *LONG, "--frequency", "10ms", "--collection", str(path), env=environment()) as process:
        wait_for("a tick", lambda: tick_count(path))
        process.send_signal(signal.SIGSTOP)
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGCONT)
        _, told = process.communicate(timeout=30)
    assert (process.returncode, told) == (0, "")
    assert check_books(read(path), 0.01)["reason"] in ("SIGTERM", "SIGINT")


def test_nohup_is_honoured(packed: Path, tmp_path: Path) -> None:
    path = tmp_path / "host.json"
    line = [sys.executable, str(packed), *LONG, "--frequency", "10ms", "--collection", str(path)]
    with subprocess.Popen(["sh", "-c", 'trap "" HUP; exec "$@"', "sh", *line], env=environment()) as process:
        wait_for("a tick", lambda: tick_count(path))
        process.send_signal(signal.SIGHUP)
        before = tick_count(path)
        wait_for("ticks after the hang-up", lambda: tick_count(path) > before + 2)
        process.terminate()
    assert check_books(read(path), 0.01)["reason"] == "SIGTERM"


@pytest.mark.parametrize("ended", ["by its duration", "by a signal"])
def test_a_stopped_sampler_counts_what_it_missed_and_says_from_when_to_when(
    packed: Path, tmp_path: Path, ended: str
) -> None:
    path = tmp_path / "host.json"
    duration = "2s" if ended == "by its duration" else "1h"
    line = ("--quiet", "--duration", duration, "--frequency", "100ms", "--collection", str(path))
    with start(packed, *line, env=environment()) as process:
        wait_for("three ticks", lambda: tick_count(path) >= 3)
        process.send_signal(signal.SIGSTOP)
        time.sleep(0.55)  # more than five periods must pass: they are what is tested
        if ended == "by a signal":
            process.terminate()
        process.send_signal(signal.SIGCONT)
        process.communicate(timeout=30)
    assert process.returncode == 0
    records = read(path)
    end = check_books(records, 0.1, 20 if ended == "by its duration" else None)
    assert end["missed"] >= 4
    ticks = [record["timestamp"] for record in of(records, SOURCES[0])]
    longest = max(of(records, "gap"), key=lambda gap: gap["measurement"]["ticks"])
    facts = longest["measurement"]
    assert facts["reason"] == "late"
    assert facts["to"] - facts["from"] > 0.5
    assert ticks[ticks.index(facts["from"]) + 1] == facts["to"]
    if ended == "by its duration":
        assert end["ticks"] + end["missed"] == 21


def check_killed(path: Path) -> int:
    """Check what a killed sampler left: host first, no end, whole ticks; returns their number."""
    data = path.read_bytes()
    # The kernel ends the write of a killed program between two pages, if there; no other cut is possible.
    cut = len(data) % PAGE == 0
    assert cut or data.endswith(b"\n")
    records = parse(whole_lines(path))
    assert records[0]["subsystem"] == "host"
    assert not of(records, "end")
    counts = {len(of(records, source)) for source in SOURCES}
    assert cut or len(counts) == 1
    return min(counts)


@pytest.mark.soak
def test_kill_9_at_random_moments_leaves_whole_ticks(packed: Path, tmp_path: Path) -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}, {KILLS} kills")
    chance = random.Random(seed)
    left = []
    for first in range(0, KILLS, AT_ONCE):
        paths = [tmp_path / f"{number}.json" for number in range(first, min(first + AT_ONCE, KILLS))]
        with ExitStack() as stack:
            processes = [
                stack.enter_context(
                    start(packed, *LONG, "--frequency", "10ms", "--collection", str(path), env=environment())
                )
                for path in paths
            ]
            wait_for("their first ticks", lambda paths=paths: all(map(tick_count, paths)))
            for process in processes:
                time.sleep(chance.uniform(0, 0.03))
                process.kill()
        left += [check_killed(path) for path in paths]
    assert len(left) == KILLS
    assert min(left) >= 1
    print(f"ticks left: {min(left)} to {max(left)}")
