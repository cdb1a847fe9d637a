"""pcc beside iostat, ip, free and df at the same time on this machine.

Nothing is taken to be close that is not: of each reading of theirs is known between which two moments it was made (the
start of the program, and the arrival of its output), and of each tick that it was read between its own time and that of
the next tick. What a counter has grown by, and what a level may be, is bounded by that alone.
"""

import json
import shutil
import subprocess
import threading
import time
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable
from itertools import accumulate, pairwise
from pathlib import Path
from typing import NamedTuple

from fix_pcc import of, read, start, tick_count, wait_for
from fix_sysstat import exercise, rows

from perfops.outputs.process import process_files

PROGRAMS = {"iostat": "sysstat", "ip": "iproute2", "free": "procps", "df": "coreutils"}
LENGTH = 7  # seconds of iostat's one interval
LOAD = 5.5  # seconds of load, amid it: four of CPU, then of disk
Values = dict[tuple[str, str], float]  # by device or mount point ('' for memory), and by metric


class Reading(NamedTuple):
    """What a program told: it has read after `since` and before `until`, in seconds since boot."""

    since: float
    until: float
    values: Values


class Both(NamedTuple):
    """What both saw. `rates` and `levels` are ours by device and metric: rates one less than ticks, levels also."""

    ticks: list[float]
    rates: dict[tuple[str, str], list[float]]
    levels: dict[tuple[str, str], list[float]]
    iostat: list[Reading]
    ip: list[Reading]
    free: list[Reading]
    df: list[Reading]

    def sums(self, key: tuple[str, str], weight: tuple[str, str] | None = None) -> list[float]:
        """A rate added up from the first tick to each; of a mean (such as a waiting time) times its `weight`."""
        lengths = [later - earlier for earlier, later in pairwise(self.ticks)]
        weights = self.rates[weight] if weight else [1.0] * len(lengths)
        parts = (a * b * c for a, b, c in zip(self.rates[key], weights, lengths, strict=True))
        return list(accumulate(parts, initial=0.0))

    def grown(self, sums: list[float], first: tuple[float, float], last: tuple[float, float]) -> tuple[float, float]:
        """The least and the most that sums can have grown by from a moment within `first` to one within `last`."""
        early_low, early_high = bisect_right(self.ticks, first[0]) - 2, bisect_left(self.ticks, first[1])
        late_low, late_high = bisect_right(self.ticks, last[0]) - 2, bisect_left(self.ticks, last[1])
        assert 0 <= early_low < early_high, "pcc must begin two ticks before them"
        assert late_low < late_high < len(sums), "and end after them"
        return max(sums[late_low] - sums[early_high], 0.0), sums[late_high] - sums[early_low]


