"""Small collections with known counts, processed and loaded as `perfops load` does."""

from pathlib import Path
from typing import Any

from fix_recordings import MEMINFO, diskstats, netdev, record, stat, write

from perfops.outputs.process import process_files
from perfops.store.connection import Connection
from perfops.store.load import Loaded, load
from perfops.store.sources import find_source

START = 1_768_000_000  # 2026-01-09 23:06:40 UTC
IDENTITY = "0d8f1a52-6c0e-4f2f-9b57-0c6f5a3b1e77"
DISKS, PORTS, CPUS = 2, 2, 2
ROWS = {"host": 1, "system": 1, "cpu": CPUS + 1, "disk": DISKS, "net": PORTS}  # of each interval


def tick(number: int) -> dict[str, str]:
    """Measurements of the tick of a number; every counter grows by the same in each."""
    cpu = f"{50 * number} 0 {20 * number} {130 * number} 0 0 0 0 0 0"
    disk = f"{10 * number} 0 {80 * number} {5 * number} 4 0 {8 * number} 2 0 {9 * number} 9"
    port = f"{1000 * number} {10 * number} 0 0 0 0 0 0 {500 * number} {5 * number} 0 0 0 0 0 0"
    return {
        "/proc/stat": stat(cpu, cpu, cpu),
        "/proc/meminfo": MEMINFO,
        "/proc/diskstats": diskstats(sda=disk, sdb=disk),
        "/proc/net/dev": netdev(eth0=port, lo=port),
    }


def record_machine(
    path: Path,
    ticks: int = 6,
    *,
    identity: str = IDENTITY,
    hostname: str = "vm-01",
    start: int = START,
    missed: int = 0,
    labels: dict[str, str] | None = None,
    end: bool = True,
) -> Path:
    """A collection of pcc at 1 Hz: `ticks` snapshots; of a gap, `missed` ticks before the last one are its length."""
    host = {
        "collection": identity,
        "hostname": hostname,
        "labels": labels or {},
        "mode": "local",
        "frequency": 1.0,
        "boot_id": "b",
        "disks": [{"name": "sda"}, {"name": "sdb"}],
        "interfaces": [{"name": "eth0", "master": None}],
    }
    lines = [record(start, "host", host, 100.0)]
    for number in range(ticks):
        place = number + (missed if number == ticks - 1 else 0)
        if place != number:
            gap = {"from": start + number - 1, "to": start + place, "ticks": missed, "reason": "late"}
            lines.append(record(start + place, "gap", gap, 100.0 + place))
        lines += [record(start + place, name, text, 100.0 + place) for name, text in tick(place).items()]
    if end:
        facts = {"reason": "duration", "ticks": ticks, "missed": missed, "bytes": 4096}
        facts |= {"cpu_seconds": 0.25, "peak_memory_kib": 9000, "unreadable": {}}
        lines.append(record(start + place, "end", facts, 100.0 + place))
    return write(path, lines)


def load_recordings(connection: Connection, folder: Path, *paths: Path, **options: Any) -> Loaded:
    """Process the recordings of one collection into a folder, and load it."""
    process_files(list(paths), folder)
    return load(connection, find_source(folder), **options)
