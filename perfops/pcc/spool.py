"""The spool of the collection that is being sampled: takes the place of output.py's file in the sampling loop.

A tick is appended in one write, and never waits for anything but the disk. After --batch, or from 1 MiB on, a segment
is sealed: the next one is begun with the host record and this tick once more, and then the sender may have the old one.
"""

import os

from .clock import boottime
from .encode import gap_line, gap_value
from .errors import PccError
from .frames import frame, is_tick, restamped, said, scan, start_of, time_of
from .recovery import Gap
from .repair import tail_of
from .segments import DROPPED, Segment, read
from .store import Store
from .tape import Tape, is_short

MYPY = False
if MYPY:
    from threading import Event
    from typing import Any, Callable, Dict, List, Optional

    from .settings import Options

LARGEST = 1 << 20  # bytes of a segment, from which on it is sealed
MORE = 1 << 10  # bytes of a frame, and of gaps; and the tick may be the next segment's first, too
MANY = 50  # gaps
KEPT_FREE = 1 << 14  # bytes below the cap where a collection that is to stop there does


class Spool(Store):
    """The newest segment, open for appending, and those before it."""

    def __init__(self, options: "Options", wake: "Event", say: "Callable[[str], None]") -> None:
        folder = os.path.join(options.spool, options.id)
        try:
            os.makedirs(folder, 0o700, exist_ok=True)
            Store.__init__(self, folder, options.keep_sent, goes_on=True)
        except OSError as error:
            text = "cannot write to the spool {}: {} (name another by --spool)"
            raise PccError(text.format(folder, error.strerror), 3)
        self.options = options
        self.wake = wake  # of the sender
        self.trouble: "Callable[[], str]" = str  # what the sender has to say
        self.say = say
        self.note: "Callable[[bytes], None]" = lambda _: None  # hears of every tick
        self.tape: "Optional[Tape]" = None  # the newest segment
        self.total = 0
        self.opened = 0.0
        self.begins, self.before = 0.0, 0
        self.first_own: "Optional[float]" = None
        tail = self.tail
        self.last_tick = self.last = time_of(tail.tick) if tail.tick else None
        self.start_number = self.number
        self.beginning = b""
        if tail.tick and tail.host:
            self.beginning = frame(restamped(tail.host, start_of(tail.tick)) + tail.tick, self.number)
        self.unwritten: "Dict[str, int]" = {}
        self.first_unwritten = self.now = 0.0

    def write(self, data: bytes) -> int:
        """Append a tick, or count it where there is no room; returns its bytes."""
        if not data:  # of containers alone, and there are none
            return 0
        self.note(data)
        with self.guard:
            start, now, ticks = start_of(data), time_of(data), int(is_tick(data))
            self.now = now
            reason = self.make_room(2 * len(data) + MORE)
            gaps = b"".join(self.gaps(start, now) + self.unwritten_gaps(start, now))
            text = frame(self.unsaid + gaps + data, self.number + ticks)
            if not reason and not self.append(text):
                reason = "no space"
            if reason:
                self.unsaid += b"".join(line for name in KEEP for line in said(data, name))
                self.first_unwritten = self.first_unwritten or now
                if ticks:
                    self.unwritten[reason] = self.unwritten.get(reason, 0) + 1
                return len(data)
            self.settle()
            self.lost += sum(self.unwritten.values())
            self.unsaid, self.unwritten, self.first_unwritten = b"", {}, 0.0
            if ticks:
                self.number += 1
                self.last_tick = now
                self.first_own = now if self.first_own is None else self.first_own
            return len(text)

    def unwritten_gaps(self, start: bytes, now: float) -> "List[bytes]":
        """What is to be declared of the ticks that could not be written."""
        since = self.first_unwritten if self.last_tick is None else self.last_tick
        return [
            gap_line(start, gap_value(since, now, ticks, reason)) for reason, ticks in sorted(self.unwritten.items())
        ]

    def append(self, text: bytes) -> bool:
        """Append to the newest segment, or make it; False, and all as before, where there is no room."""
        try:
            if self.tape is not None:
                self.tape.append(text)
            else:
                text = self.beginning + text
                self.tape = Tape(self.path("{:08d}.json".format(self.newest + 1)), text)
                self.newest += 1
                self.begin(time_of(text), self.start_number)
                self.remember_host(text)
        except OSError as error:
            if not self.unwritten:
                self.say("cannot write to {}: {} (sampling goes on)".format(self.folder, error.strerror))
            return False
        self.total += len(text)
        return True

    def begin(self, begins: float, before: int) -> None:
        """Remember how the newest segment begins."""
        self.opened, self.begins, self.before, self.first_own = boottime(), begins, before, None

    def remember_host(self, text: bytes) -> None:
        """Lay the host record into the lock's file."""
        try:
            os.pwrite(self.lock, tail_of(scan(text)).host, 0)
        except OSError:
            pass  # it is needed only where all others are damaged

    def turns(self) -> bool:
        """Whether the segment is large or old enough to be sealed."""
        tape = self.tape
        return tape is not None and (tape.size >= LARGEST or boottime() - self.opened >= self.options.batch)

    def rotate(self, about: "List[bytes]", sampled: bytes) -> None:
        """Begin the next segment with this tick once more, and seal the old one; later, where there is no room."""
        with self.guard:
            tape = self.tape
            if tape is None or self.first_own is None or self.unwritten:
                return  # there is nothing to send, or no room
            text = frame(about[0] + sampled, self.number)
            try:
                self.tape = Tape(self.path("{:08d}.json".format(self.newest + 1)), text)
            except OSError:
                return
            self.seal(tape)
            self.newest += 1
            self.total += len(text)
            self.begin(time_of(text), self.number)

    def seal(self, tape: Tape) -> None:
        """The newest segment is the sender's."""
        segment = Segment(self.newest, False, tape.size, [])
        os.close(tape.descriptor)
        segment.before, segment.last = self.before, self.number
        segment.begins, segment.first_own = self.begins, self.first_own
        self.segments.append(segment)
        self.wake.set()

    def first_unsealed(self) -> "Optional[float]":
        """Time of the newest segment's first tick of its own."""
        return self.first_own

    def used(self) -> int:
        """Bytes of all that is to be sent."""
        return (self.tape.size if self.tape else 0) + sum(segment.size for segment in self.segments)

    def make_room(self, size: int) -> str:
        """Drop what is oldest until a tick of this size fits; why there is no room, '' where there is."""
        if self.options.spool_full == "stop":
            return ""
        while self.used() + size > self.options.spool_max:
            if not self.drop_oldest():
                return DROPPED
        if self.short() and not self.drop_oldest():
            return "no space"
        return ""

    def drop_oldest(self) -> bool:
        """Drop the oldest segment that was not tried yet; False where there is none."""
        dropped = False
        for segment in [each for each in self.segments if not each.tried]:
            if not dropped or len(self.pending) > MANY:  # those of a long time without room are one when all is dropped
                self.put_aside(segment, "full", DROPPED)
                dropped = True
        return dropped

    def short(self) -> bool:
        """Whether less is free than is to be left."""
        return is_short(self.folder, self.options.min_free)

    def why_full(self) -> str:
        """Why the collection is to end, where it is to stop before it drops anything."""
        if self.options.spool_full != "stop":
            return ""
        if self.used() + KEPT_FREE > self.options.spool_max:
            return "spool-full"
        return "min-free" if self.short() else ""

    def facts(self) -> "Dict[str, Any]":
        """What the end record says of what was sent."""
        with self.guard:
            own = self.number - self.before if self.tape else 0
            lost = self.lost + sum(self.unwritten.values())
            return {"sent": self.sent, "left": self.left() + own, "lost": lost, "said": self.trouble()}

    def finish(self) -> None:
        """No tick follows: what is written is the sender's, whole."""
        with self.guard:
            if self.tape:
                self.tail = tail_of(scan(read(self.path("{:08d}.json".format(self.newest)))), self.tail)
                self.seal(self.tape)
                self.tape = None
            since = self.first_unwritten if self.last_tick is None else self.last_tick
            for reason, ticks in sorted(self.unwritten.items()):
                self.pending.append(Gap(dict(gap_value(since, 0.0, ticks, reason), to=self.now), ()))
                self.lost += ticks
            try:
                self.declare()
            except OSError as error:
                self.say("cannot write to {}: {} (it is tried again)".format(self.folder, error.strerror))


KEEP = (b"host", b"/proc/cpuinfo", b"gap", b"clock", b"end")
