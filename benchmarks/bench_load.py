r"""`perfops load` of a day at 1 Hz beside psql's \copy of the same rows into the same table.

Two comparisons, in turns, in databases of a server of their own: host.csv alone, and the CSV files of all kinds. Prints
rows a second of both (medians) and the ratio; the limit is 0.8 of \copy.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from stretch import newer_sources, recordings, stretch, write

from perfops.catalogue import HOST, KINDS, Kind
from perfops.outputs.process import process_files
from perfops.store import embedded, home

SNAPSHOTS = int(sys.argv[1]) if len(sys.argv) > 1 else 86_400
RECORDING = "azure-d4-loadtest"
ROOT = Path(__file__).parents[1] / "tests" / "roots" / "debian12-2cpu"
RUNS = 5
LIMIT = 0.8
ID = "0d8f1a52-6c0e-4f2f-9b57-0c6f5a3b1e77"


def seconds_of(*command: str | Path, stdin: str | None = None) -> float:
    """Wall seconds of a command."""
    started = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, input=stdin, text=True)
    return time.monotonic() - started


def with_id(path: Path) -> Path:
    """The CSV file as \\copy needs it: with the collection's id in front, and without a header."""
    target = path.with_suffix(".copy")
    with path.open() as source, target.open("w") as file:
        next(source)
        file.writelines(f"{ID},{line}" for line in source)
    return target


def copy_seconds(psql: Path, url: str, files: list[tuple[Kind, Path]]) -> float:
    """Wall seconds of \\copy in one transaction."""
    lines = ["BEGIN;"]
    for kind, path in files:
        columns = ", ".join(f'"{name}"' for name in ("collection_id", *kind.columns))
        lines.append(f"\\copy {kind.table} ({columns}) FROM '{path}' (FORMAT csv)")
    return seconds_of(psql, "-X", "-q", "-v", "ON_ERROR_STOP=1", url, stdin="\n".join([*lines, "COMMIT;", ""]))


def compare(label: str, psql: Path, url: str, source: Path, kinds: list[Kind]) -> None:
    """Load in turns, and print."""
    perfops = Path(sys.executable).with_name("perfops")
    folder = source if source.is_dir() else source.parent
    files = [(kind, folder / f"{kind.file.removesuffix('.csv')}.copy") for kind in kinds]
    rows = 0
    for _, path in files:
        with path.open("rb") as file:
            rows += sum(1 for _ in file)
    empty = (
        "".join(f"TRUNCATE {kind.table};" for kind in KINDS) + "TRUNCATE collector, collection, annotation; CHECKPOINT;"
    )
    times: tuple[list[float], list[float], list[float]] = ([], [], [])
    for _ in range(RUNS):
        seconds_of(psql, "-X", "-q", url, stdin=empty)
        started = time.monotonic()
        line = [perfops, "load", source, "--collector-name", "vm", "--db", url, "--json"]
        told = subprocess.run(line, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
        times[0].append(time.monotonic() - started)
        times[2].append(json.loads(told)[0]["seconds"])
        seconds_of(psql, "-X", "-q", url, stdin=empty)
        times[1].append(copy_seconds(psql, url, files))
    ours, theirs, inside = (rows / median(each) for each in times)
    print(
        f"load, {label}: {rows} rows, perfops load {ours:,.0f} rows/s, psql \\copy {theirs:,.0f} rows/s;"
        f" ratio {ours / theirs:.2f} as whole processes, {inside / theirs:.2f} without Python's start (limit {LIMIT})"
    )


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        os.environ["PERFOPS_HOME"] = str(folder / "home")
        series = stretch(recordings() / RECORDING / "host_collection.json", SNAPSHOTS, ("/proc/cpuinfo",))
        recording = write(folder / "day.json", series, newer_sources(ROOT, SNAPSHOTS), monotonic=True)
        out = folder / "out"
        process_files([recording], out)
        recording.unlink()
        kinds = [kind for kind in KINDS if (out / kind.file).exists()]
        for kind in kinds:
            with_id(out / kind.file)
        alone = folder / "alone"
        alone.mkdir()
        for suffix in ("csv", "copy"):
            shutil.copy(out / f"host.{suffix}", alone)
        found = home.find_home()
        subprocess.run([Path(sys.executable).with_name("perfops"), "db", "url"], check=True, stdout=subprocess.DEVNULL)
        subprocess.run([Path(sys.executable).with_name("perfops"), "list"], check=True, stdout=subprocess.DEVNULL)
        try:
            psql, url = home.programs(found) / "psql", embedded.conninfo(found)
            compare("host.csv", psql, url, alone / "host.csv", [HOST])
            compare("all kinds", psql, url, out, kinds)
        finally:
            embedded.stop(found)


if __name__ == "__main__":
    main()
