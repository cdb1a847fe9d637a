"""Time: a line that never steps, and how far the wall clock has left it."""

import time

BOOTTIME = 7  # CLOCK_BOOTTIME, which goes on while the machine is suspended; time has a name for it from Python 3.7


def boottime() -> float:
    """Seconds since boot, time in suspension included."""
    return time.clock_gettime(BOOTTIME)


class Clock:
    """The wall clock at the start plus the monotonic time since: it never steps or repeats."""

    def __init__(self) -> None:
        self.monotonic_start = boottime()
        self.wall_start = time.time()
        self.reported = 0.0

    def timestamp(self, monotonic: float) -> float:
        """Unix seconds at `monotonic`, on this clock's line."""
        return self.wall_start + (monotonic - self.monotonic_start)

    def departure(self, monotonic: float) -> float:
        """Seconds by which the wall clock is ahead of the line."""
        return time.time() - self.timestamp(monotonic)

    def new_departure(self, monotonic: float) -> float:
        """The departure where it has moved by more than a second since the last one told, else 0."""
        departure = self.departure(monotonic)
        if abs(departure - self.reported) <= 1:
            return 0.0
        self.reported = departure
        return departure
