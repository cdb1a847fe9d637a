"""TCP and UDP from /proc/net/snmp and /proc/net/netstat: tables of a line of names and a line of numbers."""

from math import nan
from typing import NamedTuple

from perfops.samples.counters import checked, growth, level
from perfops.samples.devices import Values

SNMP = (
    "Tcp: ActiveOpens",
    "Tcp: PassiveOpens",
    "Tcp: InSegs",
    "Tcp: OutSegs",
    "Tcp: RetransSegs",
    "Tcp: OutRsts",
    "Tcp: CurrEstab",
    "Udp: InErrors",
    "Udp: RcvbufErrors",
    "Udp: SndbufErrors",
)
ESTABLISHED = 6  # the only level of them
NETSTAT = ("TcpExt: ListenOverflows", "TcpExt: ListenDrops", "TcpExt: TCPTimeouts")
NOTHING: Values = (nan,) * (len(SNMP) - 1 + len(NETSTAT))  # the errors of both buffers are one figure


class Tables(NamedTuple):
    """The wanted numbers in their order, NaN where the kernel has none; the lines of names, and where each stands.

    A place is the number of a line and of a word in it.
    """

    numbers: tuple[float, ...]
    heads: list[str]
    places: list[tuple[int, int] | None]


def parse_snmp(text: str, before: Tables | None = None) -> Tables:
    """Read /proc/net/snmp; see parse."""
    return parse(text, before, SNMP)


def parse_netstat(text: str, before: Tables | None = None) -> Tables:
    """Read /proc/net/netstat; see parse."""
    return parse(text, before, NETSTAT)


def parse(text: str, before: Tables | None, wanted: tuple[str, ...]) -> Tables:
    """Read the `wanted` columns; ValueError where a line of numbers does not follow its line of names."""
    lines = text.split("\n")
    heads = lines[::2]
    places = before.places if before is not None and heads == before.heads else find_places(heads, wanted)
    rows = [line.split() for line in lines[1::2]]
    for head, row in zip(heads, rows, strict=False):
        if row and head[: len(row[0])] != row[0]:
            raise ValueError(f"the numbers of {head[:20]!r} do not follow it")
    try:
        numbers = [int(rows[place[0]][place[1]]) for place in places if place]
    except IndexError:
        raise ValueError("a line of numbers is shorter than its line of names") from None
    checked(numbers)
    if len(numbers) == len(wanted):
        return Tables(tuple(numbers), heads, places)
    found = iter(numbers)
    return Tables(tuple([next(found) if place else nan for place in places]), heads, places)


def find_places(heads: list[str], wanted: tuple[str, ...]) -> list[tuple[int, int] | None]:
    """Where the wanted columns stand; ValueError where a text has lines and none of them is of a table."""
    known: dict[str, tuple[int, int]] = {}
    for line, head in enumerate(heads):
        table, *names = head.split() or [""]
        known |= {f"{table} {name}": (line, place) for place, name in enumerate(names, 1)}
    if not known and any(heads):
        raise ValueError("no table of names and numbers")
    return [known.get(name) for name in wanted]


def growths(before: Tables | None, now: Tables | None, each: float, wanted: tuple[str, ...]) -> Values:
    """Growth of every column times `each`; NaN where one of the two is missing."""
    if before is None or now is None:
        return (nan,) * len(wanted)
    return tuple([growth(sooner, later, each) for sooner, later in zip(before.numbers, now.numbers, strict=True)])


def figures(
    snmp_before: Tables | None,
    snmp: Tables | None,
    netstat_before: Tables | None,
    netstat: Tables | None,
    seconds: float,
) -> Values:
    """The columns of the system row in the catalogue's order; NaN where there is none or a counter fell."""
    each = 1 / seconds
    *tcp, _, errors, received, sent = growths(snmp_before, snmp, each, SNMP)
    established = level(snmp.numbers[ESTABLISHED]) if snmp else nan
    return (*tcp, established, *growths(netstat_before, netstat, each, NETSTAT), errors, received + sent)
