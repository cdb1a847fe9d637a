"""A collection that runs on a machine, watched by the last lines of its file: that costs the machine nothing."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from perfops.fleet.connect import LostError
from perfops.fleet.target import Target

TAIL = 1 << 16  # bytes at a file's end that hold a tick
STEP = 2.0  # seconds between two looks
STILL = 10.0  # seconds without a new tick, or three periods, until it is asked whether it still runs
LONGEST = 15.0  # seconds between two tries to reach a machine
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Seen:
    """A look at a collection's file: its size, the time of its last record, whether it has an end."""

    size: int
    last: float | None
    ended: bool


def look(target: Target, path: str) -> Seen:
    """Look at the end of the file."""
    with target.opened(path, "rb") as file:
        size = file.stat().st_size or 0
        file.seek(max(size - TAIL, 0))
        tail = file.read(TAIL)
    return read_tail(size, tail)


def read_tail(size: int, tail: bytes) -> Seen:
    """What the last whole line of a file says."""
    lines = tail[: tail.rfind(b"\n") + 1].splitlines()
    try:
        record: dict[str, Any] = json.loads(lines[-1])
        return Seen(size, float(record["timestamp"]), record["subsystem"] == "end")
    except (IndexError, ValueError, KeyError, TypeError):
        return Seen(size, None, False)


def follow(target: Target, path: str, period: float, tell: Callable[[Seen], None]) -> None:
    """Wait until the collection has ended, or runs no longer. LostError where the machine is out of reach."""
    size, since = -1, time.monotonic()
    while True:
        seen = look(target, path)
        tell(seen)
        now = time.monotonic()
        if seen.size != size:
            size, since = seen.size, now
        if seen.ended:
            return
        if now - since > max(STILL, 3 * period):
            if not target.ask("look")["facts"]["running"]:
                return
            since = now
        time.sleep(max(STEP, min(period, LONGEST)))


def persist(
    act: Callable[[], Answer],
    patience: Callable[[], float],
    heard: Callable[[], float],
    tell: Callable[[LostError, float], None],
) -> Answer:
    """Do it again and again while the machine is out of reach, for `patience()` seconds at most after it was lost.

    `heard()` is the monotonic time of its last sign of life; `tell` is called with the reason, and the seconds until
    the next try.
    """
    lost, pause = None, 1.0
    while True:
        try:
            return act()
        except LostError as error:
            if lost is None or heard() > lost:  # it was there meanwhile
                lost, pause = time.monotonic(), 1.0
            if time.monotonic() - lost > patience():
                raise
            tell(error, pause)
            time.sleep(pause)
            pause = min(2 * pause, LONGEST)
