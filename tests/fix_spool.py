"""A spool fed with small ticks of whole seconds, and what a receiver makes of what it is sent."""

import gzip
import json
import os
import shutil
import threading
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from perfops.pcc import encode
from perfops.pcc.batch import batch_of, body_of
from perfops.pcc.encode import gap_line, gap_value
from perfops.pcc.frames import CONTROL, scan
from perfops.pcc.options import read_options
from perfops.pcc.segments import Segment, read
from perfops.pcc.settings import Options
from perfops.pcc.spool import Spool
from perfops.pcc.store import Store

IDENTITY = "0d8f1a52-6c0e-4f2f-9b57-0c6f5a3b1e77"
NEEDED = {"PCC_MODE": "trickle", "PCC_SERVER": "127.0.0.1:1", "PCC_APIKEY": "key", "PCC_MIN_FREE": "0"}
SAID = {name.decode() for name in CONTROL}
LAST = 8  # number of the last tick of a filled spool
START = 1_700_000_000.0  # Unix seconds of the first tick


def spool_options(folder: Path, **values: Any) -> Options:
    """Options of a collection with a spool in a folder."""
    options = read_options(["--id", IDENTITY, "--spool", str(folder)], NEEDED)
    return options._replace(**values)


def tick_data(number: int, *before: bytes, size: int = 0) -> bytes:
    """The records of a tick, `number` seconds after the first, behind others of its time."""
    start = encode.stamp(START + number, 1000.0 + number)
    text = f"cpu {number} " + "x" * size
    texts = {"/proc/stat": text, "/proc/loadavg": "0.10 0.20 0.30 1/100 4711"}
    sources = [encode.line(start, name, text.encode()) for name, text in texts.items()]
    return b"".join([*before, *sources])


def about(number: int) -> bytes:
    """The host record, of the time of a tick."""
    value = {"collection": IDENTITY, "identifier": "vm-1", "frequency": 1.0, "boot_id": "b"}
    return encode.json_line(encode.stamp(START + number, 1000.0 + number), "host", value)


class Sampler:
    """Does with a spool what the sampling loop does; a tick a second."""

    def __init__(self, options: Options, now: int) -> None:
        self.said: list[str] = []
        self.spool = Spool(options, threading.Event(), self.said.append)
        self.first = True
        self.now = now

    def tick(self, now: int, size: int = 0) -> None:
        """Sample at a moment; the first time as the loop begins."""
        start = encode.stamp(START + now, 1000.0 + now)
        before = []
        if self.first:
            before.append(about(now))
            if self.spool.last_tick is not None:
                missed = round(START + now - self.spool.last_tick) - 1
                if missed:
                    before.append(gap_line(start, gap_value(self.spool.last_tick, START + now, missed, "restarted")))
        self.spool.write(tick_data(now, *before, size=size))
        self.first, self.now = False, now

    def seal(self) -> None:
        """Begin another segment, as after the time of a batch."""
        self.spool.options = self.spool.options._replace(batch=0.0)
        self.spool.rotate([about(self.now)], tick_data(self.now))

    def end(self, now: int) -> None:
        """The end record, and all is sealed."""
        start = encode.stamp(START + now + 0.5, 1000.5 + now)
        self.spool.write(encode.json_line(start, "end", {"reason": "duration"}))
        self.spool.finish()


class Gap(NamedTuple):
    """A declared gap; times in Unix seconds."""

    since: float
    until: float
    ticks: int
    reason: str
    segment: int | None


class Receiver:
    """Commits what it is sent, as a receiver without memory does: a row for each tick behind another of its batch."""

    def __init__(self) -> None:
        self.rows: set[float] = set()
        self.ticks: set[float] = set()
        self.gaps: set[Gap] = set()
        self.ends = 0
        self.sequences: list[int] = []

    def commit(self, batch: dict[str, Any]) -> None:
        """Take a batch."""
        assert batch["measurements"][0]["subsystem"] == "host", "a batch begins with the host record"
        self.sequences.append(batch["sequence"])
        stamps: list[float] = []
        for record in batch["measurements"]:
            if record["subsystem"] == "gap":
                value = json.loads(record["measurement"])
                names = ("from", "to", "ticks", "reason")
                self.gaps.add(Gap(*(value[name] for name in names), value.get("segment")))
            self.ends += record["subsystem"] == "end"
            if record["subsystem"] not in SAID and record["timestamp"] not in stamps:
                stamps.append(record["timestamp"])
        assert stamps == sorted(stamps)
        self.ticks |= set(stamps)
        self.rows |= {later for _, later in pairwise(stamps)}

    def missing(self) -> int:
        """Ticks that gaps declare and that are no rows."""
        return sum(gap.ticks - sum(gap.since < row < gap.until for row in self.rows) for gap in self.gaps)

    def check(self, first: int, last: int) -> None:
        """Every tick from the first to the last is a row, the start or declared, and none of them twice."""
        expected = {START + number for number in range(first, last + 1)}
        assert self.rows <= expected
        start = min(self.ticks)
        for moment in sorted(expected - self.rows - {start}):
            inside = [
                gap for gap in self.gaps if gap.since < moment < gap.until or moment == gap.since == START + first
            ]
            told = f"the tick at {moment - START} is neither a row nor declared: {sorted(self.gaps)}"
            # The last tick of what is missing is the next segment's first, which gives no row there.
            assert inside or any(gap.since <= moment < gap.until for gap in self.gaps), told
        lost = {gap: gap.ticks - sum(gap.since < row < gap.until for row in self.rows) for gap in self.gaps}
        assert all(count >= 0 for count in lost.values()), lost
        assert len(self.rows) + 1 + sum(lost.values()) == len(expected), (sorted(self.rows), lost)


def body(store: Store, segment: Segment) -> dict[str, Any] | None:
    """What is posted of a segment, unpacked; None where it holds nothing of its own."""
    batch = batch_of(scan(read(store.path(segment.name()))), segment.number)
    if not batch.frames:
        return None
    return json.loads(gzip.decompress(body_of(batch, "vm-1", IDENTITY, segment.number)))  # type: ignore[no-any-return]


def drain(store: Store, receiver: Receiver) -> None:
    """Send all there is."""
    store.declare()
    while (segment := store.take()) is not None:
        batch = body(store, segment)
        if batch:
            receiver.commit(batch)
        store.acknowledge(segment)


def copy_of(folder: Path, target: Path) -> Path:
    """The folder anew, as it was."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(folder, target)
    return target


def filled(folder: Path, *, sent: int = 0, end: bool = False) -> Path:
    """A spool of three segments with three ticks each, of which some were sent, and whose sampler is gone."""
    sampler = Sampler(spool_options(folder), 0)
    for number in range(LAST + 1):
        sampler.tick(number)
        if number % 3 == 2 and number < LAST:
            sampler.seal()
    if end:
        sampler.end(LAST)
    for _ in range(sent):
        segment = sampler.spool.take()
        assert segment
        sampler.spool.acknowledge(segment)
    let_go(sampler.spool)
    return folder / IDENTITY


def let_go(store: Store) -> None:
    """Close what a process that is gone has open."""
    for descriptor in {store.lock, getattr(getattr(store, "tape", None), "descriptor", -1)}:
        with suppress(OSError):  # a killed one may have closed some
            os.close(descriptor)
