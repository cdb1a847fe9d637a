"""From records to samples: how many, over what time, and what starts a segment."""

from math import isnan
from typing import Any

import pytest
from fix_recordings import MEMINFO, diskstats, netdev, record, stat

from perfops.catalogue import SYSTEM
from perfops.catalogue.paging import PAGING
from perfops.catalogue.pressure import PRESSURE
from perfops.catalogue.tcp import TCP
from perfops.samples.derive import Primer, Sample, derive
from perfops.samples.notes import Notes
from perfops.samples.records import read_records
from perfops.samples.rows import PARSERS
from perfops.samples.snapshots import group
from perfops.samples.story import Story


def run(lines: list[bytes], primer: Primer | None = None) -> tuple[list[Sample], Story]:
    story = Story(Notes())
    snapshots = group(read_records(lines, "file", story.notes))
    return list(derive(snapshots, story, {"c" * 64: "named"}, primer)), story


def tick(timestamp: float, busy: int, monotonic: float | None = None, **host: Any) -> list[bytes]:
    """A tick of a machine that has been busy for `busy` clock ticks and idle for as many."""
    lines = [record(timestamp, "host", host, monotonic)] if host else []
    texts = {
        "/proc/stat": stat(f"{busy} 0 0 {busy} 0 0 0 0 0 0", ctxt=busy, intr=busy, processes=busy),
        "/proc/meminfo": MEMINFO,
        "/proc/diskstats": diskstats(sda=f"{busy} 0 {busy} 0 0 0 0 0 0 0 0"),
        "/proc/net/dev": netdev(eth0=f"{busy} 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0"),
    }
    return lines + [record(timestamp, name, text, monotonic) for name, text in texts.items()]


def joined(ticks: list[list[bytes]]) -> list[bytes]:
    return [line for each in ticks for line in each]


def host_row(sample: Sample) -> tuple[float, ...]:
    return sample.rows["host"][0][1]


def test_a_sample_for_every_two_neighbouring_snapshots_stamped_with_the_later() -> None:
    samples, story = run([*tick(100, 10), *tick(105, 20), *tick(111, 40)])
    assert [sample.timestamp for sample in samples] == ["1970-01-01T00:01:45Z", "1970-01-01T00:01:51Z"]
    assert host_row(samples[0])[:5] == pytest.approx((50, 0, 0, 50, 0))
    assert host_row(samples[1])[14] == pytest.approx(20 / 6)
    assert (story.snapshots, story.segments, story.first, story.last) == (3, 1, 100, 111)


def test_time_is_the_monotonic_clocks_where_there_is_one() -> None:
    samples, _ = run([*tick(100, 10, 7.0), *tick(101, 20, 7.5)])
    assert host_row(samples[0])[14] == pytest.approx(20)


def test_a_wall_clock_that_steps_back_is_no_break_where_the_monotonic_goes_on() -> None:
    samples, story = run([*tick(5000, 10, 7.0), *tick(1400, 20, 8.0), *tick(1401, 30, 9.0)])
    assert len(samples) == 2
    assert story.segments == 1


@pytest.mark.parametrize(
    ("second", "kind"),
    [
        (tick(90, 500), "clock"),
        (tick(105, 5), "reboot"),
        (tick(105, 500, boot_id="b"), "reboot"),
    ],
)
def test_what_starts_a_segment(second: list[bytes], kind: str) -> None:
    samples, story = run([*tick(99, 90, boot_id="a"), *tick(100, 100), *second, *tick(106, 600)])
    assert [event.kind for event in story.events] == [kind]
    assert (story.snapshots, story.segments, len(samples)) == (4, 2, 2)
    for sample in samples:
        assert all(value >= 0 for value in host_row(sample))


def test_a_monotonic_clock_that_goes_back_is_a_reboot() -> None:
    samples, story = run([*tick(100, 100, 50.0), *tick(101, 200, 51.0), *tick(130, 300, 3.0)])
    assert [event.kind for event in story.events] == ["reboot"]
    assert len(samples) == 1


