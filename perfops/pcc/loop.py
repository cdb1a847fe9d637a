"""The sampler's loop: deadlines on the monotonic clock, one write a tick."""

import time

from . import encode
from .about import end_facts, first_records, stamped
from .clock import Clock, boottime
from .cloud import ask_cloud
from .containers import Containers
from .errors import PccError
from .filesystems import FileSystems
from .sources import Reader
from .stop import Stop

MYPY = False
if MYPY:
    from typing import Any, Dict, Union

    from .output import Output
    from .settings import Options
    from .spool import Spool

END_SIZE = 1024  # bytes kept for the end record
CLOSEST = 0.002  # seconds between a late tick and the next: timestamps are told to the millisecond, and never repeat


def wait_for_whole_second(stop: Stop) -> None:
    """Start on a whole second of the wall clock, so that the samples of several machines lie side by side."""
    remaining = 1 - time.time() % 1
    stop.wait_until(boottime() + remaining)


def wait_for_start(stop: Stop, start_at: float) -> None:
    """Wait until the last second before `start_at` (Unix seconds) by the wall clock, which may be set meanwhile."""
    last = -(-start_at // 1) - 1
    while not stop.reason and time.time() < last:
        stop.wait_until(boottime() + min(last - time.time(), 1))


def last_tick(duration: float, frequency: float) -> int:
    """Number of the tick at the end of the duration; the first is 0."""
    return int(round(duration / frequency, 6))


def due_tick(elapsed: float, frequency: float, last: int) -> int:
    """Number of the newest tick whose time has come."""
    return min(int(elapsed / frequency + 1e-9), last)


def too_large(options: "Options", output: "Union[Output, Spool]", size: int) -> bool:
    """Whether so many bytes more, and an end record, are too much."""
    return bool(options.max_bytes) and output.total + size + END_SIZE > options.max_bytes


def full(options: "Options", output: "Union[Output, Spool]", size: int) -> str:
    """Why the collection is to end here: max-bytes, min-free, or '' where there is room for a tick of this size."""
    return "max-bytes" if too_large(options, output, size) else output.why_full()


def sample(options: "Options", reader: Reader, output: "Union[Output, Spool]", stop: Stop) -> "Dict[str, Any]":
    """Sample until the duration is over, a signal arrives or there is no more room; returns the end record's facts.

    The first tick is at once, the last at the end of the duration: a duration of N periods gives N + 1 ticks. A tick
    whose time has passed by a whole period is not made up for: it is counted as missed, and a gap record says from when
    to when. So ticks and missed together are all the ticks whose time had come.
    """
    file_systems = FileSystems(options.proc_root, reader.unreadable, options.without)
    containers = Containers(options.proc_root, options.sys_root, reader.unreadable, options.without)
    containers.look_up_names(1)
    cloud = ask_cloud(options.sys_root, options.metadata_address, reader.unreadable) if options.cloud else None
    if options.start_at:
        wait_for_start(stop, options.start_at)
    wait_for_whole_second(stop)
    clock = Clock(None if output.last is None else output.last + CLOSEST)
    last = last_tick(options.duration, options.frequency)
    ticks = missed = tick = 0
    now, wall = clock.monotonic_start, clock.wall
    stamp = clock.timestamp(now)
    start = encode.stamp(stamp, now)
    about = first_records(options, cloud, reader.unreadable)
    lines = stamped(start, about)
    largest = len(b"".join(lines))  # of what a file begins with
    if output.last_tick is not None:
        # Gone on with after a restart: the ticks between are not there, and say so.
        missed = max(int(round((stamp - output.last_tick) / options.frequency)) - 1, 0)
        if missed:
            lines.append(encode.gap_line(start, encode.gap_value(output.last_tick, stamp, missed, "restarted")))
    while True:
        sampled = reader.lines(start) + file_systems.lines(start) + containers.lines(start)
        lines += sampled
        departure = clock.new_departure(now, wall)
        if departure is not None:
            lines.append(encode.json_line(start, "clock", {"ahead": round(departure, 3)}))
        data = b"".join(lines)
        if not ticks and not options.gzip and too_large(options, output, len(data)):
            raise PccError(
                "--max-bytes leaves no room for a tick of {} bytes behind the {} that are there (give more)".format(
                    len(data), output.total
                )
            )
        size = output.write(data)
        ticks += 1
        turns = output.turns()
        reason = full(options, output, size + turns * (largest + size))
        if tick == last or stop.reason or reason:
            break
        if turns:
            output.rotate(stamped(start, about), b"".join(sampled))
        deadline = max(clock.monotonic_start + (tick + 1) * options.frequency, now + CLOSEST)
        containers.look_up_names((deadline - boottime()) / 2)
        stop.wait_until(deadline)
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
            gap = encode.gap_value(clock.timestamp(previous), clock.timestamp(now), skipped, "late")
            lines.append(encode.gap_line(start, gap))
    now = boottime()
    facts = end_facts(stop.reason or reason or "duration", ticks, missed, output.total, reader.unreadable)
    facts.update(output.facts())
    output.write(encode.json_line(encode.stamp(clock.timestamp(now), now), "end", facts))
    return facts
