"""Recordings of machines that do something, the reports about them, and what can be read off a report."""

import json
import math
import re
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple

from fix_database import connected
from fix_loaded import START, load_recordings
from fix_recordings import MEMINFO, diskstats, netdev, record, stat, write

from perfops.report.page import build
from perfops.store.machines import find_machines

CONTAINER = "0123456789ab"
PREFIXES = {"": 1, "k": 1e3, "M": 1e6, "G": 1e9, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}
CELL = re.compile(r"(−?[\d.]+)[\u00a0 ]?(Ki|Mi|Gi|k|M|G)?(%|B/s|B|/s|ms|s)?")


def wave(number: int) -> float:
    """A load between 0.1 and 0.9 that goes up and down every twenty ticks."""
    return 0.5 + 0.4 * math.sin(number * math.pi / 10)


class Events(NamedTuple):
    """What goes wrong in a recording, by the number of the tick."""

    missed: range = range(0)
    reboot: int | None = None
    clock: int | None = None
    damaged: int | None = None
    cut: bool = False


def record_load(
    path: Path,
    ticks: int = 60,
    *,
    identity: str,
    start: float = START,
    load: Callable[[int], float] = wave,
    events: Events = Events(),  # noqa: B008 - it cannot be changed
    container: str = "db",
    disk: str = "sda",
    hostname: str = "vm",
    newer: bool = False,
    trouble: float = 0,
) -> Path:
    """A collection of pcc at 1 Hz of two CPUs, a disk, an interface, a file system and a container, all under `load`.

    Of two CPUs the second does nothing. At full load the first one works for 60 % in programs, 30 % in the kernel and
    waits for 10 %; 10 MiB a second are written, and 1 MB a second received. The `newer` sources are paging, pressure,
    TCP, open files, inodes and limits of containers; at full load so many things a second go wrong as `trouble` says.
    """
    work = [0, *accumulate(load(number) for number in range(1, ticks))]
    host = {
        "collection": identity,
        "hostname": hostname,
        "kernel": "6.1.0",
        "os": "Debian GNU/Linux 12",
        "labels": {},
        "mode": "local",
        "frequency": 1.0,
        "boot_id": "first",
        "cpus_online": 2,
        "disks": [{"name": disk}],
        "interfaces": [{"name": "eth0", "master": None}],
    }
    lines = [record(start, "host", host, 100.0)]
    written = 0
    for number in range(ticks):
        if number in events.missed:
            continue
        boots, since = 100.0 + number, work[number]
        if events.reboot is not None and number >= events.reboot:
            boots, since = 10.0 + number - events.reboot, work[number] - work[events.reboot]
        if number == events.reboot:
            lines.append(record(start + number, "host", host | {"boot_id": "second"}, boots))
        if number == events.missed.stop and events.missed:
            gap = {"from": start + events.missed.start - 1, "to": start + number, "ticks": len(events.missed)}
            lines.append(record(start + number, "gap", gap | {"reason": "late"}, boots))
        if number == events.clock:
            lines.append(record(start + number, "clock", {"ahead": 2.5}, boots))
        if number == events.damaged:
            lines.append(b'{"timestamp": 17\n')
        texts = measurements(since, boots, container, disk, trouble if newer else None)
        lines += [record(start + number, name, text, boots) for name, text in texts.items()]
        written += 1
    if not events.cut:
        facts = {"reason": "duration", "ticks": written, "missed": len(events.missed), "bytes": 4096}
        facts |= {"cpu_seconds": 0.25, "peak_memory_kib": 9000, "unreadable": {}}
        lines.append(record(start + number, "end", facts, boots))
    return write(path, lines)


def newer_measurements(work: float, trouble: float) -> dict[str, str]:
    """What the kernel says of paging, pressure, TCP and files."""
    stall, wrong = f"total={round(2e5 * work)}", round(trouble * work)
    counters = f"pgpgin 0\npgpgout {round(10240 * work)}\npswpin 0\npswpout {wrong}\npgfault {round(5000 * work)}\n"
    counters += f"pgmajfault {wrong}\npgscan_kswapd 0\npgscan_direct {9 * wrong}\npgsteal_kswapd 0\n"
    segments = (
        f"Tcp: ActiveOpens PassiveOpens CurrEstab InSegs OutSegs RetransSegs OutRsts\nTcp: 0 {round(20 * work)} 7"
    )
    segments += f" {round(700 * work)} {round(800 * work)} {wrong} 0\n"
    return {
        "/proc/vmstat": f"{counters}pgsteal_direct {8 * wrong}\noom_kill 0\n",
        "/proc/pressure/cpu": f"some avg10=0.00 {stall}\n",
        "/proc/pressure/memory": "some avg10=0.00 total=0\nfull avg10=0.00 total=0\n",
        "/proc/pressure/io": f"some avg10=0.00 {stall}\nfull avg10=0.00 total={round(1e5 * work)}\n",
        "/proc/net/snmp": f"{segments}Udp: InErrors RcvbufErrors SndbufErrors\nUdp: 0 0 0\n",
        "/proc/net/netstat": f"TcpExt: ListenOverflows ListenDrops TCPTimeouts\nTcpExt: {wrong} {wrong} 0\n",
        "/proc/sys/fs/file-nr": "1200\t0\t99999\n",
    }


