"""Limits, packing and rotation: what is written stays whole, and nothing is lost between two files."""

import gzip
import os
import signal
import subprocess
import sys
import zlib
from itertools import pairwise
from pathlib import Path

import pytest
from fix_pcc import (
    SOURCES,
    check_books,
    check_grid,
    of,
    parse,
    read,
    run,
    start,
    tick_count,
    wait_for,
)
from fix_roots import ROOTS

from perfops.outputs.process import process_files
from perfops.pcc.errors import PccError
from perfops.pcc.output import Output

FAST = ("--frequency", "20ms", "--quiet")


def unpacked(path: Path) -> bytes:
    """What can be unpacked of a gzip file, also of one that ends too early."""
    return zlib.decompressobj(31).decompress(path.read_bytes())


def test_a_packed_collection_is_the_plain_one(packed: Path, tmp_path: Path) -> None:
    path = tmp_path / "host.json.gz"
    assert run(packed, "--duration", "400ms", *FAST, "--gzip", "--collection", str(path)).returncode == 0
    data = gzip.decompress(path.read_bytes())
    records = parse(data.splitlines())
    end = check_books(records, 0.02, 20)
    assert end["bytes"] <= path.stat().st_size < len(data) / 5


def test_a_packed_collection_that_was_killed_is_good_up_to_its_last_whole_tick(packed: Path, tmp_path: Path) -> None:
    path = tmp_path / "host.json.gz"
    with start(packed, "--duration", "1h", *FAST, "--gzip", "--collection", str(path)) as process:
        wait_for("ticks", lambda: path.exists() and unpacked(path).count(b'"/proc/loadavg"') >= 20)
        process.kill()
    data = unpacked(path)
    assert data.endswith(b"\n")
    records = parse(data.splitlines())
    assert len({len(of(records, source)) for source in SOURCES}) == 1
    assert check_grid(records, 0.02) >= 19


def test_max_bytes_ends_it_cleanly_and_is_never_passed(packed: Path, tmp_path: Path) -> None:
    path = tmp_path / "host.json"
    done = run(packed, "--duration", "1h", *FAST, "--max-bytes", "100K", "--collection", str(path))
    assert (done.returncode, done.stderr) == (0, "")
    end = check_books(read(path), 0.02)
    assert end["reason"] == "max-bytes"
    assert 80 * 1024 < path.stat().st_size <= 100 * 1024


def test_a_disk_that_fills_up_to_the_floor_ends_it_cleanly(packed: Path, tmp_path: Path) -> None:
    stat = os.statvfs(tmp_path)
    floor = stat.f_bavail * stat.f_frsize + (1 << 40)
    path = tmp_path / "host.json"
    done = run(packed, "--duration", "1h", *FAST, "--min-free", str(floor), "--collection", str(path))
    assert done.returncode == 3
    assert done.stderr.startswith("pcc: less than ")
    assert not path.exists()


def test_the_floor_is_looked_at_after_every_tick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    output = Output(str(tmp_path / "host.json"), min_free=1)
    assert not output.short_of_space()
    output.min_free = 1 << 60
    assert output.short_of_space()
    output.close()


def parts(path: Path) -> list[Path]:
    """The files of a rotated collection, in order of time."""
    aside = sorted(path.parent.glob(f"{path.name}.[0-9]*"), key=lambda each: int(each.suffix[1:]))
    return [*aside, path]


def test_rotation_loses_no_interval_and_repeats_one_tick(packed: Path, tmp_path: Path) -> None:
    path = tmp_path / "host.json"
    done = run(packed, "--duration", "2s", *FAST, "--rotate", "100K", "--collection", str(path))
    assert (done.returncode, done.stderr) == (0, "")
    files = parts(path)
    assert len(files) > 3
    whole = read(files[0])
    for before, after in pairwise(files):
        earlier, later = read(before), read(after)
        assert later[0]["subsystem"] == "host"
        assert later[0]["measurement"] == whole[0]["measurement"]
        last = earlier[-1]["timestamp"]
        repeated = [record for record in later if record["timestamp"] == last]
        ticked = [record for record in earlier if record["timestamp"] == last and record["subsystem"] in SOURCES]
        assert [record for record in repeated if record["subsystem"] in SOURCES] == ticked
        whole += [record for record in later if record["timestamp"] > last]
        assert before.stat().st_size >= 100 * 1024
    end = check_books(whole, 0.02, 100)
    assert end["bytes"] == sum(file.stat().st_size for file in files) - len(path.read_bytes().splitlines(True)[-1])


