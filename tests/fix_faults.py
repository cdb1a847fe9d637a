"""What holds for everything derived from a recording, whatever happened while it was made.

The kernel's text is read here anew, with nothing of perfops, so that what perfops derives is held against it.
"""

import csv
import gzip
import re
import zlib
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from fix_pcc import Records, parse

from perfops.catalogue import KINDS, Kind
from perfops.catalogue.model import Unit
from perfops.outputs.process import process_files
from perfops.outputs.summary import Summary

CONTROL = {"host", "gap", "clock", "end", "/proc/cpuinfo"}
NUMBER = re.compile(r"\d+(\.\d{1,4})?")  # neither negative, nor infinite, nor no number
ROUNDING = 0.00006  # of four decimal places
SHARES = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")
DISK_FIELDS = {"read_ops": (3, 1.0), "read_bytes": (5, 512.0), "write_ops": (7, 1.0), "write_bytes": (9, 512.0),
               "queue_depth": (13, 0.001), "discard_ops": (14, 1.0), "discard_bytes": (16, 512.0)}  # fmt: skip
NET_FIELDS = {"rx_bytes": 0, "rx_packets": 1, "rx_errors": 2, "rx_drops": 3,
              "tx_bytes": 8, "tx_packets": 9, "tx_errors": 10, "tx_drops": 11}  # fmt: skip
SYSTEM_FIELDS = {"ctxt": ("context_switches", 1.0), "intr": ("interrupts", 1.0), "processes": ("forks", 1.0),
                 "pgpgin": ("paged_in_bytes", 1024.0), "pgpgout": ("paged_out_bytes", 1024.0),
                 "pgfault": ("page_faults", 1.0), "pgmajfault": ("major_faults", 1.0)}  # fmt: skip
TOTALS = {f"disk_{metric}": ("disk", metric) for metric in ("read_bytes", "write_bytes", "read_ops", "write_ops")} | {
    f"net_{metric}": ("net", metric) for metric in ("rx_bytes", "tx_bytes", "rx_packets", "tx_packets")
}
SCALES = {("disk", metric): scale for metric, (_, scale) in DISK_FIELDS.items()} | {
    ("system", metric): scale for metric, scale in SYSTEM_FIELDS.values()
}
Counters = dict[tuple[str, str], dict[str, int]]  # by kind and device, then by metric, as the kernel counts


class Tick(NamedTuple):
    """The records of one moment; `part` counts the starts of the sampler, `boot` is the machine's at that time."""

    timestamp: float
    monotonic: float
    part: int
    boot: str
    frequency: float
    texts: dict[str, str]


class Outcome(NamedTuple):
    """What perfops made of a recording, and what its rows lack: number of intervals by kind and device."""

    ticks: list[Tick]
    records: Records
    rows: dict[str, list[dict[str, str]]]
    summary: Summary
    lost: dict[tuple[str, str], int]


def kept_lines(path: Path) -> list[bytes]:
    """The whole lines of a recording, packed or not, which may be cut anywhere."""
    data = path.read_bytes()
    if data[:2] == b"\x1f\x8b":
        data = zlib.decompressobj(31).decompress(data)
    return data[: data.rfind(b"\n") + 1].splitlines(keepends=True)


def whole(path: Path) -> bool:
    """Whether a recording ends with a whole line, and a packed one with the end of its stream."""
    try:
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except EOFError:
        return False
    return data.endswith(b"\n")


def ticks_of(records: Records) -> list[Tick]:
    """The ticks of a recording in its order."""
    found: dict[float, Tick] = {}
    part, boot, frequency = 0, "", 0.0
    for record in records:
        if record["subsystem"] == "host":
            part += 1
            boot, frequency = record["measurement"]["boot_id"], record["measurement"]["frequency"]
        if record["subsystem"] in CONTROL:
            continue
        stamp = record["timestamp"]
        tick = found.setdefault(stamp, Tick(stamp, record["monotonic"], part, boot, frequency, {}))
        assert record["subsystem"] not in tick.texts, f"{record['subsystem']} twice at {stamp}"
        tick.texts[record["subsystem"]] = record["measurement"]
    return list(found.values())


