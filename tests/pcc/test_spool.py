"""The spool on disk: what it looks like, and damage at any byte of it."""

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fix_command import perfops
from fix_spool import IDENTITY, START, Receiver, Sampler, copy_of, drain, spool_options

from perfops.pcc.frames import scan
from perfops.pcc.store import InUseError, Store

SOAK = os.environ.get("PERFOPS_SOAK") == "1"
STEP = 1 if SOAK else 41  # of the offsets at which a file is damaged, without PERFOPS_SOAK
LAST = 8  # number of the last tick


def filled(folder: Path, *, sent: int = 0, end: bool = False) -> Path:
    """A spool of three segments with three ticks each, of which some were sent, and whose sampler is gone."""
    sampler = Sampler(spool_options(folder), 0)
    for number in range(LAST + 1):
        sampler.tick(number)
        if number % 3 == 2 and number < LAST:
            sampler.seal()
    if end:
        sampler.end(LAST)
    receiver = Receiver()
    for _ in range(sent):
        segment = sampler.spool.take()
        assert segment
        sampler.spool.acknowledge(segment)
    let_go(sampler.spool)
    assert not receiver.rows
    return folder / IDENTITY


def let_go(store: Store) -> None:
    """Close what a process that is gone has open."""
    for descriptor in {store.lock, getattr(store, "descriptor", -1), *(each.descriptor for each in store.segments)}:
        if descriptor >= 0:
            os.close(descriptor)


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


def damages(text: bytes) -> Iterator[tuple[str, int, bytes]]:
    """The text cut and with a byte flipped at each offset."""
    for offset in range(0, len(text), STEP):
        yield "cut", offset, text[:offset]
        yield "flipped", offset, text[:offset] + bytes([text[offset] ^ 0x55]) + text[offset + 1 :]


def number_of_ticks(text: bytes, offset: int) -> int:
    """How many ticks a file has that a cut at the offset can cost."""
    return sum(part.end > offset for part in scan(text))


def go_on(folder: Path, receiver: Receiver) -> int:
    """Start the sampler again on the collection, two ticks later; returns its last tick."""
    sampler = Sampler(spool_options(folder.parent), 0)
    sampler.tick(LAST + 3)
    sampler.end(LAST + 3)
    drain(sampler.spool, receiver)
    sampler.spool.close()
    assert not folder.exists()
    return LAST + 3


def send_it(folder: Path, receiver: Receiver) -> int:
    """Send what an earlier collection left; returns its last tick."""
    store = Store(str(folder))
    drain(store, receiver)
    store.close()
    assert not folder.exists()
    return LAST


@pytest.mark.soak
@pytest.mark.parametrize("sent", [0, 1, 2])
@pytest.mark.parametrize("start", [go_on, send_it])
def test_damage_at_any_byte_costs_the_record_it_hits_and_is_declared(
    start: Callable[[Path, Receiver], int], sent: int, tmp_path: Path
) -> None:
    whole = filled(tmp_path / "whole", sent=sent, end=start is send_it)
    tried = 0
    for name in sorted(file.name for file in whole.glob("*.json")):
        text = (whole / name).read_bytes()
        newest = name == max(file.name for file in whole.glob("*.json"))
        for kind, offset, damaged in damages(text):
            folder = copy_of(whole, tmp_path / "spool" / IDENTITY)
            (folder / name).write_bytes(damaged)
            receiver = Receiver()
            receiver.rows = {START + number for number in range(1, sent * 3)}  # they were sent before
            receiver.ticks = {START} if sent else set()
            last = start(folder, receiver)
            told = f"{name} {kind} at {offset}"
            lost = last + 1 - len(receiver.rows) - 1
            declared = receiver.missing()
            most = 1 if kind == "flipped" else number_of_ticks(text, offset)
            most += 2 * (start is go_on)  # while there was no sampler
            assert lost <= most, told
            if kind == "cut" and newest and start is send_it:
                assert declared <= lost, told  # how much it was nobody knows any more
            else:
                assert declared == lost, f"{told}: {lost} are lost, {declared} declared: {receiver.gaps}"
            tried += 1
    print(f"{tried} damages")


def test_damage_everywhere_is_no_end(tmp_path: Path) -> None:
    folder = filled(tmp_path / "spool")
    for file in folder.iterdir():
        file.write_bytes(b"\0" * file.stat().st_size)
    sampler = Sampler(spool_options(tmp_path / "spool"), 0)
    sampler.tick(20)
    sampler.tick(21)
    sampler.end(21)
    receiver = Receiver()
    drain(sampler.spool, receiver)
    assert receiver.rows == {START + 21}
    assert sampler.spool.close()
    shutil.rmtree(tmp_path / "spool")