def test_rotation_never_writes_over_a_file(packed: Path, tmp_path: Path) -> None:
    path = tmp_path / "host.json"
    (tmp_path / "host.json.1").write_text("mine\n")
    assert run(packed, "--duration", "500ms", *FAST, "--rotate", "50K", "--collection", str(path)).returncode == 0
    assert (tmp_path / "host.json.1").read_text() == "mine\n"
    assert (tmp_path / "host.json.2").exists()


def test_the_limit_counts_what_was_put_aside_and_holds_over_restarts(packed: Path, tmp_path: Path) -> None:
    """Of a recorded machine, as on this one a tick may grow and shrink with its interfaces and mounts."""
    path = tmp_path / "host.json"
    line = ("--append", "--max-bytes", "200K", "--rotate", "40K", *FAST, "--duration", "1h", "--collection", str(path))
    line = (*line, "--proc-root", str(ROOTS / "debian12-2cpu" / "proc"), "--sys-root", str(tmp_path / "no-sys"))
    assert run(packed, *line).returncode == 0
    written = sum(file.stat().st_size for file in tmp_path.iterdir())
    assert 150 << 10 < written <= 200 << 10
    again = run(packed, *line)
    assert again.returncode == 2
    assert "--max-bytes leaves no room for a tick of" in again.stderr
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) == written


@pytest.mark.parametrize("limit", ["1K", "41K"])
def test_no_file_is_ever_larger_than_the_limit(limit: str, packed: Path, tmp_path: Path) -> None:
    path = tmp_path / "host.json"
    run(packed, "--max-bytes", limit, "--rotate", "15K", *FAST, "--duration", "1h", "--collection", str(path))
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) <= int(limit[:-1]) << 10


def test_a_file_that_is_removed_while_it_is_written_is_an_error(packed: Path, tmp_path: Path) -> None:
    path = tmp_path / "host.json"
    with start(packed, "--duration", "1h", *FAST, "--collection", str(path)) as process:
        wait_for("a tick", lambda: tick_count(path) >= 1)
        path.unlink()
        assert process.wait(10) == 3
        assert process.stderr is not None
        assert f"{path} was removed while it was written" in str(process.stderr.read())


def test_a_file_that_is_moved_away_is_gone_on_with_and_followed_by_a_new_one(packed: Path, tmp_path: Path) -> None:
    path, moved = tmp_path / "host.json", tmp_path / "moved.json"
    with start(packed, "--duration", "1h", *FAST, "--rotate", "50K", "--collection", str(path)) as process:
        wait_for("a tick", lambda: tick_count(path) >= 1)
        path.rename(moved)
        wait_for("a new file", lambda: path.exists() and tick_count(path) >= 2)
        process.terminate()
        assert process.wait(10) == 0
    files = [moved, *tmp_path.glob("host.json*")]
    summary = process_files(files, tmp_path / "out")
    assert (summary.segments, summary.complete, summary.ticks) == (1, True, summary.snapshots)


def test_numbers_of_files_sent_on_are_not_taken_again(packed: Path, tmp_path: Path) -> None:
    path = tmp_path / "host.json"
    with start(packed, "--duration", "1h", *FAST, "--rotate", "20K", "--collection", str(path)) as process:
        wait_for("two files", lambda: (tmp_path / "host.json.2").exists())
        (tmp_path / "host.json.1").unlink()
        wait_for("two more", lambda: (tmp_path / "host.json.4").exists())
        process.terminate()
    assert not (tmp_path / "host.json.1").exists()


@pytest.mark.parametrize("how", [(), ("--append",)])
def test_a_second_writer_is_told_who_the_first_is(packed: Path, tmp_path: Path, how: tuple[str, ...]) -> None:
    path = tmp_path / "host.json"
    with start(packed, "--duration", "1h", *FAST, "--collection", str(path)) as process:
        wait_for("a tick", lambda: tick_count(path) >= 1)
        done = run(packed, *how, "--collection", str(path))
        process.send_signal(signal.SIGTERM)
    assert (done.returncode, done.stderr) == (
        2, f"pcc: collection {path} is being written by process {process.pid} (name another file, or end that)\n",
    )  # fmt: skip
    check_books(read(path), 0.02)


