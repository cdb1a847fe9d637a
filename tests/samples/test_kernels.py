"""Kernels from 3.10 on: what each counts is derived, what it does not count is empty, and nothing is remarked."""

import re
from math import isnan

import pytest
from fix_recordings import record
from fix_roots import KERNELS, NAMES, later, texts

from perfops.catalogue import HOST, SYSTEM
from perfops.catalogue.pressure import PRESSURE
from perfops.samples.derive import Sample, derive
from perfops.samples.notes import Notes
from perfops.samples.records import read_records
from perfops.samples.snapshots import group
from perfops.samples.story import Story

STALLS = {metric.name for metric in PRESSURE}
EMPTY = {
    "kernel-3.10": {"mem_available", "oom_kills", *STALLS},
    "kernel-4.4": {"oom_kills", *STALLS},
    "kernel-4.14": STALLS,
    "kernel-4.19": STALLS,
}
RECLAIM = re.compile(r"^(pgscan|pgsteal)_(kswapd|direct)(_dma|_dma32|_normal|_movable)? (\d+)$", re.MULTILINE)
SECONDS = 2


def derived(name: str) -> tuple[Sample, Story]:
    """The sample of two ticks on a tree's machine."""
    story = Story(Notes())
    ticks = [(100, texts(name)), (100 + SECONDS, later(texts(name), 10))]
    lines = [record(time, source, text) for time, measured in ticks for source, text in measured.items()]
    (sample,) = derive(group(read_records(lines, "file", story.notes)), story, {})
    return sample, story


def figures(sample: Sample) -> dict[str, float]:
    """The host's and the system's figures by name."""
    found: dict[str, float] = {}
    for kind in (HOST, SYSTEM):
        found |= zip([metric.name for metric in kind.metrics], sample.rows[kind.name][0][1], strict=True)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_what_a_kernel_does_not_count_is_empty_and_all_else_is_there(name: str) -> None:
    sample, story = derived(name)
    assert not story.notes.counts
    assert {metric for metric, value in figures(sample).items() if isnan(value)} == EMPTY.get(name, set())


@pytest.mark.parametrize("name", NAMES)
def test_reclaim_is_summed_up_over_zones_threads_and_programs(name: str) -> None:
    sums = {"pgscan": 0, "pgsteal": 0}
    for sign, measured in ((-1, texts(name)), (1, later(texts(name), 10))):
        for counter, _, _, number in RECLAIM.findall(measured["/proc/vmstat"]):
            sums[counter] += sign * int(number)
    found = figures(derived(name)[0])
    assert found["pages_scanned"] == pytest.approx(sums["pgscan"] / SECONDS)
    assert found["pages_reclaimed"] == pytest.approx(sums["pgsteal"] / SECONDS)
    assert min(sums.values()) > 0


@pytest.mark.parametrize("name", NAMES)
def test_disks_have_figures_whatever_the_number_of_fields(name: str) -> None:
    lines = texts(name)["/proc/diskstats"].splitlines()
    (fields,) = {len(line.split()) for line in lines}
    versions = name.removeprefix("kernel-").split(".")
    if name != "debian12-2cpu":
        version = tuple(map(int, versions))
        assert fields == (20 if version >= (5, 5) else 18 if version >= (4, 18) else 14)
    rows = dict(derived(name)[0].rows["disk"])
    for device, values in rows.items():
        place = next(number for number, line in enumerate(lines, 1) if f" {device} " in line)
        sectors, requests = 10 * place * 512 / SECONDS, 10 * place / SECONDS
        discards = (sectors, requests) if fields > 14 else (0, 0)
        assert values[:6] == pytest.approx((sectors, sectors, discards[0], requests, requests, discards[1])), device


def test_the_trees_are_what_they_say() -> None:
    """What the kernel's documentation says of each version holds for the written trees."""
    for version in KERNELS:
        measured, number = texts(f"kernel-{version}"), tuple(map(int, version.split(".")))
        assert ("MemAvailable:" in measured["/proc/meminfo"]) == (number >= (3, 14))
        assert ("oom_kill " in measured["/proc/vmstat"]) == (number >= (4, 13))
        assert ("pgscan_kswapd_normal " in measured["/proc/vmstat"]) == (number < (4, 8))
        assert ("/proc/pressure/io" in measured) == (number >= (4, 20))
        assert ("full" in measured.get("/proc/pressure/cpu", "")) == (number >= (5, 13))
        assert ("TCPSynRetrans" in measured["/proc/net/netstat"]) == (number >= (3, 15))
