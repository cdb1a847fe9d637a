"""pcc beside iostat -x, ip -s link, free and df: the same figures wherever both have them.

What is held follows from when each of them has read, and from the decimals it prints: see fix_agreement.
"""

from math import ceil
from pathlib import Path

import pytest
from fix_agreement import Both, Reading, missing, record

pytestmark = pytest.mark.skipif(bool(missing()), reason=f"not on this machine: {' '.join(missing())} (apt install)")
DECIMALS = 0.005  # iostat prints two
RATES = {"r/s": ("read_ops", 1), "w/s": ("write_ops", 1), "d/s": ("discard_ops", 1), "rkB/s": ("read_bytes", 1024),
         "wkB/s": ("write_bytes", 1024), "dkB/s": ("discard_bytes", 1024), "aqu-sz": ("queue_depth", 1),
         "util": ("utilization", 1)}  # fmt: skip
MEANS = {"r_await": ("read_await", "read_ops"), "w_await": ("write_await", "write_ops")}
PORT = [f"{way}_{what}" for way in ("rx", "tx") for what in ("bytes", "packets", "errors", "drops")]
MEMORY = ("mem_total", "mem_free", "mem_buffers", "mem_available", "swap_total", "swap_used")
SPACE = ("total_bytes", "used_bytes", "available_bytes", "percent", "files_total", "files_free")


@pytest.fixture(scope="module")
def both(packed: Path, tmp_path_factory: pytest.TempPathFactory) -> Both:
    """What pcc and the others made of the same seconds."""
    return record(packed, tmp_path_factory.mktemp("agreement"))


def disks(both: Both) -> list[str]:
    """Disks that both know: those that iostat prints and perfops has in its detail."""
    names = {name for name, _ in both.iostat[1].values} & {name for name, metric in both.rates if metric == "read_ops"}
    assert names, "no disk that both know"
    return sorted(names)


def moments(reading: Reading) -> tuple[float, float]:
    """Between which it was made."""
    return reading.since, reading.until


def length(first: Reading, last: Reading) -> tuple[float, float]:
    """The least and the most that can lie between two readings; both tell the time in hundredths of a second."""
    return last.since - first.until - 0.02, last.until - first.since + 0.02


@pytest.mark.parametrize("metric", RATES)
def test_iostat_agrees_about_rates(metric: str, both: Both) -> None:
    first, last = both.iostat
    name, factor = RATES[metric]
    for disk in disks(both):
        low, high = both.grown(both.sums((disk, name)), moments(first), moments(last))
        shortest, longest = length(first, last)
        told = last.values[disk, metric]
        assert (told + DECIMALS) * factor * longest >= low - 0.01, disk
        assert (told - DECIMALS) * factor * shortest <= high + 0.01, disk


@pytest.mark.parametrize("metric", MEANS)
def test_iostat_agrees_about_waiting_times(metric: str, both: Both) -> None:
    first, last = both.iostat
    name, weight = MEANS[metric]
    for disk in disks(both):
        times = both.grown(both.sums((disk, name), (disk, weight)), moments(first), moments(last))
        counts = both.grown(both.sums((disk, weight)), moments(first), moments(last))
        told = last.values[disk, metric]
        assert (told + DECIMALS) * counts[1] >= times[0] - 0.5, disk
        assert (told - DECIMALS) * counts[0] <= times[1] + 0.5, disk


def test_the_load_is_between_the_readings(both: Both) -> None:
    first, last = both.iostat
    assert (
        max(both.grown(both.sums((disk, "write_bytes")), moments(first), moments(last))[0] for disk in disks(both)) > 0
    )
    assert both.grown(both.sums(("lo", "rx_packets")), moments(first), moments(last))[0] > 100


@pytest.mark.parametrize("metric", PORT)
def test_ip_agrees(metric: str, both: Both) -> None:
    first, last = both.ip
    ports = {name for name, _ in first.values} & {name for name, what in both.rates if what == metric}
    assert "lo" in ports
    for port in ports:
        low, high = both.grown(both.sums((port, metric)), moments(first), moments(last))
        grown = last.values[port, metric] - first.values[port, metric]
        assert low - 0.01 <= grown <= high + 0.01, port


def check_level(both: Both, readings: list[Reading], key: tuple[str, str], ours: list[float]) -> None:
    """Each of our levels lies between theirs before it and after it, or outside by no more than it has moved meanwhile.

    What it has moved over, of theirs and of ours, is looked at for the whole run: between two readings a level may go
    anywhere, and one that never moved must be the very same.
    """
    theirs = [reading.values[key] for reading in readings]
    moved = max(theirs) - min(theirs) + max(ours) - min(ours)
    compared = 0
    for number, value in enumerate(ours[:-1], 1):  # a level is of the later tick of its row
        before = [reading for reading in readings if reading.until <= both.ticks[number]]
        after = [reading for reading in readings if reading.since >= both.ticks[number + 1]]
        if before and after:
            near = before[-1].values[key], after[0].values[key]
            assert min(near) - moved - 0.1 <= value <= max(near) + moved + 0.1, f"{key} at {both.ticks[number]}"
            compared += 1
    assert compared > 5


@pytest.mark.parametrize("metric", MEMORY)
def test_free_agrees(metric: str, both: Both) -> None:
    check_level(both, both.free, ("", metric), [value * 1024 for value in both.levels["", metric]])


@pytest.mark.parametrize("metric", SPACE)
def test_df_agrees(metric: str, both: Both) -> None:
    places = {place for place, what in both.levels if what == "total_bytes"}
    known = places & {place for place, what in both.df[0].values if what == metric}
    assert "/" in known
    for place in known:
        if metric == "used_bytes":
            pairs = zip(both.levels[place, "total_bytes"], both.levels[place, "free_bytes"], strict=True)
            ours = [total - free for total, free in pairs]
        elif metric == "percent":  # df rounds it up
            ours = [float(ceil(value)) for value in both.levels[place, "used_percent"]]
        else:
            ours = both.levels[place, metric]
        check_level(both, both.df, (place, metric), ours)