def test_a_second_snapshot_of_one_time_is_left_out_and_told() -> None:
    samples, story = run([*tick(100, 10), *tick(101, 20), *tick(101, 30), *tick(102, 40)])
    assert [host_row(sample)[14] for sample in samples] == pytest.approx([10, 20])
    assert "left out" in next(story.notes.lines())


def test_a_missing_source_empties_its_columns_alone() -> None:
    lines = [line for line in tick(101, 20) if b"/proc/stat" not in line]
    samples, _ = run([*tick(100, 10), *lines, *tick(102, 30), *tick(103, 40)])
    assert len(samples) == 3
    for sample in samples[:2]:
        assert all(map(isnan, host_row(sample)[:5]))
        assert not any(map(isnan, host_row(sample)[5:]))
        assert "cpu" not in sample.rows
    assert host_row(samples[2])[0] == pytest.approx(50)


def test_an_unreadable_source_is_told_and_empties_its_columns_alone() -> None:
    broken = [line if b"/proc/stat" not in line else record(101, "/proc/stat", "cpu x y\n") for line in tick(101, 20)]
    samples, story = run([*tick(100, 10), *broken, *tick(102, 30)])
    assert len(samples) == 2
    assert "/proc/stat at 1970-01-01T00:01:41Z cannot be read" in next(story.notes.lines())


def test_what_is_unknown_is_ignored() -> None:
    extra = [record(100, "/proc/new", "x"), record(101, "/proc/new", "y")]
    samples, story = run([*tick(100, 10), extra[0], *tick(101, 20), extra[1]])
    assert len(samples) == 1
    assert not story.notes.counts


def test_a_disk_that_the_host_record_does_not_name_is_not_in_the_totals() -> None:
    samples, _ = run([*tick(100, 10, disks=[], interfaces=[]), *tick(101, 20)])
    assert host_row(samples[0])[10:] == (0,) * 8
    assert dict(samples[0].rows["disk"])["sda"][3] == 10


def container(cpu: int, identity: str = "c" * 64) -> dict[str, Any]:
    return {
        "container_id": identity,
        "runtime": "docker",
        "cpu_usage_usec": cpu,
        "memory_current": 50,
        "memory_max": 200,
    }


def test_a_containers_first_row_has_levels_and_no_rates() -> None:
    name = "container/docker/" + "c" * 12
    lines = [*tick(100, 10), *tick(102, 20), record(102, name, container(1_000_000))]
    lines += [*tick(104, 30), record(104, name, container(2_000_000))]
    samples, _ = run(lines)
    (first,) = samples[0].rows["container"]
    (second,) = samples[1].rows["container"]
    assert first[0] == ("c" * 64, "named", "docker")
    assert isnan(first[1][0])
    assert first[1][3:6] == pytest.approx((50, 200, 25))
    assert second[1][0] == pytest.approx(50)


def test_a_container_made_anew_has_no_negative_rate() -> None:
    name = "container/docker/" + "c" * 12
    samples, story = run([record(100, name, container(9)), record(101, name, container(5))])
    assert isnan(samples[1].rows["container"][0][1][0])
    assert "its counters fell" in next(story.notes.lines())


