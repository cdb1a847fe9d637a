"""A recording in several files, and one that was gone on with after it was killed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fix_loaded import IDENTITY, START, tick
from fix_recordings import record, write

CONTAINERS = ("a" * 64, "b" * 64)


def host(pid: int = 7, **facts: Any) -> dict[str, Any]:
    """A host record."""
    return {
        "collection": IDENTITY,
        "hostname": "vm-01",
        "labels": {"build": "42"},
        "mode": "local",
        "frequency": 1.0,
        "pid": pid,
        "boot_id": "b",
        "disks": [{"name": "sda"}],
        "interfaces": [{"name": "eth0", "master": None}],
        **facts,
    }


def end(ticks: int, missed: int = 0, reason: str = "duration") -> dict[str, Any]:
    """An end record."""
    return {"reason": reason, "ticks": ticks, "missed": missed, "bytes": 9000, "cpu_seconds": 0.5, "peak_memory_kib": 9}


def container_lines(place: int, clock: float) -> Iterator[bytes]:
    """Two containers in a tick; the second comes later."""
    for number, identity in enumerate(CONTAINERS):
        if place > 4 * number:
            facts = {"container_id": identity, "runtime": "docker", "cpu_usage_usec": 1000 * place}
            facts |= {"memory_current": 5, "memory_max": 10}
            yield record(START + place, f"container/docker/{identity[:12]}", facts, clock)


def ticks(first: int, last: int, uptime: float = 100.0, *, containers: bool = True) -> list[list[bytes]]:
    """The lines of each tick from one number to another."""
    found = []
    for place in range(first, last + 1):
        clock = uptime + place
        lines = [record(START + place, name, text, clock) for name, text in tick(place).items()]
        found.append(lines + (list(container_lines(place, clock)) if containers else []))
    return found


def joined(found: list[list[bytes]]) -> list[bytes]:
    """The lines of several ticks."""
    return [line for lines in found for line in lines]


def control(place: float, name: str, facts: dict[str, Any], uptime: float = 100.0) -> bytes:
    """A record about the recording."""
    return record(START + place, name, facts, uptime + place)


def gap(since: int, until: int, reason: str, uptime: float = 100.0) -> bytes:
    """A gap record between two ticks."""
    facts = {"from": START + since, "to": START + until, "ticks": until - since - 1, "reason": reason}
    return control(until, "gap", facts, uptime)


def rotated(whole: list[bytes], folder: Path, *places: int) -> list[Path]:
    """The recording in files, oldest first, a new one behind each of the given ticks.

    Each but the first begins with the last host record and the tick before, as pcc writes them.
    """
    moments: dict[float, list[bytes]] = {}
    for line in whole:
        moments.setdefault(json.loads(line)["timestamp"], []).append(line)
    files: list[list[bytes]] = [[]]
    about = b""
    for moment, lines in moments.items():
        files[-1] += lines
        about = next((line for line in lines if b'"subsystem": "host"' in line), about)
        if moment - START in places:
            told = json.loads(about)
            sampled = [line for line in lines if b'"subsystem": "host"' not in line and b'"gap"' not in line]
            clock = json.loads(sampled[0])["monotonic"]
            files.append([record(moment, "host", told["measurement"], clock), *sampled])
    return [
        write(folder / (f"host.json.{number}" if number < len(files) else "host.json"), lines)
        for number, lines in enumerate(files, 1)
    ]
