"""The sending thread: takes sealed segments out of the spool, oldest first, and posts them until they are committed."""

import http.client
import json
import os
import ssl
import threading

from .batch import batch_of, body_of, halves, ticks_in
from .frames import sampled, scan, start_of, time_of, value_of
from .repair import gap_line, gap_value
from .retry import BackOff, retry_after
from .segments import read
from .store import InUseError, Store

MYPY = False
if MYPY:
    from typing import Callable, List, Optional, Tuple

    from .batch import Batch
    from .http import Answer, Client
    from .segments import Segment

PATH = "/v1/trickle"
TOO_LARGE = 413
REFUSED = (400, 422)
NO_ENTRY = (401, 403)


class Sender:
    """Sends what is in the spool; whatever happens to it, sampling goes on."""

    def __init__(
        self, client: "Client", spool: Store, say: "Callable[[str], None]", others: "List[str]", wake: "threading.Event"
    ) -> None:
        self.client = client
        self.spool = spool
        self.say = say
        self.others = others  # folders of earlier collections
        self.wake = wake
        self.ending = False
        self.over = False
        self.at_end: "Callable[[], None]" = lambda: None
        self.stopped = ""  # why nothing is sent any more
        self.trouble = ""  # what went wrong at the last try
        self.back_off = BackOff()
        self.headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}

    def start(self) -> None:
        """Send from now on."""
        threading.Thread(target=self.run, daemon=True).start()

    def run(self) -> None:
        """Earlier collections first, as they are older; then this one, until it is over and all is sent."""
        try:
            for folder in self.others:
                self.send_other(folder)
            while not self.stopped:
                if self.send_next(self.spool) or not self.spool_is_empty():
                    continue
                if self.ending:
                    break
                self.wake.wait()
                self.wake.clear()
        except Exception as error:  # noqa: BLE001 - sampling goes on, and says so
            self.stopped = "{}: {}".format(type(error).__name__, error)
            self.say("sending has stopped: {} (what is sampled is kept in {})".format(self.stopped, self.spool.folder))
        self.over = True
        self.at_end()

    def spool_is_empty(self) -> bool:
        """Whether there is nothing more to send just now."""
        with self.spool.guard:
            if self.ending:
                self.spool.declare()
            return not self.spool.segments

    def finish(self) -> None:
        """Nothing more will be sampled: end when all is sent."""
        self.ending = True
        self.wake.set()

    def send_other(self, folder: str) -> None:
        """Send what an earlier collection left, where nobody else does."""
        if self.stopped:
            return
        try:
            store = Store(folder, getattr(self.spool, "keep_sent", False))
        except (InUseError, OSError):
            return
        store.declare()
        while not self.stopped and self.send_next(store):
            pass
        store.declare()
        while not self.stopped and self.send_next(store):
            pass
        store.close()

    def send_next(self, store: Store) -> bool:
        """Send the oldest segment of a collection; False where there is none, or where it cannot be sent now."""
        segment = store.take()
        if segment is None:
            return False
        parts = scan(read(store.path(segment.name())))
        batch = batch_of(parts, segment.number)
        host = value_of(batch.host)
        if not batch.frames and not batch.before:
            store.acknowledge(segment)
            return True
        if not batch.frames:  # nothing of its own
            store.acknowledge(segment)
            return True
        about = (str(host.get("identifier", "")), os.path.basename(store.folder), segment.number)
        outcome = self.deliver(store, segment, batch, about)
        if outcome is None:
            return False
        if outcome:
            store.refuse(segment, outcome)
        else:
            store.acknowledge(segment)
        return True

    def deliver(
        self, store: Store, segment: "Segment", batch: "Batch", about: "Tuple[str, str, int]"
    ) -> "Optional[str]":
        """Send a batch, in halves where it is too large: '' when committed, else why it is refused; None: not now."""
        answer = self.post(body_of(batch, *about))
        if answer is None:
            return None
        if answer.status in REFUSED:
            return told(answer)
        if answer.status == TOO_LARGE:
            if len(batch.frames) > 1:
                for half in halves(batch):
                    outcome = self.deliver(store, segment, half, about)
                    if outcome != "":
                        return outcome
                return ""
            if ticks_in(batch):
                self.set_aside(store, segment, batch, told(answer))
        return ""

    def set_aside(self, store: Store, segment: "Segment", batch: "Batch", why: str) -> None:
        """One tick is too large."""
        (number, data), context = batch.frames[0], batch.host + batch.before
        tick = sampled(data)
        since = time_of(batch.before or tick)
        frequency = value_of(batch.host).get("frequency") or 1.0
        gap = gap_value(since, time_of(tick) + frequency / 2, 1, "refused", segment.number)
        store.refuse_tick(segment, context, data, number, gap_line(start_of(tick), gap), why)

    def post(self, body: bytes) -> "Optional[Answer]":
        """Post until there is an answer that decides; None where none came while there was time."""
        while not self.stopped:
            answer, asked = None, None
            try:
                answer = self.client.post(PATH, body, self.headers)
                problem = told(answer)
                asked = retry_after(answer.retry_after)
            except (OSError, http.client.HTTPException, ValueError) as error:
                problem = reason_of(error)
            if answer is not None:
                if 200 <= answer.status < 300:  # noqa: PLR2004
                    self.back_off.succeeded()
                    if self.trouble:
                        self.say("sending to {} again".format(self.client.server.url))
                    self.trouble = ""
                    return answer
                if answer.status in NO_ENTRY:
                    self.stopped = problem
                    text = "{} refuses the key: {} (sampling goes on into {}; mend the key, and start anew)"
                    self.say(text.format(self.client.server.url, problem, self.spool.folder))
                    return None
                if answer.status in REFUSED or answer.status == TOO_LARGE:
                    return answer
            if not self.trouble:
                text = "cannot send to {}: {} (it is kept in {}, and tried again)"
                self.say(text.format(self.client.server.url, problem, self.spool.folder))
            self.trouble = problem
            self.pause(self.back_off.next(asked), asked)
        return None

    def pause(self, seconds: float, asked: "Optional[float]") -> None:
        """Wait; the end of sampling cuts a wait short that nobody asked for."""
        gate = threading.Event() if self.ending or asked is not None else self.wake
        gate.wait(seconds)
        if gate is self.wake and not self.ending:
            pass


def told(answer: "Answer") -> str:
    """What a receiver said, in one line."""
    try:
        text = json.loads(answer.text)["error"]
    except (ValueError, KeyError, TypeError):
        text = " ".join(answer.text.split())
    return "HTTP {}{}".format(answer.status, ": " + str(text)[:300] if text else "")


def reason_of(error: Exception) -> str:
    """Why there was no answer, in a few words."""
    if isinstance(error, ssl.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(error):
        return "its certificate is not trusted: {} (name its authority by --cafile)".format(
            getattr(error, "verify_message", None) or error.reason
        )
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
