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
from .sources import EVERY_TICK, ONCE, Reader, read_once

MYPY = False
if MYPY:
    from types import FrameType
    from typing import Any, Dict, List, Optional

    from .options import Options

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Stop:
    """Wakes the loop when a signal arrives; the tick at hand is finished first."""

    def __init__(self) -> None:
        self.reason: "Optional[str]" = None
        self.read_end, write_end = os.pipe()
        os.set_blocking(write_end, False)
        signal.set_wakeup_fd(write_end)
        for number in SIGNALS:
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


def first_lines(options: "Options", start: bytes, reader: Reader) -> "List[bytes]":
    """The host record, and the sources that do not change."""
    unreadable = dict(reader.unreadable)
    once = []
    for source in ONCE:
        try:
            text = read_once(os.path.join(options.proc_root, source.path))
            once.append(encode.line(start, source.subsystem, text))
        except OSError as error:
            unreadable[source.subsystem] = error.strerror or str(error)
    return [encode.json_line(start, "host", host.host_facts(options, unreadable))] + once


def end_facts(reason: str, ticks: int, missed: int, size: int) -> "Dict[str, Any]":
    """The measurement of the end record: counts, and what the collector itself cost."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "reason": reason,
        "ticks": ticks,
        "missed": missed,
        "bytes": size,
        "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 6),
        "peak_memory_kib": usage.ru_maxrss,
    }


def wait_for_whole_second(stop: Stop) -> None:
    """Start on a whole second of the wall clock, so that the samples of several machines lie side by side."""
    stop.wait_until(boottime() + 1 - time.time() % 1)


def sample(options: "Options", output: Output) -> "Dict[str, Any]":
    """Sample until the duration is over or a signal arrives; returns the measurement of the end record.

    The first tick is at once, the last at the end of the duration: a duration of N periods gives N + 1 ticks. A tick
    whose time has passed by a whole period is not made up for: it is counted as missed, and a gap record says from when
    to when.
    """
    reader = Reader(options.proc_root, EVERY_TICK)
    file_systems = FileSystems(options.proc_root)
    stop = Stop()
    wait_for_whole_second(stop)
    clock = Clock()
    last = int(options.duration / options.frequency + 1e-9)
    ticks = missed = 0
    tick, now = 0, clock.monotonic_start
    lines = first_lines(options, encode.stamp(clock.timestamp(now), now), reader)
    while True:
        start = encode.stamp(clock.timestamp(now), now)
        lines += reader.lines(start)
        space = file_systems.measurement()
        if space:
            lines.append(encode.line(start, "statfs[*]", space))
        departure = clock.new_departure(now)
        if departure:
            lines.append(encode.json_line(start, "clock", {"ahead": round(departure, 3)}))
        output.write(b"".join(lines))
        ticks += 1
        lines = []
        if tick >= last or stop.reason:
            break
        stop.wait_until(clock.monotonic_start + (tick + 1) * options.frequency)
        if stop.reason:
            break
        previous, now = now, boottime()
        due = min(int((now - clock.monotonic_start) / options.frequency + 1e-9), last)
        skipped = due - tick - 1
        if skipped > 0:
            missed += skipped
            gap = {"from": round(clock.timestamp(previous), 3), "to": round(clock.timestamp(now), 3)}
            gap_lines = encode.json_line(
                encode.stamp(clock.timestamp(now), now), "gap", dict(gap, ticks=skipped, reason="late")
            )
            lines = [gap_lines]
        tick = max(due, tick + 1)
    now = boottime()
    facts = end_facts(stop.reason or "duration", ticks, missed, output.size)
    output.write(encode.json_line(encode.stamp(clock.timestamp(now), now), "end", facts))
    return facts