def test_a_disk_that_fails_while_packing_ends_the_stream_before_the_lost_tick(tmp_path: Path) -> None:
    """A full disk is a limit on the size of files here; the file stays readable as far as it goes."""
    code = (
        "import resource, signal, sys; from perfops.pcc.output import Output; from perfops.pcc.errors import PccError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))\n"
        "import os\noutput = Output(sys.argv[1], gzip=True); count = 0\n"
        "try:\n"
        "    while True:\n        output.write(os.urandom(1500).hex().encode() + b'\\n'); count += 1\n"
        "except PccError as error:\n    print(count)\n"
        "output.close()"
    )
    path = tmp_path / "host.json.gz"
    done = subprocess.run([sys.executable, "-c", code, path], check=True, capture_output=True, text=True)
    lines = unpacked(path).splitlines(keepends=True)
    assert len(lines) == int(done.stdout) > 5
    assert all(len(line) == 3001 for line in lines)


def test_the_priorities_that_were_asked_for(packed: Path, tmp_path: Path) -> None:
    path = tmp_path / "host.json"
    line = ("--nice", "7", "--ionice", "best-effort:6", "--oom-score-adj", "300", "--duration", "1h", *FAST)
    with start(packed, *line, "--collection", str(path)) as process:
        wait_for("a tick", lambda: tick_count(path) >= 1)
        assert os.getpriority(os.PRIO_PROCESS, process.pid) == 7 + os.getpriority(os.PRIO_PROCESS, 0)
        assert Path(f"/proc/{process.pid}/oom_score_adj").read_text().strip() == "300"
        told = subprocess.run(["ionice", "-p", str(process.pid)], check=True, capture_output=True, text=True).stdout
        assert told.strip() == "best-effort: prio 6"
        process.terminate()


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--rotate", "5x"], "bad value for --rotate: '5x' (try 100M)"),
        (["--max-bytes", "-1"], "bad value for --max-bytes: '-1' (try 5G)"),
        (["--nice", "20"], "bad value for --nice: '20' (try a whole number from 0 to 19)"),
        (["--ionice", "realtime"], "bad value for --ionice: 'realtime' (try idle, or best-effort:0 to best-effort:7)"),
        (["--without", "cpu,gpu"], "bad value for --without: 'gpu' (try cpu,memory)"),
    ],
)
def test_bad_values(arguments: list[str], text: str, packed: Path) -> None:
    done = run(packed, *arguments)
    assert done.returncode == 2
    assert text in done.stderr
    assert done.stderr.count("\n") == 1


def test_groups_that_are_left_out_are_not_there(packed: Path, tmp_path: Path) -> None:
    path = tmp_path / "host.json"
    line = ("--without", "tcp,pressure,filesystems,containers", "--duration", "100ms", *FAST, "--collection", str(path))
    assert run(packed, *line).returncode == 0
    found = {record["subsystem"] for record in read(path)}
    assert not found & {"/proc/net/snmp", "/proc/net/netstat", "/proc/pressure/cpu", "statfs[*]"}
    assert "/proc/vmstat" in found


def test_the_self_test_says_what_can_be_read_and_writes_nothing(packed: Path, tmp_path: Path) -> None:
    done = run(packed, "--self-test", "--without", "load", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    told = dict(line.split(None, 1) for line in done.stdout.splitlines() if line.startswith("/proc/"))
    assert {"/proc/stat", "/proc/meminfo", "/proc/net/dev"} <= {name for name, size in told.items() if int(size) > 100}
    assert "load                    left out" in done.stdout
    assert len(done.stdout.splitlines()) < 50
    assert max(map(len, done.stdout.splitlines())) < 120
    assert list(tmp_path.iterdir()) == []


def test_an_error_of_output_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(PccError, match=r"^cannot write .*: Not a directory \(name another file\)$"):
        Output(f"{__file__}/host.json", append=True)
