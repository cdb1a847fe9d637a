"""Disks from /proc/diskstats."""

from typing import NamedTuple

from perfops.samples.notes import Notes

RESET = "counters that fell"

# After the name: reads, merged, sectors, ms; the same of writes; in flight, ms busy, weighted ms; then, from Linux
# 4.18, the same four of discards. In flight is a level, the only field that may fall.
READS, READ_SECTORS, READ_MS, WRITES, WRITE_SECTORS, WRITE_MS, BUSY_MS, WEIGHTED_MS = 0, 2, 3, 4, 6, 7, 9, 10
DISCARDS, DISCARD_SECTORS = 11, 13
SECTOR = 512  # bytes, whatever the device's own sector size is
FIELDS = 15
IDLE = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, None, None, 0.0, 0.0)


class Disk(NamedTuple):
    """A line of /proc/diskstats: name, and its counters, padded to FIELDS with zeros."""

    name: str
    counters: tuple[int, ...]


class Disks(NamedTuple):
    """All lines of one snapshot, by their text (most do not change from tick to tick) and by device."""

    by_line: dict[str, Disk]
    by_name: dict[str, Disk]


NOTHING = Disks({}, {})


def parse(text: str, before: Disks = NOTHING) -> Disks:
    """Read /proc/diskstats; lines that stand as they stood `before` are not read again. Short lines are left out.

    ValueError where no line is usable.
    """
    known = before.by_line
    by_line: dict[str, Disk] = {}
    by_name: dict[str, Disk] = {}
    for line in text.split("\n"):
        disk = known.get(line)
        if disk is None:
            fields = line.split()
            if len(fields) < 14:
                continue
            counters = tuple(map(int, fields[3 : 3 + FIELDS]))
            disk = Disk(fields[2], counters if len(counters) == FIELDS else (counters + (0,) * FIELDS)[:FIELDS])
        by_line[line] = disk
        by_name[disk.name] = disk
    if text.strip() and not by_name:
        raise ValueError("no line with a device's counters")
    return Disks(by_line, by_name)


def rates(before: tuple[int, ...], now: tuple[int, ...], seconds: float) -> tuple[float | None, ...] | None:
    """Figures of one device over `seconds`, in the catalogue's order; None where a counter fell.

    Waiting times are None where nothing completed. Weighted and busy milliseconds are 32 bits wide in older kernels and
    wrap; such an interval has no value either.
    """
    deltas = [later - earlier for later, earlier in zip(now, before, strict=True)]
    deltas[8] = 0  # in flight
    if min(deltas) < 0:
        return None
    reads, writes = deltas[READS], deltas[WRITES]
    return (
        deltas[READ_SECTORS] * SECTOR / seconds,
        deltas[WRITE_SECTORS] * SECTOR / seconds,
        deltas[DISCARD_SECTORS] * SECTOR / seconds,
        reads / seconds,
        writes / seconds,
        deltas[DISCARDS] / seconds,
        deltas[READ_MS] / reads if reads else None,
        deltas[WRITE_MS] / writes if writes else None,
        deltas[WEIGHTED_MS] / (seconds * 1000),
        min(deltas[BUSY_MS] / (seconds * 10), 100.0),
    )


def derive(
    before: Disks, now: Disks, seconds: float, wanted: dict[str, bool], notes: Notes, when: str
) -> tuple[list[tuple[str, tuple[float | None, ...]]], tuple[float, float, float, float]]:
    """Rows (device, figures) of the `wanted` devices, and the host's sums over those whose value there is True.

    The sums are read bytes, written bytes, reads and writes a second. A device that has just appeared gives no row; nor
    does one whose counters fell, which is remarked.
    """
    rows: list[tuple[str, tuple[float | None, ...]]] = []
    read_bytes = write_bytes = reads = writes = 0.0
    earlier_disks = before.by_name
    for name, disk in now.by_name.items():
        counted = wanted.get(name)
        if counted is None:
            continue
        earlier = earlier_disks.get(name)
        if earlier is disk:
            rows.append((name, IDLE))
            continue
        if earlier is None:
            continue
        values = rates(earlier.counters, disk.counters, seconds)
        if values is None:
            notes.add(RESET, f"disk {name}: its counters fell at {when}: no value for that interval")
            continue
        rows.append((name, values))
        if counted:
            read_bytes += values[0]  # type: ignore[operator]
            write_bytes += values[1]  # type: ignore[operator]
            reads += values[3]  # type: ignore[operator]
            writes += values[4]  # type: ignore[operator]
    return rows, (read_bytes, write_bytes, reads, writes)
