"""pcc and sysstat's sar side by side on this machine, and their figures brought to one shape."""

import csv
import json
import shutil
import socket
import subprocess
import sys
import time
from bisect import bisect_left, bisect_right
from collections import defaultdict
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any, NamedTuple

from fix_pcc import of, read, start, tick_count, wait_for

from perfops.outputs.process import process_files

REPORTS = ("-u", "ALL", "-r", "ALL", "-b", "-n", "DEV")
TICK = 0.01  # seconds: the kernel's clock tick, in which it counts CPU time
CPU = {"cpu_user": "usr", "cpu_system": "sys", "cpu_iowait": "iowait", "cpu_idle": "idle", "cpu_steal": "steal"}
DISK = {
    "disk_read_bytes": ("io-reads", "bread", 512),
    "disk_write_bytes": ("io-writes", "bwrtn", 512),
    "disk_read_ops": ("io-reads", "rtps", 1),
    "disk_write_ops": ("io-writes", "wtps", 1),
}
NET = {"rx_bytes": ("rxkB", 1024), "tx_bytes": ("txkB", 1024), "rx_packets": ("rxpck", 1), "tx_packets": ("txpck", 1)}
LEVELS = {"mem_total": "", "mem_used": "memused", "mem_free": "memfree", "mem_buffers": "buffers",
          "mem_cached": "cached", "mem_slab": "slab"}  # fmt: skip


class Series(NamedTuple):
    """What a program saw: `times` in seconds since boot; `rates` a second, one for every two neighbouring times;
    `levels` in KiB, one for every time but the first."""

    times: list[float]
    rates: dict[str, list[float]]
    levels: dict[str, list[float]]

    def sums(self, metric: str) -> list[float]:
        """The metric added up from the first time to each."""
        lengths = [later - earlier for earlier, later in pairwise(self.times)]
        parts = (rate * seconds for rate, seconds in zip(self.rates[metric], lengths, strict=True))
        return list(accumulate(parts, initial=0.0))


def sysstat_version() -> tuple[int, ...]:
    """The version of sysstat, () where there is none."""
    if not shutil.which("sar"):
        return ()
    told = subprocess.run(["sar", "-V"], check=True, capture_output=True, text=True).stdout
    return tuple(int(part) for part in told.split("version")[1].split()[0].split("."))


def record_both(packed: Path, folder: Path, samples: int, load: float) -> tuple[Path, Path]:
    """Run pcc and sar at 1 Hz; amid their time a load on CPU, disk and the loopback interface, for `load` seconds.

    sar has `samples` samples, and starts as a tick of pcc is written, so that the two sample as close together as they
    can. pcc begins earlier and is ended after sar. Returns pcc's collection and sar's file.
    """
    collection, file = folder / "host.json", folder / "sar"
    with start(packed, "--duration", "1h", "--quiet", "--collection", str(collection)) as pcc:
        wait_for("pcc", lambda: tick_count(collection) >= 3)
        with subprocess.Popen(["sar", "-o", file, *REPORTS, "1", str(samples)], stdout=subprocess.DEVNULL) as sar:
            before = tick_count(collection)
            wait_for("two ticks beside sar", lambda: tick_count(collection) >= before + 2)
            exercise(folder, load)
        assert sar.returncode == 0
        after = tick_count(collection)
        wait_for("a tick after sar", lambda: tick_count(collection) >= after + 2)
        pcc.terminate()
        assert pcc.communicate() == ("", "")
    assert pcc.returncode == 0
    return collection, file


def exercise(folder: Path, seconds: float) -> None:
    """A load on CPU and disk, and 100 kB a second over the loopback interface."""
    perfops = Path(sys.executable).with_name("perfops")
    line = [perfops, "exercise", "--duration", f"{seconds}s", "--folder", folder]
    with (
        subprocess.Popen(line) as load,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
    ):
        receiver.bind(("127.0.0.1", 0))
        while load.poll() is None:
            sender.sendto(bytes(1000), receiver.getsockname())
            receiver.recv(2000)
            time.sleep(0.01)
    assert load.returncode == 0


def perfops_series(collection: Path, folder: Path) -> tuple[Series, dict[str, Any]]:
    """What perfops makes of a collection, and the facts of its host."""
    process_files([collection], folder)
    records = read(collection)
    times = [record["monotonic"] for record in of(records, "/proc/stat")]
    rates: dict[str, list[float]] = defaultdict(list)
    levels: dict[str, list[float]] = defaultdict(list)
    for name in ("host.csv", "system.csv"):
        for row in rows(folder / name):
            for column, value in row.items():
                if column in LEVELS:
                    levels[column].append(float(value) * 1024)
                elif name == "host.csv" and column != "timestamp":
                    rates[column].append(float(value))
    for row in rows(folder / "net.csv"):
        for column in NET:
            rates[f"{row['interface']} {column}"].append(float(row[column]))
    return Series(times, whole(rates, len(times) - 1), levels), records[0]["measurement"]


