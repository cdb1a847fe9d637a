"""The end of a collection by a signal."""

import os
import select
import signal

from .clock import boottime

MYPY = False
if MYPY:
    from types import FrameType
    from typing import Optional

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Stop:
    """Wakes the loop when a signal arrives; the tick at hand is finished first."""

    def __init__(self) -> None:
        self.reason: "Optional[str]" = None
        self.read_end, write_end = os.pipe()
        os.set_blocking(write_end, False)
        signal.set_wakeup_fd(write_end)
        for number in SIGNALS:
            # nohup has the hang-up ignored, and means it.
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self.arrived)

    def arrived(self, number: int, _frame: "Optional[FrameType]") -> None:
        """Remember the first signal."""
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
