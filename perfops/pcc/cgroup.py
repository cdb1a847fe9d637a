"""The files of a control group, and what is read of them into the counters of a container.

Version 1 counts in other units and under other names; its values are brought to those of version 2.
"""

import os

from .devices import Devices
from .smallfiles import names_in

MYPY = False
if MYPY:
    from typing import Callable, Dict, List, Tuple

    Values = List[bytes]
    Take = Callable[[bytes, Values], None]

NAMES = (
    "cpu_usage_usec",
    "cpu_user_usec",
    "cpu_system_usec",
    "cpu_periods",
    "cpu_throttled",
    "cpu_throttled_usec",
    "memory_current",
    "memory_max",
    "memory_anon",
    "memory_file",
    "io_read_bytes",
    "io_write_bytes",
    "io_read_ops",
    "io_write_ops",
    "pids_current",
    "pids_max",
)
USAGE, USER, SYSTEM, PERIODS, THROTTLED, THROTTLED_TIME, MEMORY, MEMORY_MAX, ANON, FILE = range(10)
IO_BYTES, IO_OPS, PIDS, PIDS_MAX = 10, 12, 14, 15
NULL = b"null"
DIGITS, ZERO = 20, ord("0")
NO_LIMIT = 1 << 62  # version 1 says the largest number of whole pages where there is no limit
TICK = 1000000 // os.sysconf("SC_CLK_TCK")
CPU_STAT = (
    (b"usage_usec", USAGE, 1),
    (b"user_usec", USER, 1),
    (b"system_usec", SYSTEM, 1),
    (b"nr_periods", PERIODS, 1),
    (b"nr_throttled", THROTTLED, 1),
    (b"throttled_usec", THROTTLED_TIME, 1),
)
CPU_STAT_1 = (
    (b"nr_periods", PERIODS, 1),
    (b"nr_throttled", THROTTLED, 1),
    (b"throttled_time", THROTTLED_TIME, 0.001),
)
CPUACCT_STAT = ((b"user", USER, TICK), (b"system", SYSTEM, TICK))
CONTROLLERS = ("cpuacct", "cpu", "memory", "pids", "blkio")


def is_number(word: bytes) -> bool:
    """Whether this is a number as the kernel writes them: of 64 bits, and without zeros in front."""
    return word.isdigit() and len(word) <= DIGITS and (word[0] != ZERO or word == b"0")