def now() -> float:
    """Seconds since boot, as ticks have them."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def ask(line: list[str], understand: Callable[[str], Values]) -> Reading:
    """Let a program read once."""
    since = now()
    told = subprocess.run(line, check=True, capture_output=True, text=True, env={"LC_ALL": "C", "PATH": search_path()})
    return Reading(since, now(), understand(told.stdout))


def search_path() -> str:
    """Where programs are: of ordinary users the path may lack those of root."""
    return "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"


def missing() -> list[str]:
    """Packages of programs that are not there."""
    return [package for program, package in PROGRAMS.items() if not shutil.which(program, path=search_path())]


def read_ip(text: str) -> Values:
    """Counters of `ip -s -j link`."""
    names = {"bytes": "bytes", "packets": "packets", "errors": "errors", "dropped": "drops"}
    return {
        (port["ifname"], f"{way}_{ours}"): port["stats64"][way][theirs]
        for port in json.loads(text)
        for way in ("rx", "tx")
        for theirs, ours in names.items()
    }


def read_free(text: str) -> Values:
    """KiB of `free -k -w`."""
    head, memory, swap = (line.split() for line in text.splitlines()[:3])
    known = dict(zip(head, map(float, memory[1:]), strict=True))
    values = {("", f"mem_{name}"): known[name] for name in ("total", "free", "buffers", "available")}
    return values | {("", "swap_total"): float(swap[1]), ("", "swap_used"): float(swap[2])}


def read_df(text: str) -> Values:
    """Bytes, inodes and percent of `df --output=…`; `-` stands for what a file system has not."""
    values: Values = {}
    for line in text.splitlines():
        *numbers, place = line.split(None, 6)
        if not numbers[0].isdigit():
            continue  # a heading
        names = ("total_bytes", "used_bytes", "available_bytes", "percent", "files_total", "files_free")
        for name, number in zip(names, numbers, strict=True):
            if number.rstrip("%") != "-":
                values[place, name] = float(number.rstrip("%"))
    return values


IP = ["ip", "-s", "-j", "link"]
FREE = ["free", "-k", "-w"]
COLUMNS = "--output=size,used,avail,pcent,itotal,iavail,target"
DF = ["sh", "-c", f"df -B1 {COLUMNS} && df -B1 {COLUMNS} /"]  # in a chroot the root is no mount, and not in the list


def run_iostat(found: list[Reading], begun: threading.Event) -> None:
    """Two reports of iostat, the second over one interval; `begun` when the first is there.

    iostat sets its alarm before it reads, so that its second reading is not before LENGTH after its start.
    """
    line = ["stdbuf", "-oL", "iostat", "-x", "-d", "-o", "JSON", str(LENGTH), "2"]
    started = now()
    text, arrivals = "", []
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        for row in process.stdout:
            text += row
            if row.strip() == "]" and len(arrivals) < 2:  # the end of a report's disks
                arrivals.append(now())
                begun.set()
    reports = json.loads(text)["sysstat"]["hosts"][0]["statistics"]
    for report, since, until in zip(reports, (started, started + LENGTH), arrivals, strict=True):
        values = {
            (disk["disk_device"], name): value
            for disk in report["disk"]
            for name, value in disk.items()
            if name != "disk_device"
        }
        found.append(Reading(since, until, values))


def record(packed: Path, folder: Path) -> Both:
    """Run pcc at ten ticks a second, and all of them beside it while a load comes and goes."""
    collection = folder / "host.json"
    iostat: list[Reading] = []
    free: list[Reading] = []
    df: list[Reading] = []
    over, begun = threading.Event(), threading.Event()

    def levels() -> None:
        while not over.is_set():
            free.append(ask(FREE, read_free))
            df.append(ask(DF, read_df))

    def wait_for_ticks(count: int) -> None:
        before = tick_count(collection)
        wait_for("ticks", lambda: tick_count(collection) >= before + count)

    line = ("--duration", "1h", "--frequency", "100ms", "--quiet", "--collection", str(collection))
    with start(packed, *line) as pcc:
        wait_for_ticks(4)
        ip = [ask(IP, read_ip)]
        threads = [threading.Thread(target=run_iostat, args=(iostat, begun)), threading.Thread(target=levels)]
        for thread in threads:
            thread.start()
        assert begun.wait(30)
        wait_for_ticks(2)
        exercise(folder, LOAD)
        threads[0].join()
        over.set()
        threads[1].join()
        ip.append(ask(IP, read_ip))
        wait_for_ticks(3)
        pcc.terminate()
        assert pcc.communicate() == ("", "")
    return ours(collection, folder / "out")._replace(iostat=iostat, ip=ip, free=free, df=df)


def ours(collection: Path, folder: Path) -> Both:
    """What perfops makes of the collection."""
    process_files([collection], folder)
    ticks = [record["monotonic"] for record in of(read(collection), "/proc/stat")]
    series: dict[tuple[str, str], list[float]] = defaultdict(list)
    for name, key in (
        ("disk", "device"),
        ("net", "interface"),
        ("filesystem", "mount_point"),
        ("host", ""),
        ("system", ""),
    ):
        for row in rows(folder / f"{name}.csv"):
            for column, value in row.items():
                if column not in ("timestamp", key):
                    series[row.get(key, ""), column].append(float(value or 0))
    whole = {key: values for key, values in series.items() if len(values) == len(ticks) - 1}
    return Both(ticks, whole, whole, [], [], [], [])
