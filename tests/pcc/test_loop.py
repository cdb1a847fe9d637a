"""The packed sampler on the real /proc: ticks on a grid, one write each, books that close."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import orjson
import pytest
from fix_pcc import Records, check_books, environment, of, read, run, start, tick_count, wait_for
from hypothesis import given
from hypothesis import strategies as st

from perfops.pcc.loop import due_tick, last_tick

FREQUENCY, LAST = 0.05, 20
SHORT = ("--duration", "20ms", "--frequency", "10ms", "--quiet")


def test_a_duration_of_n_periods_has_n_and_one_ticks(records: Records, recording: Path) -> None:
    end = check_books(records, FREQUENCY, LAST)
    assert end["reason"] == "duration"
    assert end["ticks"] + end["missed"] == LAST + 1
    assert end["unreadable"] == {}
    last_line = recording.read_bytes().splitlines(keepends=True)[-1]
    assert end["bytes"] + len(last_line) == recording.stat().st_size
    assert end["cpu_seconds"] > 0


def test_every_line_has_the_four_keys_of_the_contract(recording: Path) -> None:
    for line in recording.read_bytes().splitlines():
        record = orjson.loads(line)
        assert list(record) == ["timestamp", "monotonic", "subsystem", "measurement"]
        assert isinstance(record["measurement"], str)


def test_timestamps_are_the_monotonic_line_and_never_repeat(records: Records) -> None:
    ticks = of(records, "/proc/stat")
    offsets = [tick["timestamp"] - tick["monotonic"] for tick in ticks]
    assert max(offsets) - min(offsets) < 0.0011  # a timestamp is told to the millisecond
    stamps = [tick["timestamp"] for tick in ticks]
    assert stamps == sorted(set(stamps))


def test_the_records_of_a_tick_share_its_time(records: Records) -> None:
    times = {record["monotonic"]: record["timestamp"] for record in records}
    assert len(times) == len(of(records, "/proc/stat")) + 1  # and the end's
    assert all(times[record["monotonic"]] == record["timestamp"] for record in records)


def test_it_waits_for_a_whole_second(packed: Path, tmp_path: Path) -> None:
    path = tmp_path / "host.json"
    time.sleep(max(0.0, 1.02 - time.time() % 1))  # start at the beginning of a second, so that there is one to wait for
    started = time.time()
    assert run(packed, *SHORT, "--collection", str(path), env=environment()).returncode == 0
    assert read(path)[0]["timestamp"] > int(started) + 1 - 0.002  # the clock may be slewed meanwhile


@pytest.mark.parametrize("fraction", [0.0, 0.4], ids=["whole", "between"])
def test_a_start_that_is_given_is_the_first_tick_and_costs_no_cpu(
    fraction: float, packed: Path, tmp_path: Path
) -> None:
    """Between two seconds it is the next whole one."""
    path = tmp_path / "host.json"
    begin = int(time.time()) + 3
    moment = f"{begin - 1 + fraction}" if fraction else time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(begin))
    done = run(packed, *SHORT, "--collection", str(path), "--start-at", moment, env=environment())
    assert done.returncode == 0, done.stderr
    records = read(path)
    assert begin - 0.002 < records[0]["timestamp"] < begin + 1
    assert records[-1]["measurement"]["cpu_seconds"] < 1


def test_a_start_that_is_past_is_at_once(packed: Path, tmp_path: Path) -> None:
    path = tmp_path / "host.json"
    before = time.time()
    line = (*SHORT, "--collection", str(path), "--start-at", str(int(before) - 3600))
    assert run(packed, *line, env=environment()).returncode == 0
    assert read(path)[0]["timestamp"] > before


def test_a_signal_while_it_waits_for_its_start_ends_it(packed: Path, tmp_path: Path) -> None:
    path = tmp_path / "host.json"
    line = ("--duration", "1h", "--collection", str(path), "--start-at", str(int(time.time()) + 3600))
    with start(packed, *line, env=environment()) as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("pcc: collection")
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    end = check_books(read(path), 1)
    assert (end["reason"], end["ticks"]) == ("SIGTERM", 1)


def test_the_shortest_period_keeps_its_books_and_its_distances(packed: Path, tmp_path: Path) -> None:
    path = tmp_path / "host.json"
    done = run(packed, *("--duration", "500ms", "--frequency", "10ms", "--collection", str(path)), env=environment())
    assert done.returncode == 0, done.stderr
    records = read(path)
    end = check_books(records, 0.01, 50)
    assert end["ticks"] + end["missed"] == 51
    stamps = [tick["timestamp"] for tick in of(records, "/proc/stat")]
    assert stamps == sorted(set(stamps))


def test_a_duration_that_is_no_whole_number_of_periods(packed: Path, tmp_path: Path) -> None:
    path = tmp_path / "host.json"
    assert run(packed, "--duration", "250ms", "--frequency", "100ms", "--collection", str(path)).returncode == 0
    assert check_books(read(path), 0.1, 2)["reason"] == "duration"


STEPPING = """
import sys, time
sys.path.insert(0, sys.argv.pop(1))
real, calls = time.time, []
def stepping():
    calls.append(None)
    return real() + (7200 if len(calls) > 2 else 0)  # from the tick after the first on