def scaled(word: bytes, factor: float) -> bytes:
    """A number times the factor, NULL where it is none."""
    if not is_number(word):
        return NULL
    if factor == 1:
        return word
    return b"%d" % (int(word) // 1000 if factor < 1 else int(word) * factor)


def table(rows: "Tuple[Tuple[bytes, int, float], ...]") -> "Take":
    """Lines of a name and a number."""

    def take(text: bytes, values: "Values") -> None:
        words = text.split()
        found = dict(zip(words[::2], words[1::2]))
        for name, place, factor in rows:
            if name in found:
                values[place] = scaled(found[name], factor)

    return take


def number(place: int, factor: float = 1) -> "Take":
    """One number."""

    def take(text: bytes, values: "Values") -> None:
        values[place] = scaled(text.strip(), factor)

    return take


def limit(place: int) -> "Take":
    """A limit: a number, or NULL where there is none ("max", or more than any machine has)."""

    def take(text: bytes, values: "Values") -> None:
        word = text.strip()
        values[place] = word if is_number(word) and int(word) < NO_LIMIT else NULL

    return take


def after(*rows: "Tuple[bytes, int]") -> "Take":
    """Some lines of a long table of names and numbers."""

    def take(text: bytes, values: "Values") -> None:
        for name, place in rows:
            begin = 0 if text.startswith(name) else text.find(b"\n" + name) + 1
            if begin or text.startswith(name):
                begin += len(name)
                end = text.find(b"\n", begin)
                values[place] = scaled(text[begin : end if end >= 0 else len(text)], 1)

    return take


def io_stat(devices: Devices) -> "Take":
    """A line for each device, such as 8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0."""

    def take(text: bytes, values: "Values") -> None:
        sums = {b"rbytes": 0, b"wbytes": 0, b"rios": 0, b"wios": 0}
        device = b""
        for word in text.split():
            name, equals, value = word.partition(b"=")
            if not equals:
                device = word  # some kernels name devices without a number on the same line: the last one is meant
            elif name in sums and is_number(value) and devices.count(device):
                sums[name] += int(value)
        values[IO_BYTES : IO_BYTES + 4] = [b"%d" % total for total in sums.values()]

    return take


def blkio(place: int, devices: Devices) -> "Take":
    """A table of version 1: lines such as 8:0 Read 1, and a total without a device."""

    def take(text: bytes, values: "Values") -> None:
        sums = {b"Read": 0, b"Write": 0}
        words = text.split()
        for device, kind, value in zip(words[::3], words[1::3], words[2::3]):
            if kind in sums and is_number(value) and devices.count(device):
                sums[kind] += int(value)
        values[place : place + 2] = [b"%d" % total for total in sums.values()]

    return take


def files_2(root: str, devices: Devices) -> "List[Tuple[str, str, Take]]":
    """Folder above the groups, file in a group, and how it is taken: version 2."""
    takes: "List[Tuple[str, Take]]" = [
        ("cpu.stat", table(CPU_STAT)),
        ("memory.current", number(MEMORY)),
        ("memory.max", limit(MEMORY_MAX)),
        ("memory.stat", after((b"anon ", ANON), (b"file ", FILE))),
        ("io.stat", io_stat(devices)),
        ("pids.current", number(PIDS)),
        ("pids.max", limit(PIDS_MAX)),
    ]
    return [(root, name, take) for name, take in takes]


def files_1(roots: "Dict[str, str]", devices: Devices) -> "List[Tuple[str, str, Take]]":
    """The same of version 1, where every controller has its own folder above the groups."""
    takes: "List[Tuple[str, str, Take]]" = [
        ("cpuacct", "cpuacct.usage", number(USAGE, 0.001)),
        ("cpuacct", "cpuacct.stat", table(CPUACCT_STAT)),
        ("cpu", "cpu.stat", table(CPU_STAT_1)),
        ("memory", "memory.usage_in_bytes", number(MEMORY)),
        ("memory", "memory.limit_in_bytes", limit(MEMORY_MAX)),
        ("memory", "memory.stat", after((b"total_rss ", ANON), (b"total_cache ", FILE))),
        ("pids", "pids.current", number(PIDS)),
        ("pids", "pids.max", limit(PIDS_MAX)),
    ]
    for name, place in (("blkio.throttle.io_service_bytes", IO_BYTES), ("blkio.throttle.io_serviced", IO_OPS)):
        # With what groups below it did, as all else is counted; older kernels have only a group's own.
        whole = name + "_recursive"
        there = os.path.exists(os.path.join(roots.get("blkio", ""), whole))
        takes.append(("blkio", whole if there else name, blkio(place, devices)))
    return [(roots[controller], name, take) for controller, name, take in takes if controller in roots]


def folder_of(sys_root: str) -> str:
    """Where the groups are."""
    return os.path.join(sys_root, "fs/cgroup")


def there_are_groups(sys_root: str) -> bool:
    """Whether this machine has any."""
    folder = folder_of(sys_root)
    return bool(version_2(folder) or version_1(folder))


def version_2(root: str) -> "List[str]":
    """The folder of version 2's groups, in a list, [] where there is none; on hybrid systems it lies deeper."""
    for folder in (root, os.path.join(root, "unified")):
        if os.path.exists(os.path.join(folder, "cgroup.controllers")):
            return [folder]
    return []


def version_1(root: str) -> "Dict[str, str]":
    """The folders of version 1's groups by controller; some share one, as cpu,cpuacct do."""
    found: "Dict[str, str]" = {}
    if version_2(root) == [root]:
        return found
    for name in names_in(root) or []:
        for controller in name.split(","):
            if controller in CONTROLLERS and os.path.exists(os.path.join(root, name, "cgroup.procs")):
                found.setdefault(controller, os.path.join(root, name))
    return found
