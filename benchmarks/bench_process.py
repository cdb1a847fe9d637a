"""`perfops process` of a day at 1 Hz, all outputs, beside orjson.loads of every line of the same file.

Prints, for a recording as pcc writes it (all sources; without and with three containers) and one as others write it
(five sources, /proc/cpuinfo in every tick), the ratio of the medians of wall times and the peak memory. Limits: 12
times orjson.loads, 80 MB.
"""

import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from stretch import newer_sources, recordings, stretch, stretch_containers, write

SNAPSHOTS = int(sys.argv[1]) if len(sys.argv) > 1 else 86_400
RECORDING = "azure-d4-loadtest"
LABELS = ("as pcc records", "as pcc records, with three containers", "with cpuinfo in every tick")
ROOT = Path(__file__).parents[1] / "tests" / "roots" / "debian12-2cpu"
RUNS = 3
LOADS = "import sys,orjson\nfor line in open(sys.argv[1],'rb',buffering=1<<20): orjson.loads(line)"
TIMED = """
import resource, subprocess, sys, time
start = time.monotonic()
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def record(target: Path, label: str) -> Path:
    """A recording of the kind the label says."""
    source = recordings() / RECORDING / "host_collection.json"
    if label == LABELS[-1]:
        return write(target, stretch(source, SNAPSHOTS), monotonic=False)
    series = [stretch(source, SNAPSHOTS, ("/proc/cpuinfo",)), newer_sources(ROOT, SNAPSHOTS)]
    if label == LABELS[1]:
        series.append(stretch_containers(source.with_name("container_collection.json"), SNAPSHOTS))
    return write(target, *series, monotonic=True)


def timed(*command: str) -> tuple[float, float]:
    """Wall seconds and peak memory in MB of a command."""
    done = subprocess.run([sys.executable, "-c", TIMED, *command], check=True, capture_output=True, text=True)
    seconds, kib = done.stdout.split()
    return float(seconds), float(kib) / 1024


def main() -> None:
    """Measure in turns and print."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        for label in LABELS:
            file = record(Path(folder) / "host.json", label)
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
