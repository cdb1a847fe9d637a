"""TCP and UDP from /proc/net/snmp and /proc/net/netstat: tables of a line of names and a line of numbers."""

from collections.abc import Callable
from math import nan
from operator import itemgetter
from typing import Any, NamedTuple

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
SHOWN = 20  # characters of a table's name in an error
NOTHING: Values = (nan,) * (len(SNMP) - 1 + len(NETSTAT))  # the errors of both buffers are one figure


class Tables(NamedTuple):
    """The wanted numbers in their order, NaN where the kernel has none; the lines of names.

    `chosen` takes from the words of all lines of numbers the tables' names, then the numbers; it is None where not all
    of them are there.
    """

    numbers: tuple[float, ...]
    heads: list[str]
    chosen: Callable[[list[str]], tuple[str, ...]] | None
    tables: tuple[str, ...]
    words: int


def parse_snmp(text: str, before: Tables | None = None) -> Tables:
    """Read /proc/net/snmp; see parse."""
    return parse(text, before, SNMP)


def parse_netstat(text: str, before: Tables | None = None) -> Tables:
    """Read /proc/net/netstat; see parse."""
    return parse(text, before, NETSTAT)


def parse(text: str, before: Tables | None, wanted: tuple[str, ...]) -> Tables:
    """Read the `wanted` columns; ValueError where a line of numbers does not follow its line of names.

    Where the lines of names are those of `before`, so are the places of the numbers.
    """
    lines = [line for line in text.split("\n") if line]
    heads = lines[::2]
    if before is not None and before.chosen and heads == before.heads:
        words = " ".join(lines[1::2]).split()
        if len(words) == before.words:
            found = before.chosen(words)
            count = len(before.tables)
            if found[:count] == before.tables:
                numbers = tuple(map(int, found[count:]))
                checked(numbers)
                return before._replace(numbers=numbers)
    return parse_anew(heads, [line.split() for line in lines[1::2]], wanted)


def parse_anew(heads: list[str], rows: list[list[str]], wanted: tuple[str, ...]) -> Tables:
    """Read the `wanted` columns by their names."""
    known: dict[str, int] = {}
    words: list[str] = []
    starts: list[int] = []
    for head, row in zip(map(str.split, heads), rows, strict=False):
        if not head or not row or head[0] != row[0]:
            raise ValueError(f"the numbers of {' '.join(head)[:SHOWN]!r} do not follow it")
        if len(row) < len(head):
            raise ValueError(f"{head[0][:SHOWN]!r} has less numbers than names")
        known |= {f"{head[0]} {name}": len(words) + place for place, name in enumerate(head[1:], 1)}
        starts.append(len(words))
        words += row
    if not known and heads:
        raise ValueError("no table of names and numbers")
    numbers = [int(words[known[name]]) if name in known else nan for name in wanted]
    checked([number for number in numbers if isinstance(number, int)])
    chosen: Callable[[list[str]], Any] | None = None
    if all(name in known for name in wanted):
        chosen = itemgetter(*starts, *[known[name] for name in wanted])
    return Tables(tuple(numbers), heads, chosen, tuple([words[start] for start in starts]), len(words))


def growths(before: Tables | None, now: Tables | None, each: float, wanted: tuple[str, ...]) -> list[float]:
    """Growth of every column times `each`; NaN where one of the two is missing."""
    if before is None or now is None:
        return [nan] * len(wanted)
    return growth(before.numbers, now.numbers, each)


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
