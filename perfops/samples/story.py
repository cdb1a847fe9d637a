"""What a recording says about itself, gathered while its snapshots pass: host, end, gaps, reboots, counts."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from perfops.samples.notes import Notes
from perfops.samples.records import LAST_TIME, NUMBERS, json_object
from perfops.samples.runs import Run, Runs
from perfops.samples.snapshots import Snapshot
from perfops.samples.stamps import iso

DAMAGED = "damaged measurements"


class Event(NamedTuple):
    """Something that happened at `start` (Unix seconds), until `end` where it lasted."""

    kind: str
    start: float
    end: float | None
    text: str


@dataclass
class Story:
    """Facts of one recording.

    `first` and `last` are the times of its first and last tick, in Unix seconds, and `last_tick` is the latter whole;
    `host` is the first host record, `current_host` the latest.
    """

    notes: Notes
    host: dict[str, Any] = field(default_factory=dict)
    current_host: dict[str, Any] = field(default_factory=dict)
    cpuinfo: str = ""
    runs: Runs = field(default_factory=Runs)
    snapshots: int = 0
    segments: int = 0
    first: float | None = None
    last: float | None = None
    last_tick: Snapshot | None = None
    events: list[Event] = field(default_factory=list)
    intervals: Counter[float] = field(default_factory=Counter)

    def read_control(self, snapshot: Snapshot, *, goes_on: bool = False) -> None:
        """Take what the recorder says about itself from the snapshot's records.

        Its host record begins a run, unless it `goes_on` in another file.
        """
        records = snapshot.records
        if "host" in records and not goes_on:
            self.runs.add(Run((snapshot.timestamp, records["host"])))
        if "/proc/cpuinfo" in records and not self.cpuinfo:
            self.cpuinfo = records["/proc/cpuinfo"]
        if value := self._parsed("host", snapshot):
            self.current_host = value
            self.host = self.host or value
        if value := self._parsed("end", snapshot):
            self.runs.end(value, snapshot.timestamp)
        if value := self._parsed("gap", snapshot):
            start, end = (self._time(value, name, snapshot) for name in ("from", "to"))
            ticks = value.get("ticks", "?")
            if ticks.__class__ is int and ticks > 0:
                self.runs.current().gaps += ticks
            text = f"{ticks} ticks missed: {value.get('reason', 'unknown')}"
            self.events.append(Event("gap", start, end, text))
        if value := self._parsed("clock", snapshot):
            text = f"the wall clock is {value.get('ahead')} s ahead of the recording's"
            self.events.append(Event("clock", snapshot.timestamp, None, text))

    def _parsed(self, name: str, snapshot: Snapshot) -> dict[str, Any] | None:
        text = snapshot.records.get(name)
        if text is None:
            return None
        value = json_object(text)
        if value is None:
            self.notes.add(DAMAGED, f"the {name} record at {iso(snapshot.timestamp)} is not a JSON object")
        return value

    def _time(self, gap: dict[str, Any], name: str, snapshot: Snapshot) -> float:
        """A time in a gap record; that of the record itself where it has none that can be read."""
        value = gap.get(name, snapshot.timestamp)
        if value.__class__ in NUMBERS and 0 <= value < LAST_TIME:
            return float(value)
        self.notes.add(DAMAGED, f"the gap record at {iso(snapshot.timestamp)} has {name!r}: {value!r:.60}")
        return snapshot.timestamp

    def unreadable(self, source: str, snapshot: Snapshot, error: Exception | str) -> None:
        """Remark a measurement that is not of its source's shape."""
        self.notes.add(DAMAGED, f"{source} at {iso(snapshot.timestamp)} cannot be read: {error}")

    def count(self, snapshot: Snapshot, seconds: float | None) -> None:
        """Count a tick, `seconds` after the one before it, or None where it starts a segment."""
        self.snapshots += 1
        self.runs.count(snapshot.timestamp)
        self.last_tick = snapshot
        if seconds is None:
            self.segments += 1
        else:
            self.intervals[round(seconds, 2)] += 1
        if self.first is None:
            self.first = snapshot.timestamp
        self.last = snapshot.timestamp

    def absorb(self, later: "Story") -> None:
        """Take in the story of the part that follows this one."""
        self.notes.absorb(later.notes)
        self.host = self.host or later.host
        self.current_host = later.current_host or self.current_host
        self.cpuinfo = self.cpuinfo or later.cpuinfo
        self.runs.absorb(later.runs)
        self.snapshots += later.snapshots
        self.segments += later.segments
        self.first = later.first if self.first is None else self.first
        self.last = self.last if later.last is None else later.last
        self.last_tick = later.last_tick or self.last_tick
        self.events += later.events
        self.intervals += later.intervals

    def usual_interval(self) -> float:
        """The most frequent distance of two ticks in seconds, 0 where there was one tick only."""
        return self.intervals.most_common(1)[0][0] if self.intervals else 0.0
