"""Stretch a real recording to any number of snapshots, a second apart, with counters that go on growing.

Used by the benchmarks; as pcc records it, with sources that the recording does not have. The recording is read from
the folder named by PERFOPS_COLLECTIONS.
"""

import json
import os
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from perfops.pcc.sources import EVERY_TICK
from perfops.samples import container

Tick = list[tuple[str, str]]
COUNTERS = ("/proc/stat", "/proc/diskstats", "/proc/net/dev")
NEWER = ("loadavg", "vmstat", "pressure/", "net/snmp", "net/netstat", "sys/fs/")
TOKEN = re.compile(r"(\s+|:)")
NUMBER = re.compile(r"((?:(?<=total=)|(?<![\w.=-]))\d+(?![\w.]))")
START = 1_768_000_000


def recordings() -> Path:
    """The folder of real recordings; SystemExit where it is not there."""
    folder = Path(os.environ.get("PERFOPS_COLLECTIONS", Path(__file__).parents[2] / "shared" / "collections"))
    if not folder.is_dir():
        raise SystemExit(f"no recordings in {folder} (set PERFOPS_COLLECTIONS)")
    return folder


def stretch(source: Path, snapshots: int, leave_out: tuple[str, ...] = ()) -> Iterator[Tick]:
    """`snapshots` ticks: those of `source` again and again, each round's counters on top."""
    ticks: dict[float, list[tuple[str, str]]] = {}
    for line in source.read_bytes().splitlines():
        record = json.loads(line)
        if record["subsystem"] not in leave_out:
            ticks.setdefault(record["timestamp"], []).append((record["subsystem"], record["measurement"]))
    rounds = list(ticks.values())
    tokens = [{name: TOKEN.split(text) for name, text in tick if name in COUNTERS} for tick in rounds]
    growth = {name: grown([tick[name] for tick in tokens]) for name in tokens[0]}
    for number in range(snapshots):
        turn, place = divmod(number, len(rounds))
        tick = []
        for name, text in rounds[place]:
            if name in growth:
                parts = tokens[place][name].copy()
                for index, step in growth[name].items():
                    parts[index] = str(int(parts[index]) + turn * step)
                tick.append((name, "".join(parts)))
            else:
                tick.append((name, text))
        yield tick


def grown(series: list[list[str]]) -> dict[int, int]:
    """How much each counter grows in a round, by its place; what ever falls is a level and stays as it is."""
    steps = {}
    for index, values in enumerate(zip(*series, strict=True)):
        if not values[0].isdigit():
            continue
        numbers = list(map(int, values))
        if numbers[-1] > numbers[0] and all(earlier <= later for earlier, later in pairwise(numbers)):
            steps[index] = numbers[-1] - numbers[0] + (numbers[1] - numbers[0])
    return steps


def stretch_containers(source: Path, snapshots: int) -> Iterator[Tick]:
    """`snapshots` ticks of containers, likewise."""
    ticks: dict[float, list[tuple[str, dict[str, Any]]]] = {}
    for line in source.read_bytes().splitlines():
        record = json.loads(line)
        facts = json.loads(record["measurement"])
        ticks.setdefault(record["timestamp"], []).append((record["subsystem"], facts))
    rounds = [dict(sorted(tick)) for tick in ticks.values()]
    for number in range(snapshots):
        turn, place = divmod(number, len(rounds))
        tick = []
        for name, facts in rounds[place].items():
            first, last = rounds[0].get(name, facts), rounds[-1].get(name, facts)
            grown = {key: facts[key] + turn * max(last[key] - first[key], 0) for key in container.COUNTERS}
            tick.append((name, json.dumps(facts | grown)))
        yield tick


def newer_sources(root: Path, snapshots: int) -> Iterator[Tick]:
    """`snapshots` ticks of what pcc records beyond the recordings of others, from a tree of /proc; all grows."""
    texts = []
    for source in EVERY_TICK:
        if source.path.startswith(NEWER):
            text = (root / "proc" / source.path).read_bytes()
            texts.append((source.subsystem, NUMBER.split((source.choose(text) if source.choose else text).decode())))
    for number in range(snapshots):
        yield [
            (
                name,
                "".join([str(int(part) + number * (place % 5)) if part.isdigit() else part for place, part in parts]),
            )
            for name, parts in ((name, list(enumerate(parts))) for name, parts in texts)
        ]


def write(target: Path, *series: Iterator[Tick], monotonic: bool) -> Path:
    """Write a collection of ticks that have the records of all series."""
    with target.open("wb") as file:
        for number, parts in enumerate(zip(*series, strict=True)):
            clock = {"monotonic": 1000.5 + number} if monotonic else {}
            for name, text in (record for part in parts for record in part):
                record = {"timestamp": START + number, **clock, "subsystem": name, "measurement": text}
                file.write(json.dumps(record, separators=(",", ":")).encode() + b"\n")
    return target
