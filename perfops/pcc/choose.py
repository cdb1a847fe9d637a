"""The part of a long table that is kept: the kernel's own lines and columns, with the others left out.

Where the lines stand is looked up once and checked every tick by their names, so that a choice costs a split.
"""

MYPY = False
if MYPY:
    from typing import Callable, List, Sequence, Tuple

    Chooser = Callable[[bytes], bytes]

PAGING = (
    b"pgpgin",
    b"pgpgout",
    b"pswpin",
    b"pswpout",
    b"pgfault",
    b"pgmajfault",
    b"pgscan_kswapd",  # before Linux 4.8 one for each zone, and so are the next three
    b"pgscan_direct",
    b"pgsteal_kswapd",
    b"pgsteal_direct",
    b"compact_stall",
    b"oom_kill",
)
# Tables of a line of names and one of numbers, and which of their columns are kept; () for all.
SNMP = ((b"Tcp:", ()), (b"Udp:", ()))
NETSTAT = (
    (
        b"TcpExt:",
        (
            b"ListenOverflows",
            b"ListenDrops",
            b"TCPLostRetransmit",
            b"TCPFastRetrans",
            b"TCPSlowStartRetrans",
            b"TCPTimeouts",
            b"TCPSynRetrans",
            b"TCPBacklogDrop",
            b"TCPRcvQDrop",
            b"PruneCalled",
            b"TCPAbortOnMemory",
        ),
    ),
)


def lines_of(names: "Sequence[bytes]") -> "Chooser":
    """A chooser of the lines that begin with one of the names, whole or up to an underscore (a zone's)."""
    places: "List[Tuple[int, bytes]]" = []
    count = -1

    def wanted(line: bytes) -> bool:
        name = line.split(b" ", 1)[0]
        return name in names or any(name.startswith(each + b"_") and b"throttle" not in name for each in names)

    def choose(text: bytes) -> bytes:
        nonlocal places, count
        lines = text.split(b"\n")
        if len(lines) != count or not all(lines[place].startswith(name) for place, name in places):
            count = len(lines)
            places = [(place, line.split(b" ", 1)[0] + b" ") for place, line in enumerate(lines) if wanted(line)]
        return b"".join([lines[place] + b"\n" for place, _ in places])

    return choose


def columns_of(tables: "Sequence[Tuple[bytes, Sequence[bytes]]]") -> "Chooser":
    """A chooser of tables by the word their two lines begin with, and of columns by their names."""
    wanted = dict(tables)
    known: "List[Tuple[bytes, bytes, List[int]]]" = []

    def look(line: bytes) -> "Tuple[bytes, bytes, List[int]]":
        words = line.split()
        chosen = wanted[words[0]]
        places = [place for place, word in enumerate(words) if not place or not chosen or word in chosen]
        return line, b" ".join([words[place] for place in places]), places

    def choose(text: bytes) -> bytes:
        parts = []
        number = 0
        lines = iter(text.split(b"\n"))
        for heads, numbers in zip(lines, lines):
            if heads.split(b" ", 1)[0] not in wanted:
                continue
            if number == len(known):
                known.append(look(heads))
            elif known[number][0] != heads:
                known[number] = look(heads)
            _, names, places = known[number]
            number += 1
            words = numbers.split()
            if len(words) > places[-1]:
                parts += [names, b" ".join([words[place] for place in places])]
        return b"\n".join(parts + [b""]) if parts else b""

    return choose
