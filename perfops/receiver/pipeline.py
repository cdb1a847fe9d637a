"""From a body to its answer: one thread derives rows, one writes them, and each takes all that waits.

While a transaction is under way the next one gathers, so the more there is to do, the less each batch costs. A batch is
answered when its transaction is committed, by nothing else. What waits is bounded at both places.
"""

import asyncio
import logging
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg

from perfops.errors import BadInputError, PerfopsError
from perfops.receiver import archive, log
from perfops.receiver.body import unpacked
from perfops.receiver.errors import RefusedError
from perfops.receiver.ingest import read_batch
from perfops.receiver.keys import Key
from perfops.receiver.metrics import Metrics
from perfops.receiver.settings import Settings
from perfops.store.batches import Batch, Memory, Outcome, Stored, write_batches
from perfops.store.connection import Connection, connect
from perfops.store.streams import OtherCollectorError

if TYPE_CHECKING:
    from collections.abc import Sequence

RETRY = 1  # seconds that a sender is asked to wait
LINGER = 0.04  # seconds that a busy writer lets batches gather: larger transactions cost less a batch
TRIES = 3  # of a transaction that only met another one
PATIENCE = "SET statement_timeout = '60s'; SET lock_timeout = '10s'; SET idle_in_transaction_session_timeout = '60s'"
AWAY = RefusedError(503, "the database is away (try again)", RETRY)
CLOSING = RefusedError(503, "the receiver is being stopped (try again)", RETRY)


@dataclass(slots=True)
class Job:
    """A request that waits: what it brought, whose key, and where its answer goes."""

    body: bytes
    packed: bool
    key: Key
    answer: "asyncio.Future[dict[str, int]]"
    batch: Batch | None = None
    size: int = 0


