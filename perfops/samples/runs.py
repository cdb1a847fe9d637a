"""The starts of the recorder in one recording: a file that was gone on with has one for each."""

from dataclasses import dataclass, field
from typing import Any

from perfops.samples.records import json_object


@dataclass
class Run:
    """One start of the recorder, to its end or to where it was killed.

    `host` is when its host record was written, and its text; None for what has no host record. `gaps` counts the ticks
    that gap records say were missed; `first` and `last` are the times of its first and last tick, `ended` is that of
    its end record, in Unix seconds.
    """

    host: tuple[float, str] | None = None
    snapshots: int = 0
    gaps: int = 0
    first: float | None = None
    last: float | None = None
    end: dict[str, Any] | None = None
    ended: float | None = None

    def boot(self) -> Any:
        """The id of the machine's start, as its host record has it."""
        return (json_object(self.host[1]) or {}).get("boot_id") if self.host else None

    def absorb(self, later: "Run") -> None:
        """Take in what follows of the same run."""
        self.snapshots += later.snapshots
        self.gaps += later.gaps
        self.first = later.first if self.first is None else self.first
        self.last = self.last if later.last is None else later.last
        self.end = later.end or self.end
        self.ended = self.ended if later.ended is None else later.ended


@dataclass
class Runs:
    """All of them in their order. The first one of a part of a recording may be the rest of one that began before."""

    each: list[Run] = field(default_factory=list)

    def add(self, run: Run) -> None:
        """Take in a run, or what follows of the last one: a host record that is there twice begins nothing."""
        known = self.each[-1] if self.each else None
        if known and (known.ended is None if run.host is None else run.host == known.host):
            known.absorb(run)
        else:
            self.each.append(run)

    def current(self) -> Run:
        """The last one; one without a host record where there is none."""
        if not self.each:
            self.each.append(Run())
        return self.each[-1]

    def count(self, timestamp: float) -> None:
        """Count a tick. Behind an end record it is of another run, whose host record is damaged."""
        if self.current().ended not in {None, timestamp}:
            self.each.append(Run())
        run = self.each[-1]
        run.snapshots += 1
        run.first = timestamp if run.first is None else run.first
        run.last = timestamp

    def end(self, facts: dict[str, Any], timestamp: float) -> None:
        """Take in the end record of the last one."""
        run = self.current()
        run.end, run.ended = facts, timestamp

    def sampled(self) -> list[Run]:
        """Those in which anything was sampled, or that say that they came to their end."""
        return [run for run in self.each if run.snapshots or run.end]

    def absorb(self, later: "Runs") -> None:
        """Take in the runs of the part that follows this one."""
        for run in later.each:
            self.add(run)
