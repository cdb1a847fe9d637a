"""Counts of all workers in memory they share, and their text for Prometheus."""

import mmap
import struct
from bisect import bisect_left
from collections.abc import Iterator

from perfops.catalogue import KINDS

ANSWERS = (200, 400, 401, 403, 404, 405, 408, 413, 422, 500, 503)
STAGES = ("unpack", "derive", "wait", "write")
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)  # seconds
HELP = {
    "pcd_answers_total": ("counter", "Answers to batches, by status."),
    "pcd_answer_seconds": ("histogram", "From a batch's request to its answer."),
    "pcd_rows_total": ("counter", "New rows that are committed, by kind of sample."),
    "pcd_wire_bytes_total": ("counter", "Bytes of bodies as they came."),
    "pcd_raw_bytes_total": ("counter", "Bytes of bodies after decompression."),
    "pcd_transactions_total": ("counter", "Transactions, each of all batches that waited."),
    "pcd_stage_seconds_total": ("counter", "Seconds of work on batches, by stage."),
    "pcd_database_errors_total": ("counter", "Transactions that failed for the database's sake."),
    "pcd_archive_errors_total": ("counter", "Batches whose raw records could not be kept."),
    "pcd_waiting": ("gauge", "Batches that are not answered yet."),
    "pcd_held_bytes": ("gauge", "Bytes of bodies that are not answered yet."),
    "pcd_workers": ("gauge", "Workers."),
}
SERIES = (
    *(f'pcd_answers_total{{status="{status}"}}' for status in ANSWERS),
    *(f'pcd_answer_seconds_bucket{{le="{bound}"}}' for bound in BUCKETS),
    'pcd_answer_seconds_bucket{le="+Inf"}',
    "pcd_answer_seconds_sum",
    *(f'pcd_rows_total{{kind="{kind.name}"}}' for kind in KINDS),
    "pcd_wire_bytes_total",
    "pcd_raw_bytes_total",
    "pcd_transactions_total",
    *(f'pcd_stage_seconds_total{{stage="{stage}"}}' for stage in STAGES),
    "pcd_database_errors_total",
    "pcd_archive_errors_total",
    "pcd_waiting",
    "pcd_held_bytes",
)
PLACES = {name: place for place, name in enumerate(SERIES)}
SIZE = 8 * len(SERIES)
NUMBER = struct.Struct("d")


class Shared:
    """Memory for the counts of some workers; made before they are forked."""

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self.memory = mmap.mmap(-1, SIZE * workers)

    def totals(self) -> list[float]:
        """The sums over all workers."""
        rows = [struct.unpack_from(f"{len(SERIES)}d", self.memory, SIZE * worker) for worker in range(self.workers)]
        return [sum(column) for column in zip(*rows, strict=True)]

    def clear_gauges(self, worker: int) -> None:
        """Set what a worker holds to nothing: it starts, and one before it may have been killed."""
        for name in ("pcd_waiting", "pcd_held_bytes"):
            NUMBER.pack_into(self.memory, SIZE * worker + 8 * PLACES[name], 0.0)


class Metrics:
    """The counts of one worker: its own threads alone write them, each of them always the same thread."""

    def __init__(self, shared: Shared, worker: int) -> None:
        self.shared = shared
        self.start = SIZE * worker
        shared.clear_gauges(worker)

    def add(self, name: str, value: float = 1.0) -> None:
        """Add to a count."""
        place = self.start + 8 * PLACES[name]
        memory = self.shared.memory
        NUMBER.pack_into(memory, place, NUMBER.unpack_from(memory, place)[0] + value)

    def answered(self, status: int, seconds: float) -> None:
        """Count an answer to a batch."""
        self.add(f'pcd_answers_total{{status="{status if status in ANSWERS else 500}"}}')
        place = bisect_left(BUCKETS, seconds)
        bound = str(BUCKETS[place]) if place < len(BUCKETS) else "+Inf"
        self.add(f'pcd_answer_seconds_bucket{{le="{bound}"}}')
        self.add("pcd_answer_seconds_sum", seconds)

    def text(self) -> str:
        """All of it as Prometheus reads it."""
        return "".join(rendered(self.shared.totals(), self.shared.workers))


def rendered(totals: list[float], workers: int) -> Iterator[str]:
    """The lines: what each family is, then its series."""
    told = ""
    running = 0.0
    for name, value in zip((*SERIES, "pcd_workers"), (*totals, workers), strict=True):
        family = name.split("{")[0]
        bucket = family.endswith("_bucket")
        family = family.removesuffix("_bucket").removesuffix("_sum")
        if family != told:
            kind, text = HELP[family]
            yield f"# HELP {family} {text}\n# TYPE {family} {kind}\n"
            told = family
        running = running + value if bucket else running
        yield f"{name} {number(running if bucket else value)}\n"
        if name.endswith("_sum"):
            yield f"{family}_count {number(running)}\n"


def number(value: float) -> str:
    """A number, whole where it is."""
    return str(int(value)) if value == int(value) else f"{value:.6f}"
