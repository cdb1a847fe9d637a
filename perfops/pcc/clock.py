"""Time: a line that never steps, and how far the wall clock has left it."""

import time

MYPY = False
if MYPY:
    from typing import Optional

BOOTTIME = 7  # CLOCK_BOOTTIME, which goes on while the machine is suspended; time has a name for it from Python 3.7


def boottime() -> float:
    """Seconds since boot, time in suspension included."""
    return time.clock_gettime(BOOTTIME)


class Clock:
    """The wall clock at the start plus the monotonic time since: it never steps or repeats.

    The line begins behind `after` (Unix seconds), the last record of a file that is gone on with, also where the wall
    clock has fallen back meanwhile.
    """

    def __init__(self, after: "Optional[float]" = None) -> None:
        self.monotonic_start = boottime()
        self.wall = time.time()  # at the start, whatever the line says
        self.wall_start = self.wall if after is None else max(self.wall, after)
        self.reported = 0.0

    def timestamp(self, monotonic: float) -> float:
        """Unix seconds at `monotonic`, on this clock's line."""
        return self.wall_start + (monotonic - self.monotonic_start)

    def new_departure(self, monotonic: float, wall: float) -> "Optional[float]":
        """Seconds by which the wall clock is ahead of the line, where more than a second is new in it, else None."""
        departure = wall - self.timestamp(monotonic)
        if abs(departure - self.reported) <= 1:
            return None
        self.reported = departure
        return departure
