"""The end of a collection by a signal."""

import os
import select
import signal

from .clock import boottime

MYPY = False
if MYPY:
    from types import FrameType
    from typing import Callable, Optional

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Stop:
    """Wakes the loop when a signal arrives; the tick at hand is finished first."""

    def __init__(self) -> None:
        self.reason: "Optional[str]" = None
        self.count = 0
        self.read_end, self.write_end = os.pipe()
        os.set_blocking(self.write_end, False)
        signal.set_wakeup_fd(self.write_end)
        for number in SIGNALS:
            # nohup has the hang-up ignored, and means it.
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self.arrived)

    def arrived(self, number: int, _frame: "Optional[FrameType]") -> None:
        """Remember the first signal, and how many there were."""
        self.count += 1
        if self.reason is None:
            self.reason = signal.Signals(number).name

    def wait_until(self, deadline: float) -> None:
        """Return at `deadline` (seconds of boottime), or when a signal arrives."""
        while self.reason is None:
            remaining = deadline - boottime()
            if remaining <= 0:
                return
            if select.select([self.read_end], [], [], remaining)[0]:
                os.read(self.read_end, 64)

    def wake(self) -> None:
        """Have wait_for() look."""
        os.write(self.write_end, b"\0")

    def wait_for(self, over: "Callable[[], bool]", deadline: float) -> None:
        """Return when it is over, at `deadline` (seconds of boottime), or when one more signal arrives.

        A signal before counts only where there were two already: the first one is what the collection ended by.
        """
        before = min(self.count, 1)
        while not over() and self.count <= before:
            remaining = deadline - boottime()
            if remaining <= 0:
                return
            if select.select([self.read_end], [], [], remaining)[0]:
                os.read(self.read_end, 64)
