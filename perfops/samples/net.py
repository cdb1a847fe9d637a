"""Network interfaces from /proc/net/dev."""

from typing import NamedTuple

from perfops.samples.disk import RESET
from perfops.samples.notes import Notes

# After the name: bytes, packets, errs, drop, fifo, frame, compressed, multicast received; then the same sent.
FIELDS = 16
CHOSEN = (0, 8, 1, 9, 2, 10, 3, 11)  # in the catalogue's order: bytes, packets, errors, drops; received, sent
IDLE = (0.0,) * len(CHOSEN)


class Port(NamedTuple):
    """A line of /proc/net/dev: name, and the CHOSEN counters."""

    name: str
    counters: tuple[int, ...]


class Ports(NamedTuple):
    """All lines of one snapshot, by their text (most do not change from tick to tick) and by interface."""

    by_line: dict[str, Port]
    by_name: dict[str, Port]


NOTHING = Ports({}, {})


def parse(text: str, before: Ports = NOTHING) -> Ports:
    """Read /proc/net/dev; lines that stand as they stood `before` are not read again. Other lines are left out.

    ValueError where no line is usable.
    """
    known = before.by_line
    by_line: dict[str, Port] = {}
    by_name: dict[str, Port] = {}
    for line in text.split("\n"):
        port = known.get(line)
        if port is None:
            name, colon, rest = line.rpartition(":")
            fields = rest.split()
            if not colon or len(fields) < FIELDS:
                continue
            port = Port(name.strip(), tuple([int(fields[i]) for i in CHOSEN]))
        by_line[line] = port
        by_name[port.name] = port
    if not by_name:
        raise ValueError("no line with an interface's counters")
    return Ports(by_line, by_name)


def derive(
    before: Ports, now: Ports, seconds: float, counted: frozenset[str], notes: Notes, when: str
) -> tuple[list[tuple[str, tuple[float, ...]]], tuple[float, float, float, float]]:
    """Rows (interface, rates), and the host's sums over the `counted` ones: bytes received and sent, then packets.

    An interface that has just appeared gives no row; nor does one whose counters fell, which is remarked.
    """
    rows: list[tuple[str, tuple[float, ...]]] = []
    sums = (0.0, 0.0, 0.0, 0.0)
    earlier_ports = before.by_name
    for name, port in now.by_name.items():
        earlier = earlier_ports.get(name)
        if earlier is port:
            rows.append((name, IDLE))
            continue
        if earlier is None:
            continue
        deltas = [later - sooner for later, sooner in zip(port.counters, earlier.counters, strict=True)]
        if min(deltas) < 0:
            notes.add(RESET, f"interface {name}: its counters fell at {when}: no value for that interval")
            continue
        values = tuple([delta / seconds for delta in deltas])
        rows.append((name, values))
        if name in counted:
            sums = (sums[0] + values[0], sums[1] + values[1], sums[2] + values[2], sums[3] + values[3])
    return rows, sums
