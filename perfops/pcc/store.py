"""A collection's folder in the spool: what is sealed there, and what becomes of it.

Invariants, held by tests/pcc/test_spool.py whatever is killed, full or damaged:
  1. A tick that was written is in a segment until its fate is known: acknowledged, refused, or dropped for room.
  2. Before a segment is sent for the first time it is marked as tried; from then on it is never dropped.
  3. What is dropped or refused is put aside first, declared in a gap record, and only then removed or quarantined.
  4. The newest segment begins with the last tick before it, so that one is known even when all was sent.
  5. Every change is one rename, one removal or one append; recovery.py goes on from in between any two of them.
"""

import fcntl
import os
import threading

from .encode import gap_line
from .errors import PccError
from .frames import frame, restamped, scan, start_of
from .output import holder_of
from .recovery import Gap, gaps_of, joined, recover, settle
from .segments import KEPT, LOCK, QUARANTINE, Segment, force, read, remove, write_whole

MYPY = False
if MYPY:
    from typing import List, Optional


class InUseError(PccError):
    """Another process has the folder."""


class Store:
    """A folder, locked and made whole. Its methods may be called by the sampling and by the sending thread."""

    def __init__(self, folder: str, keep_sent: bool = False, goes_on: bool = False) -> None:
        self.folder = folder
        self.keep_sent = keep_sent
        self.guard = threading.RLock()
        self.sent = self.lost = self.refused = 0  # ticks; those that were refused are among the lost
        self.unsaid = b""  # what the sampler says about itself and could not be written yet
        path = self.path(LOCK)
        self.lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.lockf(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self.lock)
            text = "the spool {} is in use by process {} (name another collection by --id, or end that)"
            raise InUseError(text.format(folder, holder_of(path) or "unknown"))
        except OSError:
            if not goes_on:  # some network disks have no locks: who knows whether its sampler is gone
                os.close(self.lock)
                raise
        found = recover(folder, goes_on, os.pread(self.lock, 1 << 20, 0))
        self.segments: "List[Segment]" = found.segments
        self.pending: "List[Gap]" = found.pending
        self.tail = found.tail
        self.number = found.tail.number
        self.newest = found.highest

    def path(self, *names: str) -> str:
        """Where something is in the folder."""
        return os.path.join(self.folder, *names)

    def take(self) -> "Optional[Segment]":
        """The oldest sealed segment, marked as tried and forced to disk; None where there is none."""
        with self.guard:
            if not self.segments:
                return None
            segment = self.segments[0]
            if not segment.tried:
                old = segment.name()
                segment.tried = True
                try:
                    os.rename(self.path(old), self.path(segment.name()))
                except OSError:
                    segment.tried = False
                    raise
        if not segment.forced:
            force(self.path(segment.name()))
            segment.forced = True
        return segment

    def acknowledge(self, segment: Segment) -> None:
        """It is committed: remove it, but keep what the next one may need it for."""
        with self.guard:
            path = self.path(segment.name())
            if self.keep_sent:
                os.makedirs(self.path(KEPT), exist_ok=True)
                os.rename(path, self.path(KEPT, "{:08d}.json".format(segment.number)))
            else:
                os.rename(path, self.path("{:08d}.sent".format(segment.number)))
                for name in os.listdir(self.folder):
                    if name.endswith(".sent") and int(name[:8]) < segment.number:
                        remove(self.path(name))
            self.sent += segment.ticks
            self.segments.remove(segment)

    def refuse(self, segment: Segment, why: str) -> None:
        """The receiver will never take it: put it aside, to be declared and quarantined.

        One that holds nothing but gaps is not declared once more: that would be refused, too, and so on for ever.
        """
        self.reason("{:08d}".format(segment.number), why)
        with self.guard:
            if segment.ticks:
                self.refused += segment.ticks
                self.put_aside(segment, "refused", "refused")
                return
            os.rename(self.path(segment.name()), self.path(QUARANTINE, "{:08d}.json".format(segment.number)))
            self.segments.remove(segment)

    def refuse_tick(self, segment: Segment, context: bytes, tick: bytes, number: int, gap: bytes, why: str) -> None:
        """The receiver will never take one tick of a segment; `context` are host record and tick before it."""
        name = "{:08d}-{}".format(segment.number, number)
        with self.guard:
            known = any(name + ".refused" in gap.asides for gap in self.pending)
        if known or os.path.exists(self.path(QUARANTINE, name + ".json")):
            return  # before a kill: it is declared, or will be
        self.reason(name, why)
        text = frame(context, number - 1) + frame(tick, number) + frame(gap, number)
        write_whole(self.path(name + ".refused"), text)
        with self.guard:
            gaps = gaps_of(scan(text), segment.number, True, "refused", None)
            self.pending += [Gap(value, (name + ".refused",)) for value in gaps]
            self.lost += 1
            self.refused += 1
            self.sent -= 1  # it is counted with its segment

    def reason(self, name: str, why: str) -> None:
        """Lay beside what is quarantined why it is."""
        os.makedirs(self.path(QUARANTINE), exist_ok=True)
        write_whole(self.path(QUARANTINE, name + ".reason"), why.encode("utf-8", "backslashreplace") + b"\n")

    def put_aside(self, segment: Segment, kind: str, reason: str) -> None:
        """Take a segment out, and have it declared as a gap."""
        place = self.segments.index(segment)
        later = [each.first_own for each in self.segments[place + 1 :] if each.first_own is not None]
        until = later[0] if later else self.first_unsealed()
        name = "{:08d}.{:.0f}.{}".format(segment.number, (until or 0.0) * 1000, kind)
        parts = scan(read(self.path(segment.name())))
        os.rename(self.path(segment.name()), self.path(name))
        gaps = gaps_of(parts, segment.number, False, reason, until)
        self.pending = joined(self.pending + [Gap(value, (name,)) for value in gaps])
        self.segments.remove(segment)
        self.lost += segment.ticks

    def first_unsealed(self) -> "Optional[float]":
        """Time of the first tick that is in no sealed segment; None where there is none."""
        return None

    def gaps(self, start: bytes, now: float) -> "List[bytes]":
        """The gap records that are to be written, stamped `start`, at the time `now`."""
        values = [dict(gap.value, to=now) if gap.value.get("to") is None else gap.value for gap in self.pending]
        return [gap_line(start, value) for value in values if value.get("ticks")]

    def settle(self) -> None:
        """The pending gaps are written: do away with what waited for that."""
        for name in {name for gap in self.pending for name in gap.asides}:
            settle(self.folder, name)
        self.pending = []

    def declare(self) -> None:
        """Write the pending gaps into a segment of their own, where no tick follows that could carry them."""
        with self.guard:
            if not self.pending and not self.unsaid:
                return
            if self.tail.host:
                start = start_of(self.tail.tick or self.tail.host)
                now = float(start.split(b":", 1)[1].split(b",", 1)[0])
                host = frame(restamped(self.tail.host, start) + self.tail.tick, self.number)
                gaps = b"".join(self.gaps(start, now))
                said = self.unsaid + gaps
                text = host + frame(said, self.number) if said else b""
                if text:
                    self.newest += 1
                    write_whole(self.path("{:08d}.json".format(self.newest)), text)
                    self.segments.append(Segment(self.newest, False, len(text), scan(text)))
            self.unsaid = b""
            self.settle()

    def left(self) -> int:
        """Ticks that are neither sent nor lost."""
        with self.guard:
            return sum(segment.ticks for segment in self.segments)

    def close(self) -> bool:
        """Let go of the folder, and remove it where nothing is left in it; whether that was so."""
        with self.guard:
            empty = False
            if not self.segments and not self.pending:
                for name in os.listdir(self.folder):
                    if name.endswith(".sent"):
                        remove(self.path(name))
                empty = os.listdir(self.folder) == [LOCK]
                if empty:
                    remove(self.path(LOCK))
                    os.rmdir(self.folder)
            os.close(self.lock)
            return empty