time.time = stepping
from pcc.__main__ import main
main()
"""


def test_a_wall_clock_that_is_set_leaves_the_line_alone_and_is_told_once(packed: Path, tmp_path: Path) -> None:
    path = tmp_path / "host.json"
    line = [sys.executable, "-c", STEPPING, str(packed), "--duration", "1s", "--frequency", "100ms"]
    subprocess.run([*line, "--collection", str(path), "--quiet"], check=True, env=environment())
    records = read(path)
    check_books(records, 0.1, 10)
    (told,) = of(records, "clock")
    assert told["measurement"]["ahead"] == pytest.approx(7200, abs=1)
    assert told["monotonic"] == of(records, "/proc/stat")[1]["monotonic"]
    times = [(record["timestamp"], record["monotonic"]) for record in of(records, "/proc/stat")]
    offsets = [timestamp - monotonic for timestamp, monotonic in times]
    assert max(offsets) - min(offsets) < 0.0011


GREEDY = """
import os, subprocess, sys
ballast = bytearray(os.urandom(1)) * (200 << 20)
subprocess.run(sys.argv[1:], check=True, preexec_fn=lambda: None)  # has Python fork, where it would spawn otherwise
"""


def test_peak_memory_is_the_samplers_own_and_not_its_parents(packed: Path, tmp_path: Path) -> None:
    path = tmp_path / "host.json"
    line = [sys.executable, str(packed), *SHORT, "--collection", str(path)]
    subprocess.run([sys.executable, "-c", GREEDY, *line], check=True)
    assert 4096 < read(path)[-1]["measurement"]["peak_memory_kib"] < 100 * 1024


def test_labels_of_any_bytes_in_the_poorest_locale(packed: Path, tmp_path: Path) -> None:
    path = tmp_path / "host.json"
    poor = environment(LC_ALL="C", PYTHONCOERCECLOCALE="0", PYTHONUTF8="0")
    line: list[str | bytes] = [sys.executable, str(packed), *SHORT, "--collection"]
    done = subprocess.run([*line, str(path), "--labels", "town=Zürich,raw=\xff".encode("latin-1")], env=poor)
    assert done.returncode == 0
    assert read(path)[0]["measurement"]["labels"] == {"town": "Z\\xfcrich", "raw": "\\xff"}
    again = tmp_path / "again.json"
    done = subprocess.run([*line, str(again), "--labels", "town=Zürich".encode()], env=poor)
    assert read(again)[0]["measurement"]["labels"] == {"town": "Zürich"}


@given(st.integers(1, 10**7), st.integers(10, 10**6))
def test_the_last_tick_of_whole_periods_is_exact(periods: int, milliseconds: int) -> None:
    frequency = milliseconds * 0.001
    assert last_tick(periods * milliseconds / 1000, frequency) == periods
    assert due_tick(0.0, frequency, periods) == 0
    assert due_tick((periods + 5) * frequency, frequency, periods) == periods


def test_a_tick_is_one_write(packed: Path, tmp_path: Path) -> None:
    """The kernel counts a program's writes: wherever it is stopped, as many as there are ticks in the file.

    Those of its start, when it hands itself over to a lean interpreter, are always the same.
    """
    path = tmp_path / "host.json"
    line = ("--duration", "1h", "--frequency", "10ms", "--quiet", "--collection", str(path))
    others: set[int] = set()
    with start(packed, *line, env=environment()) as process:
        for ticks in (1, 5, 10):
            wait_for(f"tick {ticks}", lambda ticks=ticks: tick_count(path) >= ticks)
            process.send_signal(signal.SIGSTOP)
            status = Path(f"/proc/{process.pid}/status")
            wait_for("the stop", lambda status=status: "State:\tT" in status.read_text())
            counted = dict(row.split(": ") for row in Path(f"/proc/{process.pid}/io").read_text().splitlines())
            others.add(int(counted["syscw"]) - tick_count(path))
            process.send_signal(signal.SIGCONT)
        process.terminate()
    assert len(others) == 1
    assert others <= {0, 1}
