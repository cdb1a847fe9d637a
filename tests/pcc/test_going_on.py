"""Going on with a collection that is there: what it holds stays, what is missing is declared, others are left alone."""

import gzip
import os
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from fix_pcc import (
    SOURCES,
    check_books,
    environment,
    of,
    parse,
    read,
    run,
    start,
    tick_count,
    wait_for,
    whole_lines,
)

from perfops.outputs.process import process_files
from perfops.pcc.known import last_line

FAST = ("--frequency", "20ms", "--quiet")


def test_going_on_after_a_kill_cuts_the_torn_line_and_declares_the_gap(packed: Path, tmp_path: Path) -> None:
    path = tmp_path / "host.json"
    line = ("--duration", "1h", "--frequency", "100ms", "--quiet", "--collection", str(path))
    with start(packed, *line) as process:
        wait_for("ticks", lambda: tick_count(path) >= 5)
        process.kill()
    first = parse(whole_lines(path))
    with path.open("ab") as file:
        file.write(b'{"timestamp":17')
    done = run(packed, "--duration", "500ms", "--frequency", "100ms", "--append", "--quiet", "--collection", str(path))
    assert (done.returncode, done.stderr) == (0, "")
    records = read(path)
    assert records[: len(first)] == first
    second = records[len(first) :]
    assert second[0]["subsystem"] == "host"
    assert second[0]["measurement"]["collection"] == first[0]["measurement"]["collection"]
    (gap,) = of(second, "gap")
    assert gap["measurement"]["reason"] == "restarted"
    assert gap["measurement"]["from"] == first[-1]["timestamp"]
    assert gap["measurement"]["to"] == second[0]["timestamp"]
    length = gap["measurement"]["to"] - gap["measurement"]["from"]
    assert gap["measurement"]["ticks"] == max(round(length / 0.1) - 1, 0)
    end = second[-1]["measurement"]
    assert (end["ticks"], end["missed"]) == (len(of(second, SOURCES[0])), gap["measurement"]["ticks"])


FALLEN_BACK = """
import sys, time
sys.path.insert(0, sys.argv.pop(1))
real = time.time
time.time = lambda: real() - 3600
from pcc.__main__ import main
main()
"""


def test_going_on_where_the_wall_clock_has_fallen_back_never_repeats_a_time(packed: Path, tmp_path: Path) -> None:
    path = tmp_path / "host.json"
    line = ["--duration", "100ms", *FAST, "--collection", str(path)]
    assert run(packed, *line).returncode == 0
    subprocess.run([sys.executable, "-c", FALLEN_BACK, packed, *line, "--append"], check=True, env=environment())
    records = read(path)
    stamps = [record["timestamp"] for record in of(records, SOURCES[0])]
    assert stamps == sorted(set(stamps))
    assert len(of(records, "host")) == 2
    (told,) = of(records, "clock")
    assert told["measurement"]["ahead"] == pytest.approx(-3600, abs=5)


def test_going_on_with_nothing_is_a_start(packed: Path, tmp_path: Path) -> None:
    path = tmp_path / "host.json"
    assert run(packed, "--duration", "100ms", *FAST, "--append", "--collection", str(path)).returncode == 0
    check_books(read(path), 0.02, 5)


def test_a_file_is_not_gone_on_with_under_another_id(packed: Path, tmp_path: Path) -> None:
    path = tmp_path / "host.json"
    one, other = (f"0b6c54b5-6d1e-4d1c-9d2a-0a6f3b7f4c1{last}" for last in "12")
    assert run(packed, "--duration", "100ms", *FAST, "--id", one, "--collection", str(path)).returncode == 0
    before = path.read_bytes()
    done = run(packed, "--append", "--id", other, "--collection", str(path))
    assert (done.returncode, done.stderr) == (
        2, f"pcc: bad value for --id: {other!r} ({path} is of the collection {one}: leave it out)\n",
    )  # fmt: skip
    assert path.read_bytes() == before


