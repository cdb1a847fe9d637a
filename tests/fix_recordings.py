"""Recordings for tests: the real ones from the clouds, and small ones made of given texts."""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(os.environ.get("PERFOPS_COLLECTIONS", Path(__file__).parents[2] / "shared" / "collections"))
needs_recordings = pytest.mark.skipif(
    not FOLDER.is_dir(), reason=f"no real recordings in {FOLDER} (set PERFOPS_COLLECTIONS)"
)
NAMES = ("azure-d4-loadtest", "oci-e4-loadtest", "azure-no-cpuinfo")

MEMINFO = (
    "MemTotal:       4000000 kB\nMemFree:        1000000 kB\nMemAvailable:   2500000 kB\nBuffers:          50000 kB\n"
    "Cached:         1200000 kB\nSwapCached:           0 kB\nActive:          900000 kB\nInactive:        800000 kB\n"
    "SwapTotal:       500000 kB\nSwapFree:        400000 kB\nDirty:              120 kB\nWriteback:            8 kB\n"
    "Slab:            150000 kB\nCommitted_AS:   2250000 kB\n"
)


def stat(*cpus: str, ctxt: int = 1000, intr: int = 500, processes: int = 10, running: int = 2, blocked: int = 1) -> str:
    """A /proc/stat: `cpus` are the fields behind `cpu`, `cpu0`, …"""
    names = ["cpu ", *(f"cpu{number}" for number in range(len(cpus) - 1))]
    lines = [f"{name} {fields}" for name, fields in zip(names, cpus, strict=True)]
    return "\n".join(
        [
            *lines,
            f"intr {intr} 0 0 7",
            f"ctxt {ctxt}",
            "btime 1700000000",
            f"processes {processes}",
            f"procs_running {running}",
            f"procs_blocked {blocked}",
            "softirq 99 1 2 3",
            "",
        ]
    )


def diskstats(**disks: str) -> str:
    """A /proc/diskstats: device to the fields behind its name."""
    return "".join(f"   8       0 {name} {fields}\n" for name, fields in disks.items())


def netdev(**ports: str) -> str:
    """A /proc/net/dev: interface to its sixteen fields."""
    head = "Inter-|   Receive |  Transmit\n face |bytes packets errs drop fifo frame compressed multicast|bytes ...\n"
    return head + "".join(f"{name:>6}: {fields}\n" for name, fields in ports.items())


def record(timestamp: float, subsystem: str, measurement: Any, monotonic: float | None = None) -> bytes:
    """A line of a collection; a measurement that is no text becomes JSON."""
    text = measurement if isinstance(measurement, str) else json.dumps(measurement)
    value = {"timestamp": timestamp, "subsystem": subsystem, "measurement": text}
    if monotonic is not None:
        value["monotonic"] = monotonic
    return json.dumps(value).encode() + b"\n"


def write(path: Path, lines: Iterable[bytes]) -> Path:
    """Write a collection."""
    path.write_bytes(b"".join(lines))
    return path
