"""pcc beside sysstat's sar on this machine, under load: the same figures, sample by sample.

The two read the kernel's counters at different moments, so what must agree is stated from these moments: see bounds()
in fix_sysstat. The load begins after sar's first samples and ends before its last, so that little happens while the
two are apart at the ends, and the bounds of the whole run lie close together. benchmarks/compare_sysstat.py is the
longer run that prints the differences.
"""

from pathlib import Path
from statistics import median

import pytest
from fix_sysstat import (
    CPU,
    DISK,
    LEVELS,
    NET,
    TICK,
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

VERSION = sysstat_version()
SAMPLES, LOAD = 8, 5.0
pytestmark = pytest.mark.skipif(not VERSION, reason="no sar on this machine (apt install sysstat)")


@pytest.fixture(scope="module")
def series(packed: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Series, Series]:
    """What perfops and sar made of the same seconds."""
    folder = tmp_path_factory.mktemp("sysstat")
    collection, file = record_both(packed, folder, SAMPLES, LOAD)
    ours, host = perfops_series(collection, folder / "out")
    return ours, sysstat_series(file, sorted(read_topology(host).ports or ()))


@pytest.mark.parametrize("metric", [*CPU, *DISK, *(f"net_{metric}" for metric in NET), *(f"lo {each}" for each in NET)])
def test_the_sums_agree(metric: str, series: tuple[Series, Series]) -> None:
    ours, theirs = series
    for number, (low, value, high) in enumerate(bounds(ours, theirs, metric), 1):
        slack = resolution(metric, value, number)
        assert low - slack <= value <= high + slack, f"{metric} up to sample {number}"


def test_the_load_is_seen(series: tuple[Series, Series]) -> None:
    for each in series:
        assert each.sums("cpu_user")[-1] > 5
        assert each.sums("lo rx_packets")[-1] > 100
        assert each.sums("lo rx_bytes")[-1] > 100 * 1028


@pytest.mark.parametrize("metric", CPU)
def test_the_share_of_cpu_agrees_sample_by_sample(metric: str, series: tuple[Series, Series]) -> None:
    """Moved by x seconds at one end, an interval of a second gains or loses at most x of a CPU's second: 100 x percent
    points. Both count in ticks, one at either end. The typical sample is held to it, as any one may be read late.
    """
    ours, theirs = series
    differences = map(abs, map(float.__sub__, aligned(ours, theirs, metric), theirs.rates[metric]))
    assert median(differences) <= 100 * (2 * median(offsets(ours, theirs)) + 2 * TICK)


def test_memory_in_use_is_defined_as_sysstat_does(series: tuple[Series, Series]) -> None:
    """Both subtract free memory, buffers, cache and slab from all memory; sysstat does so up to 12.7.7."""
    kinds = ("mem_used", "mem_free", "mem_buffers", "mem_cached", "mem_slab")
    ours, theirs = (list(zip(*(each.levels[kind] for kind in kinds), strict=True)) for each in series)
    (total,) = {round(value) for value in series[0].levels["mem_total"]}
    assert {round(sum(parts)) for parts in ours} == {total}
    if VERSION <= (12, 7, 7):
        assert {sum(parts) for parts in theirs} == {total}


@pytest.mark.parametrize("metric", [metric for metric, field in LEVELS.items() if field])
def test_memory_agrees(metric: str, series: tuple[Series, Series]) -> None:
    """A level is as of its moment: two readings differ at most by what it has moved over within these seconds."""
    if metric == "mem_used" and VERSION > (12, 7, 7):
        pytest.skip("sysstat from 12.7.8 on defines memory in use in another way")
    ours, theirs = (each.levels[metric] for each in series)
    nearest = [
        ours[min(range(len(ours)), key=lambda number: abs(series[0].times[number + 1] - moment))]
        for moment in series[1].times[1:]
    ]
    moved = max(ours) - min(ours) + max(theirs) - min(theirs)
    assert max(abs(a - b) for a, b in zip(nearest, theirs, strict=True)) <= moved + 4
