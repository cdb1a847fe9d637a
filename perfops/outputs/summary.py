"""summary.json: what a processed collection is, beside its CSV files.

It is the hand-over from processing to loading: whatever the database, the report and the checks say about a collection
as a whole comes from here.
"""

from datetime import datetime
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

FILE = "summary.json"
ON_TIME = "duration"  # why a recorder has ended whose time was over, by its end record


class Annotation(BaseModel):
    """Something that happened to a collection: a gap (its end is set), a reboot, a step of the wall clock."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["gap", "reboot", "clock", "cut", "phase"]
    start: datetime
    end: datetime | None = None
    text: str


class Observer(BaseModel):
    """What the collector itself cost."""

    model_config = ConfigDict(extra="forbid")

    cpu_seconds: float
    peak_memory_kib: int
    bytes_written: int


class Ending(BaseModel):
    """What the end record of a start says; None where it does not."""

    model_config = ConfigDict(extra="forbid")

    reason: str | None = None
    ticks: int | None = None
    missed: int | None = None
    observer: Observer | None = None


class Start(BaseModel):
    """One start of the recorder: `key` tells it from the others, `first` is its first tick, as far as it is known.

    Of a collection that came in pieces these are kept, so that its books can be made anew with each piece.
    """

    model_config = ConfigDict(extra="forbid")

    key: str
    first: datetime | None = None
    ending: Ending | None = None


class Summary(BaseModel):
    """A processed collection.

    `collection` is the id its recorder made (None in recordings of others); `fingerprint` identifies the recording by
    its first line. `start` and `end` are the times of the first and the last snapshot. `samples` counts rows by kind.
    `ticks` and `missed` are what the recorder counted, where it was started several times in all; of a start that was
    killed (the last one, where `complete` is false), the snapshots and gaps that are there. Recorders that say nothing
    about themselves have None.
    """

    model_config = ConfigDict(extra="forbid")

    collection: UUID | None
    fingerprint: str
    recorder: Literal["pcc", "other"]
    hostname: str | None = None
    mode: str = "local"
    start: datetime
    end: datetime
    frequency: float = Field(description="seconds between two snapshots")
    labels: dict[str, str] = {}
    host: dict[str, Any] = {}
    complete: bool
    end_reason: str | None = None
    snapshots: int
    segments: int
    ticks: int | None = None
    missed: int | None = None
    damaged_lines: int = 0
    samples: dict[str, int]
    observer: Observer | None = None
    starts: list[Start] = []
    annotations: list[Annotation] = []
    warnings: list[str] = []


def ended_early(reason: str | None) -> bool:
    """Whether an end record's reason is another one than that the duration was over; other recorders give none."""
    return reason not in {None, ON_TIME}


def write_summary(summary: Summary, folder: Path) -> None:
    """Write `summary` as summary.json into `folder`."""
    (folder / FILE).write_text(summary.model_dump_json(indent=2) + "\n", encoding="utf-8")


def read_summary(folder: Path) -> Summary:
    """Read summary.json of `folder`; FileNotFoundError and pydantic's ValidationError are the caller's to explain."""
    return Summary.model_validate_json((folder / FILE).read_text(encoding="utf-8"))
