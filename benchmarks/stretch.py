"""Stretch a real recording to any number of snapshots, a second apart, with counters that go on growing.

Used by the benchmarks; the recording is read from the folder named by PERFOPS_COLLECTIONS.
"""

import json
import os
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

COUNTERS = ("/proc/stat", "/proc/diskstats", "/proc/net/dev")
TOKEN = re.compile(r"(\s+|:)")
START = 1_768_000_000


def recordings() -> Path:
    """The folder of real recordings; SystemExit where it is not there."""
    folder = Path(os.environ.get("PERFOPS_COLLECTIONS", Path(__file__).parents[2] / "shared" / "collections"))
    if not folder.is_dir():
        raise SystemExit(f"no recordings in {folder} (set PERFOPS_COLLECTIONS)")
    return folder


def stretch(source: Path, snapshots: int, leave_out: tuple[str, ...] = ()) -> Iterator[bytes]:
    """Lines of a collection of `snapshots` ticks: those of `source` again and again, each round's counters on top."""
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
        for name, text in rounds[place]:
            if name in growth:
                parts = tokens[place][name].copy()
                for index, step in growth[name].items():
                    parts[index] = str(int(parts[index]) + turn * step)
                measured = "".join(parts)
            else:
                measured = text
            record = {"timestamp": START + number, "subsystem": name, "measurement": measured}
            yield json.dumps(record, separators=(",", ":")).encode() + b"\n"


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


def write_stretched(target: Path, recording: str, snapshots: int, leave_out: tuple[str, ...] = ()) -> Path:
    """Write a stretched recording, unless it is there already."""
    if not target.exists():
        part = target.with_suffix(".part")
        with part.open("wb") as file:
            file.writelines(stretch(recordings() / recording / "host_collection.json", snapshots, leave_out))
        part.rename(target)
    return target
