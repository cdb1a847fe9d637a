"""pcc beside sysstat's sar for a minute under load: how far their figures lie apart, metric by metric.

The longer run of tests/pcc/test_sysstat.py, in the same way. Rates of pcc are brought to sar's intervals; their
differences come from the different moments of sampling and from the kernel's clock tick, in which it counts CPU time.
What these allow is stated for the sums from the first sample on (see bounds() in tests/fix_sysstat.py): in the column
`within`, how many of sar's samples lie inside. Exit code 1 where one does not. Samples: the first argument, else 60.
"""

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from fix_sysstat import (
    CPU,
    DISK,
    LEVELS,
    NET,
    Series,
    aligned,
    bounds,
    offsets,
    perfops_series,
    record_both,
    resolution,
    sysstat_series,
    sysstat_version,
)

from perfops.samples.topology import read_topology

SAMPLES = int(sys.argv[1]) if len(sys.argv) > 1 else 60
QUIET = 4  # seconds without load at the ends
RATES = (*CPU, *DISK, *(f"net_{metric}" for metric in NET), *(f"lo {metric}" for metric in NET))
HEAD = ("metric", "unit", "median of sar", "median diff.", "worst diff.", "within")
LAST_OF_USED = (12, 7, 7)  # sysstat defines memory in use in another way afterwards


def main() -> None:
    """Record, compare, print."""
    version = sysstat_version()
    if not version:
        raise SystemExit("no sar on this machine (apt install sysstat)")
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        folder = Path(name)
        perfops, packed = Path(sys.executable).with_name("perfops"), folder / "pcc"
        subprocess.run([perfops, "build-pcc", "--output", packed], check=True, stdout=subprocess.DEVNULL)
        collection, file = record_both(packed, folder, SAMPLES, SAMPLES - QUIET)
        ours, host = perfops_series(collection, folder / "out")
        theirs = sysstat_series(file, sorted(read_topology(host).ports or ()))
    apart = offsets(ours, theirs)
    print(f"sysstat {'.'.join(map(str, version))}, {SAMPLES} samples at 1 Hz under load;")
    print(f"moments of sampling {told(median(apart))} s apart in the median, {told(max(apart))} s at most")
    lines = [rate(metric, ours, theirs) for metric in RATES]
    lines += [
        level(metric, ours, theirs)
        for metric, field in LEVELS.items()
        if field and (metric != "mem_used" or version <= LAST_OF_USED)
    ]
    widths = [max(map(len, column)) for column in zip(HEAD, *lines, strict=True)]
    for line in (HEAD, *lines):
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    outside = [line[0] for line in lines if len(set(line[-1].split(" of "))) > 1]
    if outside:
        raise SystemExit(f"further apart than the moments of sampling and the clock tick allow: {', '.join(outside)}")
    print("all within what the moments of sampling and the clock tick allow")


def rate(metric: str, ours: Series, theirs: Series) -> tuple[str, ...]:
    """A line about a rate."""
    found = bounds(ours, theirs, metric)
    slacks = [resolution(metric, value, number) for number, (_, value, _) in enumerate(found, 1)]
    inside = sum(low - slack <= value <= high + slack for (low, value, high), slack in zip(found, slacks, strict=True))
    unit = "%" if metric in CPU else "B/s" if "bytes" in metric else "1/s"
    return line(metric, unit, aligned(ours, theirs, metric), theirs.rates[metric], inside)


def level(metric: str, ours: Series, theirs: Series) -> tuple[str, ...]:
    """A line about memory: as of their moments, ours is what it was at the nearest tick.

    Between two ticks a level may go anywhere, so only the range over the whole run bounds a difference.
    """
    levels, other = ours.levels[metric], theirs.levels[metric]
    moved = max(levels) - min(levels) + max(other) - min(other)
    nearest = [
        levels[min(range(len(levels)), key=lambda number: abs(ours.times[number + 1] - moment))]
        for moment in theirs.times[1:]
    ]
    inside = sum(abs(one - value) <= moved + 4 for one, value in zip(nearest, other, strict=True))
    return line(metric, "KiB", nearest, other, inside)


def line(metric: str, unit: str, ours: Sequence[float], theirs: Sequence[float], inside: int) -> tuple[str, ...]:
    """A line of the table."""
    differences = [abs(one - other) for one, other in zip(ours, theirs, strict=True)]
    figures = (median(theirs), median(differences), max(differences))
    return (metric, unit, *map(told, figures), f"{inside} of {len(theirs)}")


def told(value: float) -> str:
    """A number in three figures, whole where it is large."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


if __name__ == "__main__":
    main()