@pytest.mark.parametrize("packs", ["", "--gzip"], ids=["plain", "packed"])
def test_going_on_with_a_packed_file_puts_it_aside(packs: str, packed: Path, tmp_path: Path) -> None:
    """A packed file, cut by a kill, takes no more; its id and its last tick are taken over."""
    path = tmp_path / "host.json.gz"
    with start(packed, "--duration", "1h", *FAST, "--gzip", "--collection", str(path)) as process:
        wait_for("some bytes", lambda: path.exists() and path.stat().st_size > 4000)
        process.kill()
    before = path.read_bytes()
    done = run(packed, "--append", "--duration", "100ms", *FAST, *filter(None, [packs]), "--collection", str(path))
    assert (done.returncode, done.stderr) == (0, "")
    aside = tmp_path / "host.json.gz.1"
    assert aside.read_bytes() == before
    first = parse(zlib.decompressobj(31).decompress(before).rpartition(b"\n")[0].splitlines())
    text = gzip.decompress(path.read_bytes()) if packs else path.read_bytes()
    second = parse(text.splitlines())
    (gap,) = (gap for gap in of(second, "gap") if gap["measurement"]["reason"] == "restarted")
    assert gap["measurement"]["from"] == of(first, SOURCES[0])[-1]["timestamp"]
    assert second[0]["measurement"]["collection"] == first[0]["measurement"]["collection"]
    summary = process_files([path, aside], tmp_path / "out")
    assert (summary.segments, summary.complete) == (2, True)
    assert summary.snapshots == len(of(first, SOURCES[0])) + len(of(second, SOURCES[0]))


def test_going_on_where_only_files_put_aside_are_left(packed: Path, tmp_path: Path) -> None:
    path = tmp_path / "host.json"
    assert run(packed, "--duration", "300ms", *FAST, "--collection", str(path)).returncode == 0
    path.rename(tmp_path / "host.json.7")
    done = run(packed, "--duration", "300ms", *FAST, "--append", "--rotate", "50K", "--collection", str(path))
    assert (done.returncode, done.stderr) == (0, "")
    files = sorted(tmp_path.glob("host.json*"))
    assert {"host.json.7", "host.json.8"} < {file.name for file in files}
    summary = process_files(files, tmp_path / "out")
    assert (summary.complete, summary.segments) == (True, 2)
    assert "restarted" in summary.annotations[0].text


@pytest.mark.parametrize("text", ["precious, one line without an end", "root:x:0\nuser:x:1\nno end", "{}\n"])
def test_what_is_no_collection_is_left_alone(text: str, packed: Path, tmp_path: Path) -> None:
    path = tmp_path / "passwd"
    path.write_text(text)
    done = run(packed, "--append", "--duration", "100ms", *FAST, "--collection", str(path))
    assert (done.returncode, done.stderr) == (2, f"pcc: {path} is no collection (name another file)\n")
    assert path.read_text() == text


@pytest.mark.parametrize("how", [(), ("--append",)])
def test_a_pipe_a_folder_and_a_device_are_refused(packed: Path, tmp_path: Path, how: tuple[str, ...]) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (pipe, tmp_path, Path("/dev/null"), Path("/dev/stdout")):
        done = run(packed, *how, "--duration", "100ms", *FAST, "--collection", str(path))
        told = f"pcc: {path} is no plain file (name one; what it holds can be sent on afterwards)\n"
        assert (done.returncode, done.stderr) == (2, told)


def test_space_that_was_never_written_is_passed_over(packed: Path, tmp_path: Path) -> None:
    path = tmp_path / "host.json"
    assert run(packed, "--duration", "100ms", *FAST, "--collection", str(path)).returncode == 0
    good = path.read_bytes()
    os.truncate(path, 1 << 30)
    assert run(packed, "--duration", "100ms", *FAST, "--append", "--collection", str(path)).returncode == 0
    assert path.read_bytes().startswith(good + b'{"timestamp"')


RECORD = b'{"timestamp":1,"subsystem":"a"}\n'
LONG_RECORD = b'{"timestamp":2,"subsystem":"' + b"y" * 140_000 + b'"}\n'


@pytest.mark.parametrize(
    ("text", "size", "timestamp"),
    [
        (b"", 0, None),
        (RECORD[:-1], 0, None),
        (RECORD, len(RECORD), 1),
        (RECORD + b'{"timesta', len(RECORD), 1),
        (RECORD + b"nonsense\n", len(RECORD) + 9, 1),
        (RECORD + b'{"timestamp":NaN,"subsystem":"a"}\n{"timestamp":1e400,"subsystem":"a"}\n', len(RECORD) + 70, 1),
        (RECORD + b"[" * 200_000 + b"\n", len(RECORD) + 200_001, 1),
        (b"nonsense\n", 9, None),
        (RECORD + b"x" * 200_000 + b"\n", len(RECORD) + 200_001, 1),
        (RECORD + b"x" * 200_000, len(RECORD), 1),
        (b"x" * 70_000 + b"\n" + LONG_RECORD, 70_001 + len(LONG_RECORD), 2),
        (LONG_RECORD + RECORD[:-1] + b"\0" * 200_000, len(LONG_RECORD), 2),
    ],
)
def test_the_end_of_a_cut_file(text: bytes, size: int, timestamp: float | None, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(text)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        assert last_line(descriptor, len(text)) == (size, timestamp)
    finally:
        os.close(descriptor)