def rows(path: Path) -> list[dict[str, str]]:
    """Rows of a CSV file."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def whole(rates: dict[str, list[float]], count: int) -> dict[str, list[float]]:
    """The metrics that have all values: not those of interfaces that came or went meanwhile."""
    return {metric: values for metric, values in rates.items() if len(values) == count}


def sysstat_series(file: Path, ports: list[str]) -> Series:
    """What sar recorded; the host's network figures are the sums over `ports`."""
    told = json.loads(sadf("-j", str(file), "--", *REPORTS))
    statistics = told["sysstat"]["hosts"][0]["statistics"]
    # The moments of sampling are in the raw listing alone, in hundredths of a second since boot.
    raw = sadf("-r", "-O", "debug", str(file), "--", "-b")
    times = [int(row.split(";")[1]) / 100 for row in raw.splitlines() if row.startswith("# uptime_cs")]
    assert len(times) == len(statistics) + 1
    rates: dict[str, list[float]] = defaultdict(list)
    levels: dict[str, list[float]] = defaultdict(list)
    for each in statistics:
        for metric, field in CPU.items():
            rates[metric].append(each["cpu-load"][0][field])
        for metric, (group, field, factor) in DISK.items():
            rates[metric].append(each["io"][group][field] * factor)
        interfaces = {port["iface"]: port for port in each["network"]["net-dev"]}
        for metric, (field, factor) in NET.items():
            rates[f"net_{metric}"].append(sum(interfaces[port][field] * factor for port in ports))
            for name, port in interfaces.items():
                rates[f"{name} {metric}"].append(port[field] * factor)
        for metric, field in LEVELS.items():
            if field:
                levels[metric].append(each["memory"][field])
    return Series(times, whole(rates, len(statistics)), levels)


def sadf(*arguments: str) -> str:
    """What sadf prints."""
    return subprocess.run(["sadf", *arguments], check=True, capture_output=True, text=True).stdout


def bounds(ours: Series, theirs: Series, metric: str) -> list[tuple[float, float, float]]:
    """For every sample of theirs the lowest sum that ours allow, their sum, and the highest that ours allow.

    Counters only grow, so what they read between two of our ticks lies between what we read. Whoever says "sampled at
    x" has read after x and before its next x, however busy the machine was. So their sum from sample 0 to i lies
    between our sums over ticks that surely lie inside and over such that surely lie outside; no closeness is assumed.
    """
    sums, ticks, moments = ours.sums(metric), ours.times, theirs.times
    found = []
    for number, value in enumerate(theirs.sums(metric)[1:], 1):
        (early_low, early_high), (late_low, late_high) = (
            surrounding(ticks, moments, 0), surrounding(ticks, moments, number),
        )  # fmt: skip
        found.append((max(sums[late_low] - sums[early_high], 0.0), value, sums[late_high] - sums[early_low]))
    return found


def resolution(metric: str, value: float, samples: int) -> float:
    """What rounding may add to or take from a sum over so many samples of a second.

    sar prints two decimals of a share, and of kilobytes and blocks of 512 bytes. The kernel counts CPU time in ticks: a
    share's denominator, a hundred ticks of every CPU, is off by up to one of a hundred at either end in both programs,
    and the sum itself by one at either end in both.
    """
    if metric in CPU:
        return 4 * TICK * value + 4 * TICK * 100
    factor = DISK[metric][2] if metric in DISK else NET[metric[metric.index("x_") - 1 :]][1]
    return 0.005 * factor * samples + 0.01


def surrounding(ticks: list[float], moments: list[float], number: int) -> tuple[int, int]:
    """The last tick read surely before their sample `number`, and the first read surely after it."""
    before = bisect_right(ticks, moments[number]) - 2
    after = bisect_left(ticks, moments[number + 1] + TICK) if number + 1 < len(moments) else len(ticks) - 1
    assert 0 <= before < after < len(ticks), "pcc must start two ticks before sar and end after it"
    return before, after


def aligned(ours: Series, theirs: Series, metric: str) -> list[float]:
    """Our rates over their intervals: our sums are taken to grow evenly between two ticks."""
    sums = ours.sums(metric)

    def at(moment: float) -> float:
        later = min(max(bisect_left(ours.times, moment), 1), len(sums) - 1)
        start, end = ours.times[later - 1], ours.times[later]
        return sums[later - 1] + (sums[later] - sums[later - 1]) * (moment - start) / (end - start)

    return [(at(later) - at(earlier)) / (later - earlier) for earlier, later in pairwise(theirs.times)]


def offsets(ours: Series, theirs: Series) -> list[float]:
    """Seconds from each of their moments to our nearest tick."""
    return [min(abs(moment - tick) for tick in ours.times) for moment in theirs.times]
