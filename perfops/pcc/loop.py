"""The sampler's loop: deadlines on the monotonic clock, one write a tick."""

import os
import resource
import select
import signal
import time

from . import encode, host
from .clock import Clock, boottime
from .filesystems import FileSystems
from .output import Output
from .sources import ONCE, Reader, read_once

MYPY = False
if MYPY:
    from types import FrameType
    from typing import Any, Dict, List, Optional

    from .options import Options

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
SPACE = "statfs[*]"
CLOSEST = 0.002  # seconds between a late tick and the next: timestamps are told to the millisecond, and never repeat


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


def first_lines(options: "Options", start: bytes, unreadable: "Dict[str, str]") -> "List[bytes]":
    """The host record, and the sources that do not change; `unreadable` takes what is missing of them."""
    once = []
    for source in ONCE:
        try:
            text = read_once(os.path.join(options.proc_root, source.path))
            once.append(encode.line(start, source.subsystem, text))
        except OSError as error:
            unreadable[source.subsystem] = error.strerror or str(error)
    return [encode.json_line(start, "host", host.host_facts(options, unreadable))] + once


def peak_memory(otherwise: int) -> int:
    """The most this program has had in memory, in KiB; getrusage would count the program that started it, too."""
    for row in (host.text_of("/proc/self/status") or "").splitlines():
        if row.startswith("VmHWM:"):
            return int(row.split()[1])
    return otherwise


def end_facts(reason: str, ticks: int, missed: int, size: int, unreadable: "Dict[str, str]") -> "Dict[str, Any]":
    """The measurement of the end record: counts, and what the collector itself cost."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "reason": reason,
        "ticks": ticks,
        "missed": missed,
        "bytes": size,
        "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 6),
        "peak_memory_kib": peak_memory(usage.ru_maxrss),
        "unreadable": unreadable,
    }


def wait_for_whole_second(stop: Stop) -> None:
    """Start on a whole second of the wall clock, so that the samples of several machines lie side by side."""
    remaining = 1 - time.time() % 1
    stop.wait_until(boottime() + remaining)


def last_tick(duration: float, frequency: float) -> int:
    """Number of the tick at the end of the duration; the first is 0."""
    return int(round(duration / frequency, 6))


def due_tick(elapsed: float, frequency: float, last: int) -> int:
    """Number of the newest tick whose time has come."""
    return min(int(elapsed / frequency + 1e-9), last)


def sample(options: "Options", reader: Reader, output: Output, stop: Stop) -> "Dict[str, Any]":
    """Sample until the duration is over or a signal arrives; returns the measurement of the end record.

    The first tick is at once, the last at the end of the duration: a duration of N periods gives N + 1 ticks. A tick
    whose time has passed by a whole period is not made up for: it is counted as missed, and a gap record says from when
    to when. So ticks and missed together are all the ticks whose time had come.
    """
    file_systems = FileSystems(options.proc_root)
    if file_systems.unreadable:
        reader.unreadable[SPACE] = file_systems.unreadable
    wait_for_whole_second(stop)
    clock = Clock()
    last = last_tick(options.duration, options.frequency)
    ticks = missed = tick = 0
    now, wall = clock.monotonic_start, clock.wall_start
    start = encode.stamp(clock.timestamp(now), now)
    lines = first_lines(options, start, reader.unreadable)
    while True:
        lines += reader.lines(start)
        space = file_systems.measurement()
        if space:
            lines.append(encode.line(start, SPACE, space))
        departure = clock.new_departure(now, wall)
        if departure is not None:
            lines.append(encode.json_line(start, "clock", {"ahead": round(departure, 3)}))
        output.write(b"".join(lines))
        ticks += 1
        if tick == last or stop.reason:
            break
        stop.wait_until(max(clock.monotonic_start + (tick + 1) * options.frequency, now + CLOSEST))
        previous, now, wall = now, boottime(), time.time()
        due = due_tick(now - clock.monotonic_start, options.frequency, last)
        if stop.reason and due <= tick:
            break
        skipped = max(due - tick - 1, 0)
        tick += skipped + 1
        missed += skipped
        start = encode.stamp(clock.timestamp(now), now)
        lines = []
        if skipped:
            gap = {"from": round(clock.timestamp(previous), 3), "to": round(clock.timestamp(now), 3)}
            lines.append(encode.json_line(start, "gap", dict(gap, ticks=skipped, reason="late")))
    now = boottime()
    facts = end_facts(stop.reason or "duration", ticks, missed, output.size, reader.unreadable)
    output.write(encode.json_line(encode.stamp(clock.timestamp(now), now), "end", facts))
    return facts
