"""pcc beside sysstat's sadc, node_exporter, collectd and a psutil loop, all at 1 Hz on this machine at the same time.

Prints CPU time, memory and bytes of each for a sample; of CPU time the median second and the mean, without the start of
the programs. pcc runs three times: with the sources that sadc -S ALL has (goal: half of sadc's CPU time), with all it
has (goal: no more than sadc's), and so in the tests' own Python; goal for its memory: 12 MB. Then the cost of a sample
of 256 CPUs and 200 disks, without and with 100 containers. Seconds to measure: the first argument, else 60. With a
second argument, minutes, it looks whether pcc's memory grows: from one minute to so many.
"""

import re
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from statistics import mean, median
from typing import NamedTuple

from large import CONTAINERS, CPUS, DISKS, proc_tree, sys_tree
from programs import SYSTEM_PYTHON, Program, start_all

SECONDS = int(sys.argv[1]) if len(sys.argv) > 1 else 60
MINUTES = int(sys.argv[2]) if len(sys.argv) > 2 else 0
WARM_UP = 5  # seconds before the first look: the start of all programs and their first samples
HALF, WHOLE, MEMORY = 0.5, 1.0, 12.0  # the goals


class Look(NamedTuple):
    """What a process has used so far, in milliseconds of CPU time; MiB it has, and has had at most; bytes it made."""

    cpu: float
    memory: float
    peak: float
    size: int


def look(program: Program) -> Look:
    """Look at a process and all its threads: the scheduler counts their time in nanoseconds."""
    folder = Path("/proc", str(program.process.pid))
    nanoseconds = sum(int(file.read_text().split()[0]) for file in folder.glob("task/*/schedstat"))
    told = (folder / "status").read_text()
    memory, peak = (int(re.findall(rf"{name}:\s+(\d+) kB", told)[0]) / 1024 for name in ("VmRSS", "VmHWM"))
    return Look(nanoseconds / 1e6, memory, peak, program.size())


def measure(programs: list[Program]) -> dict[str, list[Look]]:
    """Look at all of them once a second."""
    looks: dict[str, list[Look]] = {program.name: [] for program in programs}
    began = int(time.time()) + WARM_UP
    for second in range(SECONDS + 1):
        time.sleep(max(began + second + 0.5 - time.time(), 0))  # pcc samples on whole seconds
        for program in programs:
            looks[program.name].append(look(program))
    return looks


def table(looks: dict[str, list[Look]]) -> dict[str, float]:
    """Print what was seen; the mean CPU time for a sample by program."""
    each = {name: [after.cpu - before.cpu for before, after in pairwise(seen)] for name, seen in looks.items()}
    base = mean(each["sadc -S ALL"]) if "sadc -S ALL" in each else float("nan")
    print(f"{'':14}{'CPU ms a sample':>24}{'ratio to':>10}{'RSS MB':>16}{'bytes':>10}{'start':>8}")
    print(f"{'':14}{'median':>12}{'mean':>12}{'sadc':>10}{'now':>8}{'peak':>8}{'a sample':>10}{'ms':>8}")
    for name, costs in each.items():
        first, last = looks[name][0], looks[name][-1]
        print(
            f"{name:14}{median(costs):12.2f}{mean(costs):12.2f}{mean(costs) / base:10.2f}{last.memory:8.1f}"
            f"{last.peak:8.1f}{(last.size - first.size) / SECONDS:10.0f}{first.cpu:8.0f}"
        )
    return {name: mean(costs) for name, costs in each.items()}


def growth(pcc: Program, began: float) -> None:
    """Print pcc's memory at one minute and at the end."""
    marks = []
    for minute in (1, MINUTES):
        time.sleep(max(began + 60 * minute - time.monotonic(), 0))
        marks.append((minute, look(pcc)))
    told = ", ".join(f"{seen.memory:.2f} MB at {minute} min (peak {seen.peak:.2f})" for minute, seen in marks)
    print(f"memory of pcc: {told}")


def large(packed: Path, folder: Path) -> None:
    """Print what a sample of a large machine costs, without and with containers, and one of this machine.

    The large one is a tree of plain files: what its kernel would take to tell its counters is not in it.
    """
    size = f"{CPUS} CPUs, {DISKS} disks"
    proc = str(proc_tree(folder / "proc"))
    trees = {
        f"{size}, {count} containers": ("--proc-root", proc, "--sys-root", str(sys_tree(folder / f"sys{count}", count)))
        for count in (0, CONTAINERS)
    }
    for name, more in {**trees, "this machine": ()}.items():
        line = [SYSTEM_PYTHON, str(packed), "--self-test", *more]
        told = subprocess.run(line, check=True, capture_output=True, text=True).stdout
        costs = dict(row.split("  ", 1) for row in told.split("A SAMPLE")[1].splitlines() if "  " in row)
        print(f"{name}: {'; '.join(f'{key} {costs[key].strip()}' for key in ('CPU time', 'memory', 'size'))}")


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        folder, perfops = Path(name), Path(sys.executable).with_name("perfops")
        packed = folder / "packed"
        subprocess.run([perfops, "build-pcc", "--output", packed], check=True, stdout=subprocess.DEVNULL)
        began = time.monotonic()
        programs, missing = start_all(packed, folder)
        pcc = programs[1]
        try:
            looks = measure(programs)
            costs = table(looks)
            for program in programs:
                if program is not pcc:
                    program.stop()
                    program.process.terminate()
            if MINUTES:
                growth(pcc, began)
        finally:
            for program in programs:
                program.stop()
                program.process.terminate()
                program.process.wait()
        for each in missing:
            print(f"left out: {each}")
        if "sadc -S ALL" in costs:
            base = costs["sadc -S ALL"]
            print(f"collector: with sadc's sources: {costs['pcc as sadc'] / base:.2f} of sadc's CPU time (goal {HALF})")
            print(f"collector: with all sources: {costs['pcc'] / base:.2f} of sadc's CPU time (goal {WHOLE})")
        print(f"collector: peak memory {looks['pcc'][-1].peak:.1f} MB (goal {MEMORY:.0f})")
        large(packed, folder)


if __name__ == "__main__":
    main()
