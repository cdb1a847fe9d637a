"""pcc beside sysstat's sadc, both at 1 Hz on this machine at the same time: CPU time for a sample, and peak memory.

Prints the ratio of pcc's CPU time to sadc's; goal: below 1.0. sadc records all that sysstat knows (-S ALL), as pcc
keeps the whole text of its sources. The start of either program is not in its time for a sample, and told apart.
Seconds to measure: the first argument, else 60.
"""

import re
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

SECONDS = int(sys.argv[1]) if len(sys.argv) > 1 else 60
WARM_UP = 3  # seconds before the first look: the start of both programs and their first samples
SADC = Path("/usr/lib/sysstat/sadc")


class Look(NamedTuple):
    """What a process has used so far: milliseconds of CPU time, MiB at most."""

    cpu: float
    memory: float


def look(pid: int) -> Look:
    """Look at a process of one thread: the scheduler counts its time in nanoseconds."""
    folder = Path("/proc", str(pid))
    nanoseconds = int((folder / "schedstat").read_text().split()[0])
    peak = re.search(r"VmHWM:\s+(\d+) kB", (folder / "status").read_text())
    assert peak
    return Look(nanoseconds / 1e6, int(peak[1]) / 1024)


def main() -> None:
    """Measure and print."""
    if not SADC.exists():
        raise SystemExit(f"no {SADC} on this machine (apt install sysstat)")
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder, ExitStack() as stack:
        perfops, packed = Path(sys.executable).with_name("perfops"), Path(folder) / "pcc"
        subprocess.run([perfops, "build-pcc", "--output", packed], check=True, stdout=subprocess.DEVNULL)
        commands = {
            "pcc": [packed, "--duration", "1d", "--quiet", "--collection", f"{folder}/host.json"],
            "sadc": [SADC, "-S", "ALL", "1", f"{folder}/sa"],
        }
        running = {name: stack.enter_context(subprocess.Popen(command)) for name, command in commands.items()}
        try:
            time.sleep(WARM_UP)
            before = {name: look(process.pid) for name, process in running.items()}
            time.sleep(SECONDS)
            after = {name: look(process.pid) for name, process in running.items()}
        finally:
            for process in running.values():
                process.terminate()
    each = {name: (after[name].cpu - before[name].cpu) / SECONDS for name in commands}
    for name in commands:
        print(
            f"{name}: {each[name]:.2f} ms a sample over {SECONDS} s; {before[name].cpu:.0f} ms for its start and the"
            f" first {WARM_UP} s; peak {after[name].memory:.1f} MB"
        )
    print(f"collector: ratio of CPU time for a sample, pcc to sadc -S ALL: {each['pcc'] / each['sadc']:.2f} (goal 1.0)")


if __name__ == "__main__":
    main()