def counters_of(tick: Tick) -> Counters:
    """The counters of a tick's devices; those of the whole machine belong to the device ''."""
    found: Counters = defaultdict(dict)
    for line in tick.texts.get("/proc/diskstats", "").splitlines():
        fields = line.split()
        found["disk", fields[2]] = {
            metric: int(fields[place]) for metric, (place, _) in DISK_FIELDS.items() if place < len(fields)
        }
    for line in tick.texts.get("/proc/net/dev", "").splitlines()[2:]:
        name, _, rest = line.rpartition(":")
        fields = rest.split()
        found["net", name.strip()] = {metric: int(fields[place]) for metric, place in NET_FIELDS.items()}
    for line in tick.texts.get("/proc/stat", "").splitlines():
        if line.startswith("cpu"):
            name, *numbers = line.split()
            found["cpu", name[3:] or "all"] = {"all of them": sum(map(int, numbers[:8]))}
    for line in (tick.texts.get("/proc/stat", "") + tick.texts.get("/proc/vmstat", "")).splitlines():
        name, *numbers = line.split()
        if name in SYSTEM_FIELDS:
            found["system", ""][SYSTEM_FIELDS[name][0]] = int(numbers[0])
    return found


def starts_segment(before: Tick, now: Tick) -> bool:
    """Whether the machine was started anew between two ticks."""
    return now.boot != before.boot or now.monotonic < before.monotonic


def check_gaps(ticks: list[Tick], records: Records) -> int:
    """Every tick whose time had come is there, or left out in a gap record; returns how many were left out."""
    declared = {record["timestamp"]: record["measurement"] for record in records if record["subsystem"] == "gap"}
    left_out = 0
    origin = ticks[0] if ticks else None
    for before, now in pairwise(ticks):
        gap = declared.pop(now.timestamp, None)
        assert now.timestamp > before.timestamp
        if now.part != before.part:
            origin = now
            periods = (now.timestamp - before.timestamp) / now.frequency
            missing, reason = max(round(periods) - 1, 0), "restarted"
            if gap and abs(gap["ticks"] + 1 - periods) < 0.5 + 0.001 / now.frequency:
                missing = gap["ticks"]  # timestamps are told to the millisecond: half a period may be either
        else:
            assert origin
            numbers = [int((each.monotonic - origin.monotonic) / now.frequency + 1e-4) for each in (before, now)]
            missing, reason = numbers[1] - numbers[0] - 1, "late"
            # The last tick of the duration may come late without a later one that is missing.
            missing = min(missing, gap["ticks"]) if gap and now is ticks[-1] else missing
        if gap is None:
            assert missing <= 0 or now is ticks[-1], f"{missing} ticks before {now.timestamp} are not declared"
            continue
        assert (gap["ticks"], gap["reason"]) == (missing, reason)
        assert abs(gap["from"] - before.timestamp) < 0.0011
        assert abs(gap["to"] - now.timestamp) < 0.0011
        left_out += missing
    assert not declared, "a gap is declared where there is none"
    return left_out


def check(path: Path, outdir: Path) -> Outcome:
    """Derive a recording, and hold all that is derived against the recording itself."""
    records = parse(kept_lines(path))
    ticks = ticks_of(records)
    summary = process_files([path], outdir)
    rows = {kind.name: list(read_rows(outdir / kind.file)) for kind in KINDS}
    left_out = check_gaps(ticks, records)
    intervals = [(before, now) for before, now in pairwise(ticks) if not starts_segment(before, now)]

    # A tick is a row, or it starts a segment; there are no other rows.
    assert len(rows["host"]) == len(rows["system"]) == len(intervals)
    assert (summary.snapshots, summary.segments) == (len(ticks), len(ticks) - len(intervals))
    assert summary.missed == left_out
    assert summary.damaged_lines <= (0 if whole(path) else 1)
    for kind in KINDS:
        for row in rows[kind.name]:
            check_cells(kind, row)
    by_time = {kind: grouped(kind, found) for kind, found in rows.items()}
    stamps = list(dict.fromkeys(row["timestamp"] for row in rows["host"]))
    assert len(stamps) == len(intervals)
    # What has rows at all should have one for every interval: partitions, for example, have none.
    known = {kind: {row_key(kind, row) for row in rows[kind]} for kind in ("disk", "net", "cpu")}
    lost: dict[tuple[str, str], int] = defaultdict(int)
    for stamp, (before, now) in zip(stamps, intervals, strict=True):
        check_interval(before, now, {kind: found.get(stamp, {}) for kind, found in by_time.items()})
        for kind, devices in known.items():
            for device in devices - by_time[kind].get(stamp, {}).keys():
                lost[kind, device] += not stood_still(before, now, (kind, device))
    return Outcome(ticks, records, rows, summary, {device: count for device, count in lost.items() if count})


