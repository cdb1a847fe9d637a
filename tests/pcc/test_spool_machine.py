"""The spool under random actions, killed between any two calls of the system: nothing is lost or told twice."""

import contextlib
import errno
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from fix_crash import Disk, KilledError, put_in_place
from fix_spool import IDENTITY, Receiver, Sampler, body, drain, let_go, spool_options
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

EXAMPLES = 1000 if os.environ.get("PERFOPS_SOAK") == "1" else 40
PHASES = [phase for phase in Phase if phase != Phase.explain]
KILLS = st.none() | st.tuples(st.integers(0, 8), st.sampled_from((0.0, 0.3, 0.9, 1.0)))


class SpoolMachine(RuleBasedStateMachine):
    """A sampler that may be killed at any call, a receiver that may commit without the answer coming back."""

    @initialize(limit=st.sampled_from((2000, 4000, 1 << 20)))
    def begin(self, limit: int) -> None:
        self.patch = pytest.MonkeyPatch()
        self.disk = Disk()
        put_in_place(self.disk, self.patch)
        self.folder = Path(tempfile.mkdtemp(prefix="perfops-spool-"))
        self.options = spool_options(self.folder, spool_max=limit)
        self.receiver = Receiver()
        self.now = 0
        self.alive = True
        self.sampler = Sampler(self.options, 0)
        self.sampler.tick(0)

    @contextlib.contextmanager
    def mortal(self, kill: tuple[int, float] | None):  # type: ignore[no-untyped-def]
        """Do something that a kill may end; then all is as it lies on disk, and the sampler is started again."""
        self.disk.left, self.disk.part = kill or (None, 0.0)
        try:
            yield
            self.disk.left = None
        except KilledError:
            self.disk.left = None
            self.restart()
        except OSError as error:
            if error.errno != errno.ENOSPC or self.disk.room is None:
                raise
            # The sender tries again.
            self.disk.left = None

    def restart(self) -> None:
        """The process is gone, with its descriptors; start anew."""
        let_go(self.sampler.spool)
        self.sampler = Sampler(self.options, self.now)

    @rule(kill=KILLS, size=st.sampled_from((0, 0, 300)))
    def append(self, kill: tuple[int, float] | None, size: int) -> None:
        self.now += 1
        with self.mortal(kill):
            self.sampler.tick(self.now, size)

    @rule(kill=KILLS)
    def seal(self, kill: tuple[int, float] | None) -> None:
        with self.mortal(kill):
            if not self.sampler.first and self.sampler.now == self.now:
                self.sampler.seal()

    @rule(kill=KILLS)
    def send(self, kill: tuple[int, float] | None) -> None:
        with self.mortal(kill):
            segment = self.sampler.spool.take()
            if segment:
                batch = body(self.sampler.spool, segment)
                if batch:
                    self.receiver.commit(batch)
                self.sampler.spool.acknowledge(segment)

    @rule(kill=KILLS)
    def send_in_vain(self, kill: tuple[int, float] | None) -> None:
        with self.mortal(kill):
            self.sampler.spool.take()

    @rule(kill=KILLS)
    def send_without_an_answer(self, kill: tuple[int, float] | None) -> None:
        with self.mortal(kill):
            segment = self.sampler.spool.take()
            batch = body(self.sampler.spool, segment) if segment else None
            if batch:
                self.receiver.commit(batch)

    @rule(kill=KILLS)
    def refuse(self, kill: tuple[int, float] | None) -> None:
        with self.mortal(kill):
            segment = self.sampler.spool.take()
            if segment and body(self.sampler.spool, segment):
                self.sampler.spool.refuse(segment, "HTTP 422")

    @rule(kill=KILLS)
    def drop(self, kill: tuple[int, float] | None) -> None:
        with self.mortal(kill):
            self.sampler.spool.drop_oldest()

    @rule(room=st.integers(0, 700))
    @precondition(lambda self: self.disk.room is None)
    def fill_the_disk(self, room: int) -> None:
        self.disk.room = room

    @rule()
    @precondition(lambda self: self.disk.room is not None)
    def make_room(self) -> None:
        self.disk.room = None

    @rule()
    def kill(self) -> None:
        self.restart()

    def teardown(self) -> None:
        """In the end there is room and a receiver: then every tick is accounted for."""
        if not hasattr(self, "sampler"):
            return
        try:
            self.disk.room = self.disk.left = None
            self.now += 1
            self.sampler.tick(self.now)
            self.sampler.end(self.now)
            drain(self.sampler.spool, self.receiver)
            self.receiver.check(0, self.now)
            quarantined = (self.folder / IDENTITY / "quarantine").exists()
            assert self.sampler.spool.close() == (not quarantined)
        finally:
            self.patch.undo()
            shutil.rmtree(self.folder)


SpoolMachine.TestCase.settings = settings(
    max_examples=EXAMPLES, phases=PHASES, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
TestSpool = pytest.mark.soak(SpoolMachine.TestCase)
