"""The sending thread: takes sealed segments out of the spool, oldest first, until all is committed."""

import os
import threading

from .batch import Batch, batch_of, behind, body_of
from .courier import REFUSED, TOO_LARGE, reason_of, told
from .encode import gap_line, gap_value
from .frames import is_tick, restamped, said, sampled, scan, start_of, time_of, value_of
from .segments import QUARANTINE, read
from .store import InUseError, Store

MYPY = False
if MYPY:
    from typing import Callable, List, Optional, Tuple

    from .courier import Courier
    from .segments import Segment


class Sender:
    """Sends what is in the spool; whatever happens to it, sampling goes on."""

    def __init__(self, courier: "Courier", spool: Store, others: "List[str]", wake: "threading.Event") -> None:
        self.courier = courier
        self.say = courier.say
        self.spool = spool
        self.others = others  # folders of earlier collections
        self.wake = wake
        self.over = False
        self.at_end: "Callable[[], None]" = lambda: None
        self.told = ""  # why a receiver refused ticks, the last time that was said
        # The last tick that was too large: its collection and number, and what to begin with in its place.
        self.refused: "Optional[Tuple[Store, int, bytes, bytes]]" = None

    def start(self) -> None:
        """Send from now on."""
        threading.Thread(target=self.run, daemon=True).start()

    def finish(self) -> None:
        """Nothing more will be sampled: end when all is sent."""
        self.courier.ending.set()
        self.wake.set()

    def run(self) -> None:
        """Earlier collections first, as they are older; then this one, until it is over and all is sent."""
        try:
            for folder in self.others:
                if not self.courier.stopped:
                    self.send_other(folder)
            while not self.courier.stopped and not self.is_done():
                pass
        except Exception as error:  # noqa: BLE001 - sampling goes on, and says so
            self.courier.stopped = "{}: {}".format(type(error).__name__, error)
            self.say("sending has stopped: {} (sampling goes on)".format(self.courier.stopped))
        self.over = True
        self.at_end()

    def is_done(self) -> bool:
        """Send what there is, or wait for more; whether all is sent and nothing more comes."""
        try:
            if self.send_next(self.spool):
                return False
            with self.spool.guard:
                ending = self.courier.ending.is_set()
                if ending:
                    self.spool.declare()
                if self.spool.segments or self.courier.stopped:
                    return False
        except OSError as error:  # of the disk: it may have room again later
            self.say("cannot work in {}: {} (it is tried again)".format(self.spool.folder, reason_of(error)))
            self.courier.pause(self.courier.back_off.next(), None)
            return False
        if not ending:
            self.wake.wait()
            self.wake.clear()
        return ending

    def send_other(self, folder: str) -> None:
        """Send what an earlier collection left, where nobody else does."""
        try:
            store = Store(folder, self.spool.keep_sent)
        except (InUseError, OSError):
            return
        try:
            store.declare()
            while self.send_next(store):
                store.declare()
        except OSError as error:
            self.say("cannot send what is left in {}: {} (it stays there)".format(folder, reason_of(error)))
        if store.sent:
            self.say("{} ticks that were left in {} are sent".format(store.sent, folder))
        store.close()

    def send_next(self, store: Store) -> bool:
        """Send the oldest segment of a collection; False where there is none, or where it cannot be sent now."""
        segment = store.take()
        if segment is None:
            return False
        batch = batch_of(scan(read(store.path(segment.name()))), segment.number)
        if self.refused and self.refused[:2] == (store, segment.before):
            # It would begin with a tick that is too large.
            batch = Batch(self.refused[2], self.refused[3], batch.frames)
        self.refused = None
        outcome = self.deliver(store, segment, batch) if batch.frames else ""
        if outcome is None:
            return False
        if outcome:
            self.tell_refusal(store, outcome)
            store.refuse(segment, outcome)
        else:
            store.acknowledge(segment)
        return True

    def tell_refusal(self, store: Store, why: str) -> None:
        """Say it once, and anew where the reason is another one."""
        if why != self.told:
            text = "{} refuses ticks: {} (sampling goes on; they are kept in {})"
            self.say(text.format(self.courier.url, why, store.path(QUARANTINE)))
        self.told = why

    def deliver(self, store: Store, segment: "Segment", batch: Batch) -> "Optional[str]":
        """Send a segment, in halves where it is too large: '' when committed, else why it is refused; None: not now."""
        collection = os.path.basename(store.folder)
        identifier = str(value_of(batch.host or batch.frames[0][1]).get("identifier", ""))
        other = "" if store is self.spool else store.folder
        waiting = [batch.frames]
        while waiting:
            frames = waiting.pop(0)
            part = Batch(batch.host, batch.before, frames)
            answer = self.courier.post(body_of(part, identifier, collection, segment.number), other)
            if answer is None:
                return None
            if answer.status == TOO_LARGE and len(frames) > 1:
                middle = len(frames) // 2
                waiting[:0] = [frames[:middle], frames[middle:]]
            elif answer.status == TOO_LARGE and is_tick(frames[0][1]):
                batch = self.set_aside(store, segment, part, told(answer))
            elif answer.status in REFUSED or answer.status == TOO_LARGE:
                return told(answer)
            else:
                batch = Batch(*behind(batch.host, batch.before, frames), frames=[])
                self.refused = None
        return ""

    def set_aside(self, store: Store, segment: "Segment", part: Batch, why: str) -> Batch:
        """One tick is too large; what follows goes on behind the one before it."""
        number, data = part.frames[0]
        self.tell_refusal(store, why)
        tick = sampled(data)
        since = time_of(part.before or tick)
        frequency = value_of(part.host).get("frequency") or 1.0
        gap = gap_value(since, time_of(tick) + frequency / 2, 1, "refused", segment.number)  # no later tick is as near
        host = restamped((said(data, b"host") or [part.host])[-1], start_of(part.before or tick))
        store.refuse_tick(segment, host + part.before, data, number, gap_line(start_of(tick), gap), why)
        self.refused = (store, number, host, part.before)
        return Batch(host, part.before, [])
