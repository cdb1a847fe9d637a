"""A spool that is damaged: the sampler always starts, loses at most the record that was hit, and says so.

At some bytes by default, at each one with PERFOPS_SOAK=1.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fix_spool import IDENTITY, LAST, START, Receiver, Sampler, copy_of, drain, filled, spool_options

from perfops.pcc.frames import scan
from perfops.pcc.store import Store

STEP = 1 if os.environ.get("PERFOPS_SOAK") == "1" else 41  # between the offsets at which a file is damaged


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
