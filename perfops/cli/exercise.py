"""perfops exercise: a small CPU and disk load, so that a first recording has something to show."""

import hashlib
import os
import signal
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from perfops.cli.options import parse_time

BLOCK = 1 << 20
SYNCED = 8  # blocks written before they are forced to disk
RATE = 40  # blocks written a second at most, however fast the disk is
BLOCKS = 64  # of the file
PHASES = (("cpu", 4.0), ("disk", 3.0), ("idle", 2.0))  # seconds each, again and again


def exercise(
    duration: Annotated[str, typer.Option(help="How long: 20s, 5m. A signal ends it sooner.")] = "60s",
    folder: Annotated[Path | None, typer.Option(help="Where to write; at most 64 MiB, removed at the end.")] = None,
) -> None:
    """Put a small CPU and disk load on this machine: bursts of hashing, of synced writes, and pauses, in turn.

    One CPU is kept busy for about half of the time, and 40 MiB a second at most are written for a third of it. It is
    what `make demo` records; it measures nothing itself.

    Example: perfops exercise --duration 5s
    """
    deadline = time.monotonic() + parse_time(duration, "--duration", "20s")

    def leave(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, leave)
    with suppress(KeyboardInterrupt), tempfile.TemporaryFile(dir=folder) as file:
        while time.monotonic() < deadline:
            for phase, seconds in PHASES:
                end = min(time.monotonic() + seconds, deadline)
                if phase == "cpu":
                    burn(end)
                elif phase == "disk":
                    write(file.fileno(), end)
                else:
                    time.sleep(max(end - time.monotonic(), 0))


def burn(end: float) -> None:
    """Keep one CPU busy until `end` (seconds of the monotonic clock)."""
    block = os.urandom(BLOCK)
    while time.monotonic() < end:
        hashlib.sha256(block).digest()


def write(descriptor: int, end: float) -> None:
    """Write and force to disk until `end`, always over the same 64 MiB, at no more than 40 MiB a second."""
    block = os.urandom(BLOCK)
    began, number = time.monotonic(), 0
    while (now := time.monotonic()) < end:
        early = began + number / RATE - now
        if early > 0:
            time.sleep(min(early, end - now))
            continue
        for _ in range(SYNCED):
            os.pwrite(descriptor, block, number % BLOCKS * BLOCK)
            number += 1
        os.fsync(descriptor)