def measurements(work: float, boots: float, container: str, disk: str, trouble: float | None) -> dict[str, str]:
    """What the kernel says after so many seconds of full load; of the newer sources nothing where `trouble` is None."""
    total = round(100 * boots)
    user, system, wait = (round(share * work) for share in (60, 30, 10))
    first = f"{user} 0 {system} {total - user - system - wait} {wait} 0 0 0 0 0"
    both = f"{user} 0 {system} {2 * total - user - system - wait} {wait} 0 0 0 0 0"
    sectors, received = round(20480 * work), round(1e6 * work)
    group = {"container_id": CONTAINER * 5, "container_name": container, "runtime": "docker"}
    group |= {"cpu_usage_usec": round(5e5 * work), "memory_current": 10**8 + received, "memory_max": 10**9}
    space = {"mount_point": "/", "block_size": 4096, "blocks_total": 1000, "blocks_free": 400, "blocks_available": 390}
    if trouble is not None:
        group |= {"cpu_periods": round(10 * work), "cpu_throttled": round(trouble * work), "memory_anon": 6 * 10**7}
        space |= {"files_total": 1000, "files_free": 750}
    newer = {} if trouble is None else newer_measurements(work, trouble)
    return newer | {
        "/proc/stat": stat(both, first, f"0 0 0 {total} 0 0 0 0 0 0", ctxt=round(1000 * work), intr=round(500 * work)),
        "/proc/meminfo": MEMINFO,
        "/proc/diskstats": diskstats(**{disk: f"0 0 0 0 {round(80 * work)} 0 {sectors} {round(90 * work)} 0 50 50"}),
        "/proc/net/dev": netdev(eth0=f"{received} {round(900 * work)} 0 0 0 0 0 0 {received // 9} 7 0 0 0 0 0 0"),
        "statfs[*]": json.dumps(space),
        f"container/docker/{CONTAINER}": json.dumps(group),
    }


def report(database: str, name: str) -> str:
    """The page about a run or a collection."""
    with connected(database) as connection:
        return build(connection, name, find_machines(connection, name))


def load_all(
    database: str, folder: Path, recordings: dict[str, Path], *, run: str = "night", site: str = "lab"
) -> None:
    """Load recordings by the name of their machine."""
    with connected(database) as connection:
        for number, (name, path) in enumerate(recordings.items()):
            load_recordings(connection, folder / str(number), path, collector=name, site=site, run=run)


class Table(NamedTuple):
    """A table of the page: the heading above it, its caption, and the texts of its cells; `notes` follow it."""

    heading: str
    caption: str
    rows: list[list[str]]
    notes: list[str]


class Page(HTMLParser):
    """What stands in a page: its tables, the texts of elements by tag and class, and the numbers for its script.

    `folded` has the titles of what can be folded, and whether it stands open.
    """

    opened = False

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tables: list[Table] = []
        self.texts: list[tuple[str, str]] = []
        self.open: list[tuple[str, list[str]]] = []
        self.data: Any = None
        self.heading = ""
        self.folded: dict[str, bool] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open an element; void ones have no end."""
        given = dict(attrs)
        if tag == "details":
            self.opened = "open" in given
        if tag == "table":
            self.tables.append(Table(self.heading, "", [], []))
        if tag == "tr":
            self.tables[-1].rows.append([])
        if tag not in {"meta", "link", "br", "img", "input"}:
            self.open.append((".".join(filter(None, [tag, given.get("class"), given.get("id")])), []))

    def handle_endtag(self, tag: str) -> None:
        """Close an element, and note its text."""
        name, parts = self.open.pop()
        assert name.split(".")[0] == tag, (name, tag)
        text = re.sub(r"[ \n]+", " ", " ".join(parts)).strip()
        self.texts.append((name, text))
        if self.open and tag not in {"script", "style"}:
            self.open[-1][1].append(text)
        if tag == "summary":
            self.folded[text] = self.opened
        if tag in {"h3", "summary"}:
            self.heading = re.sub(r" \d+$", "", text)
        elif tag == "caption":
            self.tables[-1] = self.tables[-1]._replace(caption=text)
        elif tag in {"td", "th"}:
            self.tables[-1].rows[-1].append(text)
        elif name == "p.left-out" and self.tables:
            self.tables[-1].notes.append(text)
        elif name.endswith(".data"):
            self.data = json.loads(parts[0])

    def handle_data(self, data: str) -> None:
        """Text of the innermost element."""
        if self.open:
            self.open[-1][1].append(data)

    def all(self, name: str) -> list[str]:
        """The texts of all elements of a tag and class, such as `p.empty`."""
        return [text for found, text in self.texts if found == name]


def number(text: str) -> float:
    """The number in a cell, in the unit without a prefix; of times in milliseconds."""
    found = CELL.fullmatch(text)
    assert found, text
    scale = 1000 if found[3] == "s" else 1
    return float(found[1].replace("−", "-")) * PREFIXES[found[2] or ""] * scale
