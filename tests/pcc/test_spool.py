"""The spool on disk: what it looks like, who has it, and what is dropped where it reaches its cap."""

import os
import signal
from pathlib import Path

import pytest
from fix_command import perfops
from fix_spool import IDENTITY, LAST, START, Receiver, Sampler, drain, filled, let_go, spool_options

from perfops.pcc.frames import scan
from perfops.pcc.store import InUseError, Store


def test_segments_are_collection_files_that_process_reads(tmp_path: Path) -> None:
    folder = filled(tmp_path / "spool", end=True)
    files = sorted(folder.glob("*.json"))
    assert [file.name for file in files] == ["00000001.json", "00000002.json", "00000003.json"]
    done = perfops("process", *files, "--outdir", tmp_path / "out")
    assert done.stdout.startswith(f"{tmp_path}/out: 9 snapshots in 1 segment, rows: 8 host, 8 system")


def test_each_segment_begins_with_the_host_record_and_the_tick_before(tmp_path: Path) -> None:
    folder = filled(tmp_path / "spool")
    for number, file in enumerate(sorted(folder.glob("*.json"))):
        first = scan(file.read_bytes())[0]
        assert first.data
        lines = first.data.splitlines()
        assert b'"host"' in lines[0]
        expected = START + max(number * 3 - 1, 0)
        assert all(line.startswith(b'{"timestamp":%.3f,' % expected) for line in lines)
        assert first.number == max(number * 3, 1)


def test_sent_segments_are_kept_where_that_is_asked_for(tmp_path: Path) -> None:
    sampler = Sampler(spool_options(tmp_path, keep_sent=True), 0)
    for number in range(3):
        sampler.tick(number)
        sampler.seal()
    sampler.end(2)
    receiver = Receiver()
    drain(sampler.spool, receiver)
    assert not sampler.spool.close()
    folder = tmp_path / IDENTITY
    assert sorted(file.name for file in folder.iterdir()) == ["lock", "sent"]
    assert [file.name for file in sorted((folder / "sent").iterdir())] == [f"{n:08d}.json" for n in (1, 2, 3, 4)]
    assert receiver.rows == {START + 1, START + 2}


def test_a_folder_is_one_processs(tmp_path: Path) -> None:
    folder = filled(tmp_path / "spool")
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:  # a lock is a process's
        store = Store(str(folder))
        os.write(write_end, b"x")
        signal.pause()
        let_go(store)
    os.read(read_end, 1)
    try:
        with pytest.raises(InUseError, match=f"in use by process {child}"):
            Store(str(folder))
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_the_cap_drops_the_oldest_and_says_so(tmp_path: Path) -> None:
    options = spool_options(tmp_path, spool_max=6000)
    sampler = Sampler(options, 0)
    for number in range(40):
        sampler.tick(number, size=100)
        if number % 3 == 2:
            sampler.seal()
        assert sum(file.stat().st_size for file in (tmp_path / IDENTITY).glob("*.json")) <= 6000
    sampler.end(39)
    receiver = Receiver()
    drain(sampler.spool, receiver)
    receiver.check(0, 39)
    assert {gap.reason for gap in receiver.gaps} == {"spool full"}
    assert receiver.missing() > 20
    assert sampler.spool.close()


def test_what_was_tried_is_never_dropped(tmp_path: Path) -> None:
    sampler = Sampler(spool_options(tmp_path, spool_max=3000), 0)
    sampler.tick(0)
    sampler.seal()
    tried = sampler.spool.take()
    assert tried
    assert tried.name() == "00000001.tried.json"
    for number in range(1, 30):
        sampler.tick(number)
        sampler.seal()
    assert (tmp_path / IDENTITY / tried.name()).exists()
    receiver = Receiver()
    sampler.end(29)
    drain(sampler.spool, receiver)
    receiver.check(0, 29)
    assert receiver.sequences[0] == 1


def test_an_empty_segment_after_others_does_not_hide_the_last_tick(tmp_path: Path) -> None:
    """A kill may leave one, and the number before it may have been one, too."""
    folder = filled(tmp_path / "spool")
    (folder / "00000005.json").touch()
    sampler = Sampler(spool_options(tmp_path / "spool"), 0)
    assert sampler.spool.last_tick == START + LAST
    sampler.tick(LAST + 1)
    assert (folder / "00000004.json").exists()
    receiver = Receiver()
    sampler.end(LAST + 1)
    drain(sampler.spool, receiver)
    receiver.check(0, LAST + 1)