class Pipeline:
    """The two threads of a worker, and what waits between them."""

    def __init__(self, settings: Settings, metrics: Metrics, loop: asyncio.AbstractEventLoop) -> None:
        self.settings, self.metrics, self.loop = settings, metrics, loop
        self.came: deque[Job] = deque()
        self.ready: deque[Job] = deque()
        self.probes: deque[asyncio.Future[dict[str, int]]] = deque()
        self.waiting_rows = 0
        self.closing = self.derived_all = False
        self.change = threading.Condition()
        self.memory = Memory()
        self.connection: Connection | None = None
        self.threads = [threading.Thread(target=each, daemon=True) for each in (self.derive, self.write)]
        for thread in self.threads:
            thread.start()

    def submit(self, body: bytes, *, packed: bool, key: Key) -> "asyncio.Future[dict[str, int]]":
        """Take a body; the future has its new rows once they are committed, or a RefusedError."""
        job = Job(body, packed, key, self.loop.create_future())
        with self.change:
            self.came.append(job)
            self.change.notify_all()
        return job.answer

    def probe(self) -> "asyncio.Future[dict[str, int]]":
        """Have the writing thread prove that it can write."""
        answer: asyncio.Future[dict[str, int]] = self.loop.create_future()
        with self.change:
            self.probes.append(answer)
            self.change.notify_all()
        return answer

    def close(self) -> None:
        """Finish what waits, and end."""
        with self.change:
            self.closing = True
            self.change.notify_all()
        for thread in self.threads:
            thread.join()

    def derive(self) -> None:
        """The first thread: bodies to rows, one at a time, so that one body at a time is in memory unpacked."""
        while True:
            with self.change:
                self.change.wait_for(lambda: (self.came and self.has_room()) or (self.closing and not self.came))
                if not self.came:
                    self.derived_all = True
                    self.change.notify_all()
                    return
                job = self.came.popleft()
            try:
                self.derive_one(job)
            except RefusedError as error:
                self.resolve([(job, error)])
                continue
            except Exception:  # noqa: BLE001 - whatever a body can do, the next one is taken
                log.failed("a batch could not be read")
                self.resolve([(job, RefusedError(422, "the batch cannot be read (it was logged)"))])
                continue
            with self.change:
                self.waiting_rows += job.size
                self.ready.append(job)
                self.change.notify_all()

    def has_room(self) -> bool:
        """Whether the writer is not behind by more rows than may wait."""
        return self.waiting_rows < self.settings.limits.rows

    def derive_one(self, job: Job) -> None:
        """Unpack and derive one body; it is dropped then."""
        started = time.perf_counter()
        data = unpacked(job.body, self.settings.limits.unpacked) if job.packed else job.body
        between = time.perf_counter()
        batch, notes = read_batch(data)
        if not job.key.may_write(batch.piece.owner.name):
            raise not_yours(job.key, batch.piece.owner.name)
        if self.settings.archive is not None:
            try:
                archive.keep(self.settings.archive, batch.piece.collection, data)
            except OSError as error:
                self.metrics.add("pcd_archive_errors_total")
                log.tell(logging.ERROR, "raw records are not kept", reason=error.strerror)
        job.batch, job.body = batch, b""
        job.size = sum(len(line) for lines in batch.rows.values() for line in lines)
        done = time.perf_counter()
        self.metrics.add("pcd_raw_bytes_total", len(data))
        self.metrics.add('pcd_stage_seconds_total{stage="unpack"}', between - started)
        self.metrics.add('pcd_stage_seconds_total{stage="derive"}', done - between)
        for line in notes.lines():
            log.tell(logging.INFO, "remark", collection=str(batch.piece.collection), text=line[:300])

    def write(self) -> None:
        """The second thread: all that is ready in one transaction, again and again."""
        group: list[Job] = []
        while True:
            started = time.perf_counter()
            if len(group) > 1 and not self.closing:
                time.sleep(LINGER)
            with self.change:
                self.change.wait_for(lambda: self.ready or self.probes or self.derived_all)
                group = self.take_group()
                probes = [self.probes.popleft() for _ in range(len(self.probes))]
                if not group and not probes:
                    break
            self.metrics.add('pcd_stage_seconds_total{stage="wait"}', time.perf_counter() - started)
            started = time.perf_counter()
            self.write_group(group, probes)
            self.metrics.add('pcd_stage_seconds_total{stage="write"}', time.perf_counter() - started)
        self.disconnect()

    def take_group(self) -> list[Job]:
        """As much of what is ready as goes into one transaction."""
        group: list[Job] = []
        size = 0
        while self.ready and size < self.settings.limits.group:
            job = self.ready.popleft()
            size += job.size
            group.append(job)
        self.waiting_rows -= size
        self.change.notify_all()
        return group

    def write_group(self, group: "list[Job]", probes: "Sequence[asyncio.Future[dict[str, int]]]") -> None:
        """Write batches, prove that writing works where that is asked for, and answer."""
        try:
            outcomes = self.committed([job.batch for job in group if job.batch is not None], probe=bool(probes))
        except (psycopg.Error, PerfopsError) as error:
            self.metrics.add("pcd_database_errors_total")
            log.tell(logging.WARNING, "the database is away", reason=type(error).__name__, batches=len(group))
            self.disconnect()
            self.resolve([(job, AWAY) for job in group], probes, AWAY)
        except Exception:  # noqa: BLE001 - the thread must go on
            log.failed("a transaction failed")
            self.disconnect()
            self.resolve([(job, RefusedError(503, "the receiver failed (it was logged)", RETRY)) for job in group])
            self.resolve([], probes, AWAY)
        else:
            self.metrics.add("pcd_transactions_total")
            for outcome in outcomes:
                if isinstance(outcome, Stored):
                    for kind, count in outcome.rows.items():
                        self.metrics.add(f'pcd_rows_total{{kind="{kind}"}}', count)
            answers = [(job, answer_of(job, outcome)) for job, outcome in zip(group, outcomes, strict=True)]
            self.resolve(answers, probes, {})

    def committed(self, batches: list[Batch], *, probe: bool) -> list[Outcome]:
        """What became of the batches, committed; a transaction that only met another one is tried again."""
        if self.connection is None or self.connection.closed:
            self.connection = connect(self.settings.target)
            self.connection.autocommit = True
            self.connection.execute(PATIENCE)
        if probe:
            with self.connection.transaction():
                self.connection.execute("SELECT pg_current_xact_id()")  # refused where nothing can be written
                self.connection.execute("UPDATE collection SET mode = mode WHERE false")
        for left in reversed(range(TRIES)):
            try:
                return write_batches(self.connection, batches, self.memory) if batches else []
            except (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure):
                if not left:
                    raise
        raise AssertionError

    def disconnect(self) -> None:
        """Leave the database; the next transaction comes over a new connection."""
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def resolve(
        self,
        answers: "Sequence[tuple[Job, dict[str, int] | RefusedError]]",
        probes: "Sequence[asyncio.Future[dict[str, int]]]" = (),
        probed: "dict[str, int] | RefusedError" = AWAY,
    ) -> None:
        """Hand answers to the loop, all at once."""
        pairs = [(job.answer, answer) for job, answer in answers] + [(probe, probed) for probe in probes]
        self.loop.call_soon_threadsafe(settle, pairs)


def settle(pairs: "list[tuple[asyncio.Future[dict[str, int]], dict[str, int] | RefusedError]]") -> None:
    """Give futures their answers; whoever asked may be gone."""
    for future, answer in pairs:
        if future.done():
            continue
        if isinstance(answer, RefusedError):
            future.set_exception(answer)
        else:
            future.set_result(answer)


def answer_of(job: Job, outcome: Outcome) -> dict[str, int] | RefusedError:
    """The answer to a batch of a transaction that is committed."""
    if isinstance(outcome, Stored):
        return outcome.rows
    if isinstance(outcome, OtherCollectorError) and job.key.collectors is not None:
        return RefusedError(403, str(outcome))
    return RefusedError(422 if isinstance(outcome, BadInputError) else 503, str(outcome))


def not_yours(key: Key, name: str) -> RefusedError:
    """The answer to a key that is bound to other collectors."""
    return RefusedError(403, f"the key {key.name!r} may not write the collector {name[:60]!r}")