def test_every_figure_of_the_system_row_stands_under_its_name() -> None:
    def texts(step: int) -> dict[str, str]:
        tables = f"Tcp: CurrEstab InSegs\nTcp: 9 {step}\nUdp: InErrors\nUdp: {2 * step}\n"
        stall = f"some avg10=0.00 total={step * 1000}\nfull avg10=0.00 total={step * 500}\n"
        return {
            "/proc/loadavg": "0.5 0.4 0.3 1/2 3\n",
            "/proc/vmstat": f"pgpgin {step}\noom_kill {3 * step}\n",
            **dict.fromkeys(("/proc/pressure/cpu", "/proc/pressure/memory", "/proc/pressure/io"), stall),
            "/proc/net/snmp": tables,
            "/proc/net/netstat": f"TcpExt: TCPTimeouts\nTcpExt: {5 * step}\n",
            "/proc/sys/fs/file-nr": "700 0 9999\n",
        }

    lines = [
        *tick(100, 10),
        *(record(100, name, text) for name, text in texts(10).items()),
        *tick(102, 20),
        *(record(102, name, text) for name, text in texts(50).items()),
    ]
    samples, _ = run(lines)
    row = dict(zip([metric.name for metric in SYSTEM.metrics], samples[0].rows["system"][0][1], strict=True))
    expected = {
        "context_switches": 5,
        "load_5m": 0.4,
        "mem_writeback": 8 / 1024,
        "swap_used": 100000 / 1024,
        "paged_in_bytes": 20 * 1024,
        "oom_kills": 60,
        "cpu_pressure": 2,
        "memory_pressure": 2,
        "memory_pressure_full": 1,
        "io_pressure": 2,
        "io_pressure_full": 1,
        "tcp_segments_received": 20,
        "tcp_established": 9,
        "tcp_timeouts": 100,
        "udp_errors": 40,
        "open_files": 700,
    }
    assert {name: row[name] for name in expected} == pytest.approx(expected)
    missing = {name for name, value in row.items() if isnan(value)}
    assert missing == {metric.name for metric in (*PAGING, *TCP)} - expected.keys()


def test_a_recording_without_the_newer_sources_has_their_columns_empty() -> None:
    samples, story = run([*tick(100, 10), *tick(101, 20)])
    row = dict(zip([metric.name for metric in SYSTEM.metrics], samples[0].rows["system"][0][1], strict=True))
    newer = [metric.name for metric in (*PAGING, *PRESSURE, *TCP)]
    assert all(isnan(row[name]) for name in (*newer, "open_files"))
    assert not story.notes.counts


def test_gaps_and_clock_records_become_events() -> None:
    gap = record(103, "gap", {"from": 101, "to": 103, "ticks": 1, "reason": "late"})
    clock = record(103, "clock", {"ahead": 3600})
    _, story = run([*tick(100, 10), *tick(101, 20), gap, *tick(103, 40), clock])
    assert [(event.kind, event.start, event.end) for event in story.events] == [("gap", 101, 103), ("clock", 103, None)]


@pytest.mark.parametrize("place", [1, 2, 3, 4])
def test_a_recording_in_two_parts_gives_the_samples_of_the_whole(place: int) -> None:
    facts = {"boot_id": "a", "disks": [], "interfaces": [{"name": "eth0"}]}
    ticks = [tick(100, 10, **facts), tick(101, 20), tick(103, 50), tick(104, 55), tick(105, 80)]
    whole, _ = run(joined(ticks))
    first, _ = run(joined(ticks[:place]))
    before = list(group(read_records(ticks[place - 1], "file", Notes())))
    second, _ = run(joined(ticks[place:]), Primer(facts, before))
    assert first + second == whole
    known = {source: PARSERS[source](text, None) for source, text in another_machine().items()}
    for alike in ({}, known):
        third, _ = run(joined(ticks[place:]), Primer(facts, before, alike))
        assert first + third == whole
        assert alike.keys() == known.keys()  # brought up to the last tick


def another_machine() -> dict[str, str]:
    """What a machine with one device and one CPU more has to read, its memory elsewhere in the text."""
    return {
        "/proc/stat": stat("9 0 0 9 0 0 0 0 0 0", "9 0 0 9 0 0 0 0 0 0", ctxt=9, intr=9, processes=9),
        "/proc/meminfo": "Other: 1 kB\n" + MEMINFO,
        "/proc/diskstats": diskstats(sda="9 0 9 0 0 0 0 0 0 0 0", sdb="9 0 9 0 0 0 0 0 0 0 0"),
        "/proc/net/dev": netdev(eth0="9 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0", eth1="9 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0"),
    }


def test_a_text_that_does_not_change_gives_the_rates_of_one_that_says_the_same() -> None:
    ticks = [tick(100, 10), tick(101, 20), tick(102, 20), tick(103, 50)]
    samples, _ = run(joined(ticks))
    spaced = [[line.replace(b"eth0:", b" eth0:").replace(b" sda ", b"  sda ") for line in ticks[2]]]
    told, _ = run(joined([*ticks[:2], *spaced, ticks[3]]))
    assert repr(told) == repr(samples)
