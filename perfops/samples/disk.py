"""Disks from /proc/diskstats."""

from math import nan
from operator import sub

from perfops.samples import devices
from perfops.samples.counters import checked
from perfops.samples.devices import Counters, Devices, Rows, Values
from perfops.samples.notes import Notes

# After the name: reads, merged, sectors, ms; the same of writes; in flight, ms busy, weighted ms; then, from Linux
# 4.18, the same four of discards. In flight is a level, the only field that may fall.
FIELDS = 15
IN_FLIGHT = 8
SECTOR = 512  # bytes, whatever the device's own sector size is
IDLE: Values = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, nan, nan, 0.0, 0.0)
NO_SUMS: Values = (nan,) * 4


def read_line(line: str) -> tuple[str, Counters] | None:
    """Name and counters, padded to FIELDS with zeros; None for a line of another shape."""
    fields = line.split()
    if len(fields) < 14:
        return None
    counters = tuple(map(int, fields[3 : 3 + FIELDS]))
    checked(counters)
    return fields[2], counters if len(counters) == FIELDS else (counters + (0,) * FIELDS)[:FIELDS]


def parse(text: str, before: Devices | None = None) -> Devices:
    """Read /proc/diskstats; see devices.parse."""
    return devices.parse(text, before, read_line)


def rates(before: Counters, now: Counters, seconds: float) -> Values | None:
    """Figures of one device over `seconds`, in the catalogue's order; None where a counter fell.

    Waiting times are NaN where nothing completed. Weighted and busy milliseconds are 32 bits wide and wrap; such an
    interval has no value either.
    """
    deltas = list(map(sub, now, before))
    deltas[IN_FLIGHT] = 0
    if min(deltas) < 0:
        return None
    (
        reads,
        _,
        read_sectors,
        read_ms,
        writes,
        _,
        write_sectors,
        write_ms,
        _,
        busy,
        weighted,
        discards,
        _,
        discarded,
        _,
    ) = deltas
    return (
        read_sectors * SECTOR / seconds,
        write_sectors * SECTOR / seconds,
        discarded * SECTOR / seconds,
        reads / seconds,
        writes / seconds,
        discards / seconds,
        read_ms / reads if reads else nan,
        write_ms / writes if writes else nan,
        weighted / (seconds * 1000),
        min(busy / (seconds * 10), 100.0),
    )


def derive(
    before: Devices, now: Devices, seconds: float, wanted: dict[str, bool], notes: Notes, when: str
) -> tuple[Rows, Values]:
    """Rows (device, figures) of the `wanted` devices, and the host's sums over those whose value there is True.

    The sums are read bytes, written bytes, reads and writes a second. A device that has just appeared gives no row; nor
    does one whose counters fell, which is remarked.
    """
    rows: Rows = []
    read_bytes = write_bytes = reads = writes = 0.0
    for name, counts in wanted.items():
        counters, earlier = now.counters[name], before.counters.get(name)
        if earlier is counters:
            rows.append((name, IDLE))
        elif earlier is not None:
            values = rates(earlier, counters, seconds)
            if values is None:
                devices.fallen(notes, "disk", name, when)
                continue
            rows.append((name, values))
            if counts:
                read_bytes += values[0]
                write_bytes += values[1]
                reads += values[3]
                writes += values[4]
    return rows, (read_bytes, write_bytes, reads, writes)