def stood_still(before: Tick, now: Tick, device: tuple[str, str]) -> bool:
    """Whether a CPU, as a tree of /proc that nobody changes has them, has spent no time: then it has no shares."""
    times = counters_of(before).get(device)
    return device[0] == "cpu" and times is not None and times == counters_of(now).get(device)


def read_rows(path: Path) -> Iterator[dict[str, str]]:
    """Rows of a CSV file, none where there is no file."""
    if path.exists():
        with path.open(newline="") as file:
            yield from csv.DictReader(file)


def row_key(kind: str, row: dict[str, str]) -> str:
    """The device of a row, '' for the machine's."""
    keys = next(each.keys for each in KINDS if each.name == kind)
    return row[keys[0].name] if keys else ""


def grouped(kind: str, rows: list[dict[str, str]]) -> dict[str, dict[str, dict[str, str]]]:
    """Rows by time and device."""
    found: dict[str, dict[str, dict[str, str]]] = defaultdict(dict)
    for row in rows:
        assert row_key(kind, row) not in found[row["timestamp"]], f"{kind}: two rows of one device at one time: {row}"
        found[row["timestamp"]][row_key(kind, row)] = row
    return found


# Memory that is promised may be more than there is. A container's CPU time is in percent of one core; so is the time
# it was held back, which the kernel adds up over all CPUs, at the end of a hold that may have begun ticks before.
MAY_PASS_100 = (
    *("mem_commit_percent", "cpu_percent", "cpu_user_percent", "cpu_system_percent"),
    "cpu_throttled_percent",
)


def check_cells(kind: Kind, row: dict[str, str]) -> None:
    """No figure is negative, infinite or no number; shares lie within 0 and 100, and those of CPU time add up."""
    for metric in kind.metrics:
        text = row[metric.name]
        assert not text or NUMBER.fullmatch(text), f"{kind.name} {metric.name}: {text} at {row['timestamp']}"
        if text and metric.unit is Unit.PERCENT and metric.name not in MAY_PASS_100:
            assert float(text) <= 100, f"{kind.name} {metric.name}: {text}"
    if kind.name == "cpu":
        assert sum(float(row[share]) for share in SHARES) <= 100.01
    if kind.name == "host":
        assert sum(float(row[f"cpu_{share}"] or 0) for share in ("user", "system", "iowait", "idle", "steal")) <= 100.01
        for memory in ("used", "available", "buffers", "cached"):
            assert float(row[f"mem_{memory}"] or 0) <= float(row["mem_total"] or 0)


def check_interval(before: Tick, now: Tick, rows: dict[str, dict[str, dict[str, str]]]) -> None:
    """Every rate is what the machine counted in the interval, and never more; what can have one has one."""
    seconds = now.monotonic - before.monotonic
    earlier, later = counters_of(before), counters_of(now)
    most: dict[tuple[str, str], float] = defaultdict(float)
    usable = {
        device: {
            metric: (after - earlier[device][metric]) * SCALES.get((device[0], metric), 1.0)
            for metric, after in later[device].items()
        }
        for device in later.keys() & earlier.keys()
        if device[0] == "system" or all(after >= earlier[device][metric] for metric, after in later[device].items())
    }
    for (kind, _), grown in usable.items():
        for metric, growth in grown.items():
            most[kind, metric] += growth / seconds
    for kind in ("disk", "net", "system"):
        for device, row in rows[kind].items():
            assert (kind, device) in usable, f"{kind} {device} has a rate at {now.timestamp}, and nothing to tell it by"
            for metric, growth in usable[kind, device].items():
                if growth < 0:
                    assert row[metric] == "", f"{metric} fell at {now.timestamp}, and is {row[metric]}"
                else:
                    assert abs(float(row[metric]) - growth / seconds) <= ROUNDING + 1e-9 * growth / seconds, metric
    for name, row in rows["host"].items():
        assert not name
        for column, key in TOTALS.items():
            assert float(row[column] or 0) <= most[key] * (1 + 1e-9) + ROUNDING, f"{column} at {now.timestamp}"
    for kind, device in earlier.keys() | later.keys():
        if kind == "cpu":
            moved = usable.get((kind, device), {"all of them": 0})["all of them"] > 0
            assert not moved or device in rows["cpu"], f"CPU {device} has no row at {now.timestamp}"
            assert device not in rows["cpu"] or (kind, device) in earlier, f"CPU {device} has just come"
