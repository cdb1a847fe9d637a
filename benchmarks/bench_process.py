"""`perfops process` of a day at 1 Hz, all outputs, beside orjson.loads of every line of the same file.

Prints, for a recording with /proc/cpuinfo in every tick (as others write it) and without (as pcc writes it), the
ratio of the medians of wall times and the peak memory. Limits: 12 times orjson.loads, 80 MB.
"""

import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from stretch import write_stretched

SNAPSHOTS = int(sys.argv[1]) if len(sys.argv) > 1 else 86_400
RUNS = 3
LOADS = "import sys,orjson\nfor line in open(sys.argv[1],'rb',buffering=1<<20): orjson.loads(line)"
TIMED = """
import resource, subprocess, sys, time
start = time.monotonic()
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def timed(*command: str) -> tuple[float, float]:
    """Wall seconds and peak memory in MB of a command."""
    done = subprocess.run([sys.executable, "-c", TIMED, *command], check=True, capture_output=True, text=True)
    seconds, kib = done.stdout.split()
    return float(seconds), float(kib) / 1024


def main() -> None:
    """Measure in turns and print."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        for label, leave_out in (("as pcc records", ("/proc/cpuinfo",)), ("with cpuinfo in every tick", ())):
            file = write_stretched(Path(folder) / f"{len(leave_out)}.json", "azure-d4-loadtest", SNAPSHOTS, leave_out)
            perfops = str(Path(sys.executable).with_name("perfops"))
            limits, runs = [], []
            for _ in range(RUNS):
                limits.append(timed(sys.executable, "-c", LOADS, str(file))[0])
                runs.append(timed(perfops, "process", str(file), "--outdir", f"{folder}/out"))
            seconds, memory = median(run[0] for run in runs), max(run[1] for run in runs)
            print(
                f"process, {SNAPSHOTS} snapshots {label} ({file.stat().st_size >> 20} MiB): {seconds:.2f} s;"
                f" orjson.loads of every line {median(limits):.2f} s;"
                f" ratio {seconds / median(limits):.1f} (limit 12); peak {memory:.0f} MB (limit 80)"
            )
            file.unlink()


if __name__ == "__main__":
    main()
