"""A collection on one machine by SSH alone: started or found again, followed to its end, brought home."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from perfops.errors import TargetError
from perfops.fleet.connect import LostError
from perfops.fleet.fetch import fetch
from perfops.fleet.follow import STEP, Seen, follow, persist
from perfops.fleet.target import Target

START = 60.0  # seconds that the first sample may take
END = 30.0  # seconds that an end may take
TRIES = 2  # the program may be tidied away by another run that ends just then


@dataclass(slots=True)
class Session:
    """A collection on a machine; `patience` is how long in seconds it may be out of reach when its time is over.

    `tell` is called with a stage, and whatever is known by then, at each step; `lose` when the machine is lost.
    """

    target: Target
    program: bytes
    params: dict[str, Any]
    patience: float
    tell: Callable[..., None]
    lose: Callable[[LostError, float], None]
    ends: float = 0.0  # by this machine's monotonic clock
    heard: float = 0.0  # the same clock, at the last sign of life
    skew: float | None = None  # seconds that the machine's clock is ahead of this one's
    asked: dict[str, str | None] = field(default_factory=dict)  # of the parameters, those that were given
    remark: str = ""  # on what was there already, where it began with others

    def begin(self, *, stop: bool = False) -> dict[str, Any]:
        """Have it running or ended, or with `stop` ended; its facts. TargetError where there is nothing to stop."""
        self.tell("connecting")
        found = self.target.ask("look", params=self.asked)
        self.skew = found["time"] - time.time()  # it was asked last, so only the way here is in between
        self.target.home = found["home"]
        facts = found["facts"]
        there = facts["running"] or facts["finished"]
        if stop:
            if not there:
                raise TargetError(f"{self.target.name} samples nothing for this run (see perfops list --run NAME)")
            self.tell("stopping")
            facts = self.target.ask("stop", END)["facts"]
        elif there:
            self.tell("going on")
            self.remark = found["remark"]
        else:
            facts = self.keep(self.start)
        facts = self.first(facts, before=there and not stop)
        self.ends = time.monotonic() + (facts["duration"] or 0.0)
        return dict(facts)

    def first(self, facts: dict[str, Any], *, before: bool) -> dict[str, Any]:
        """Its facts when its first sample is there: somebody may have started it just now, `before` us.

        Until then nobody knows what it began with.
        """
        deadline = time.monotonic() + START
        while facts["running"] and facts["started_at"] is None:
            if time.monotonic() > deadline:
                raise TargetError(f"{self.target.name} samples nothing within {START:.0f} s (see {facts['log']} there)")
            time.sleep(STEP)
            found = self.keep(lambda: self.target.ask("look", params=self.asked))
            facts, self.remark = found["facts"], found["remark"] if before else ""
        return facts

    def start(self) -> dict[str, Any]:
        """Put the program there, and start it. It survives this connection."""
        for left in reversed(range(TRIES)):
            self.tell("installing")
            digest = self.target.put_program(self.program)
            self.tell("starting")
            try:
                return dict(self.target.ask("start", START, params=self.params, program=digest)["facts"])
            except LostError:
                raise
            except TargetError as error:
                if not left or "was put there" not in str(error):
                    raise
        raise AssertionError

    def follow(self, facts: dict[str, Any]) -> None:
        """Wait for its end."""
        began = facts["started_at"]

        def seen(look: Seen) -> None:
            self.heard = time.monotonic()
            elapsed = (look.last or began) - began
            self.ends = time.monotonic() + max(facts["duration"] - elapsed, 0)
            self.tell(
                "sampling", elapsed=elapsed, duration=facts["duration"], period=facts["frequency"], size=look.size
            )

        if facts["running"]:
            self.keep(lambda: follow(self.target, facts["collection"], facts["frequency"] or 1.0, seen))

    def bring_home(self, local: Path) -> None:
        """Fetch the recording, whole."""
        found = self.keep(lambda: self.target.ask("finish", END))
        facts = found["facts"]
        if facts["running"]:
            raise TargetError(
                f"the collection {facts['id']} on {self.target.name} does not end (see {facts['log']} there)"
            )
        if not found["digest"]:
            raise TargetError(f"{self.target.name} has no {facts['collection']} any more; it said: {facts['said']}")

        def tell(done: int) -> None:
            self.heard = time.monotonic()
            self.tell("fetching", done=done, size=facts["size"])

        self.keep(lambda: fetch(self.target, facts["collection"], local, found["digest"], tell))

    def keep(self, act: Callable[[], Any]) -> Any:
        """Do it again while the machine is out of reach, to the end of the collection and some time beyond."""
        return persist(act, lambda: max(self.ends - time.monotonic(), 0) + self.patience, lambda: self.heard, self.lose)
