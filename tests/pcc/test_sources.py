"""The table of sources on trees of /proc: recorded ones, and such as lack something."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from fix_pcc import ROOTS, SOURCES, check_books, of, read, run

from perfops.pcc import sources
from perfops.pcc.encode import stamp
from perfops.pcc.errors import PccError
from perfops.pcc.sources import EVERY_TICK, ONCE, Reader, read_whole

TREE = ROOTS / "debian12-2cpu" / "proc"
SHORT = ("--duration", "20ms", "--frequency", "10ms", "--quiet")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A recorded tree to take something from."""
    return shutil.copytree(TREE, tmp_path / "proc")


def test_the_records_are_the_recorded_text(packed: Path, tmp_path: Path) -> None:
    path = tmp_path / "host.json"
    done = run(packed, *SHORT, "--collection", str(path), "--proc-root", str(TREE), "--sys-root", str(tmp_path / "sys"))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    records = read(path)
    check_books(records, 0.01, 2)
    for source in EVERY_TICK:
        text = (TREE / source.path).read_bytes()
        kept = source.choose(text) if source.choose else text
        assert {record["measurement"] for record in of(records, source.subsystem)} == {kept.decode()}
    for source in ONCE:
        assert [record["measurement"] for record in of(records, source.subsystem)] == [(TREE / source.path).read_text()]
    facts = records[0]["measurement"]
    assert facts["boot_id"] == (TREE / "sys/kernel/random/boot_id").read_text().strip()
    no_groups = {"container/*": f"no control groups in {tmp_path}/sys/fs/cgroup"}
    assert (facts["disks"], facts["interfaces"], facts["unreadable"]) == (None, None, no_groups)


def test_the_real_sources_are_read(records: list[dict[str, object]]) -> None:
    ticks = check_books(records, 0.05, 20)["ticks"]
    start = {"/proc/stat": "cpu ", "/proc/meminfo": "MemTotal:", "/proc/net/dev": "Inter-|", "/proc/cpuinfo": ""}
    for subsystem in (*SOURCES, "/proc/cpuinfo"):
        found = of(records, subsystem)
        assert len(found) == (1 if subsystem == "/proc/cpuinfo" else ticks)
        for record in found:
            assert str(record["measurement"]).startswith(start.get(subsystem, ""))
            assert str(record["measurement"]).endswith("\n")


@pytest.mark.parametrize("missing", [*(source.path for source in (*EVERY_TICK, *ONCE)), "self/mounts", "self"])
def test_a_missing_source_is_noted_and_the_others_are_sampled(packed: Path, tree: Path, missing: str) -> None:
    place = tree / missing
    if place.is_dir():
        shutil.rmtree(place)
    else:
        place.unlink()
    path = tree.parent / "host.json"
    done = run(packed, *SHORT, "--collection", str(path), "--proc-root", str(tree))
    assert (done.returncode, done.stderr) == (0, "")
    records = read(path)
    subsystem = "statfs[*]" if missing.startswith("self") else "/proc/" + missing
    assert records[0]["measurement"]["unreadable"] == {subsystem: "No such file or directory"}
    assert not of(records, subsystem)
    others = {*SOURCES, "/proc/cpuinfo"} - {subsystem}
    assert others <= {record["subsystem"] for record in records}


def test_a_source_that_is_a_folder_is_noted(tree: Path) -> None:
    (tree / "loadavg").unlink()
    (tree / "loadavg").mkdir()
    reader = Reader(str(tree), EVERY_TICK)
    assert reader.unreadable == {"/proc/loadavg": "Is a directory"}
    assert len(reader.lines(stamp(1, 1))) == len(EVERY_TICK) - 1


def test_a_source_that_fails_later_is_left_out_and_noted(tree: Path) -> None:
    with subprocess.Popen(["sleep", "60"]) as process:
        (tree / "stat").unlink()
        (tree / "stat").symlink_to(f"/proc/{process.pid}/stat")
        reader = Reader(str(tree), EVERY_TICK)
        assert len(reader.lines(stamp(1, 1))) == len(EVERY_TICK)
        process.kill()
    assert len(reader.lines(stamp(2, 2))) == len(EVERY_TICK) - 1
    assert reader.unreadable == {"/proc/stat": "No such process"}


def test_a_tree_without_any_source_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PccError, match=r"^nothing to sample in .* \(try --proc-root /proc\)$"):
        Reader(str(tmp_path), EVERY_TICK)


@pytest.mark.parametrize("size", [0, 1, 4096, sources.BLOCK - 1, sources.BLOCK, sources.BLOCK + 1, 3 * sources.BLOCK])
def test_a_file_of_any_size_is_read_whole_and_again(tmp_path: Path, size: int) -> None:
    path = tmp_path / "file"
    text = os.urandom(size)
    path.write_bytes(text)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        assert read_whole(descriptor) == text
        path.write_bytes(text[::-1])
        assert read_whole(descriptor) == text[::-1]
    finally:
        os.close(descriptor)
