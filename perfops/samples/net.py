"""Network interfaces from /proc/net/dev."""

from math import nan
from operator import itemgetter, sub

from perfops.samples import devices
from perfops.samples.counters import checked
from perfops.samples.devices import Counters, Devices, Rows, Values
from perfops.samples.notes import Notes

# After the name: bytes, packets, errs, drop, fifo, frame, compressed, multicast received; then the same sent. Taken in
# the catalogue's order: bytes, packets, errors, drops; received, sent.
FIELDS = 16
chosen = itemgetter(0, 8, 1, 9, 2, 10, 3, 11)
IDLE: Values = (0.0,) * 8
NO_SUMS: Values = (nan,) * 4


def read_line(line: str) -> tuple[str, Counters] | None:
    """Name and the chosen counters; None for a line of another shape. An alias has a colon in its name."""
    name, colon, rest = line.rpartition(":")
    fields = rest.split()
    if not colon or len(fields) < FIELDS:
        return None
    counters = tuple(map(int, chosen(fields)))
    checked(counters)
    return name.strip(), counters


def parse(text: str, before: Devices | None = None) -> Devices:
    """Read /proc/net/dev; see devices.parse."""
    return devices.parse(text, before, read_line)


def derive(
    before: Devices, now: Devices, seconds: float, counted: frozenset[str], notes: Notes, when: str
) -> tuple[Rows, Values]:
    """Rows (interface, rates), and the host's sums over the `counted` ones: bytes received and sent, then packets.

    An interface that has just appeared gives no row; nor does one whose counters fell, which is remarked.
    """
    rows: Rows = []
    sums = (0.0, 0.0, 0.0, 0.0)
    for name, counters in now.counters.items():
        earlier = before.counters.get(name)
        if earlier is counters:
            rows.append((name, IDLE))
        elif earlier is not None:
            deltas = list(map(sub, counters, earlier))
            if min(deltas) < 0:
                devices.fallen(notes, "interface", name, when)
                continue
            values = tuple([delta / seconds for delta in deltas])
            rows.append((name, values))
            if name in counted:
                sums = (sums[0] + values[0], sums[1] + values[1], sums[2] + values[2], sums[3] + values[3])
    return rows, sums
