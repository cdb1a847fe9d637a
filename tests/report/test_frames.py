"""Samples over time: every one where there are few, bins that keep the peaks where there are many; holes stay holes."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from fix_database import MakeDatabase, connected
from fix_loaded import load_recordings
from fix_report import Events, record_load

from perfops.catalogue import CPU, HOST
from perfops.report.frames import Frame, bin_width, fetch_frame, with_holes
from perfops.report.statistics import HOST as WHOLE
from perfops.store.connection import Connection
from perfops.store.derived import figure
from perfops.store.machines import Machine, find_machines

TICKS, MISSED, REBOOT, CLOCK, PEAK = 300, range(100, 130), 200, 150, 50
RECEIVED = figure(HOST, "net_rx_bytes")


def load(number: int) -> float:
    """A low load, and one second of a high one."""
    return 1.0 if number == PEAK else 0.1


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory, databases: MakeDatabase) -> Iterator[Connection]:
    """A recording with a gap, a reboot and a peak of one second."""
    folder = tmp_path_factory.mktemp("frames")
    identity = "4f4a1f0e-3f0b-4c5e-8a55-0a7fe9a4c001"
    events = Events(missed=MISSED, reboot=REBOOT, clock=CLOCK)
    path = record_load(folder / "x.json", TICKS, identity=identity, load=load, events=events)
    with connected(databases()) as opened:
        load_recordings(opened, folder / "csv", path, collector="vm", site="lab", run="frames")
        yield opened


@pytest.fixture
def machine(connection: Connection) -> Machine:
    """The collection."""
    return find_machines(connection, "frames")[0]


def received(connection: Connection, machine: Machine, points: int) -> tuple[Frame, list[float | None]]:
    """The frame of the bytes received, and its line."""
    frame = fetch_frame(connection, machine, HOST, [RECEIVED], [WHOLE], points)
    return frame, frame.lines[WHOLE, RECEIVED.name].mean


def test_each_of_few_samples_stands_for_itself(connection: Connection, machine: Machine) -> None:
    frame, values = received(connection, machine, points=1000)
    seen = [round(time - machine.start.timestamp()) for time, value in zip(frame.times, values, strict=True) if value]
    assert frame.width == 0
    assert seen == [second for second in range(1, TICKS) if second not in MISSED and second != REBOOT]


def test_a_line_is_interrupted_at_a_gap_and_at_a_reboot_and_nowhere_else(
    connection: Connection, machine: Machine
) -> None:
    frame, values = received(connection, machine, points=1000)
    holes = [time - machine.start.timestamp() for time, value in zip(frame.times, values, strict=True) if value is None]
    assert len(holes) == 2
    assert MISSED.start - 1 < holes[0] < MISSED.stop
    assert REBOOT - 1 < holes[1] < REBOOT + 1


def test_bins_keep_mean_and_extremes_of_their_samples(connection: Connection, machine: Machine) -> None:
    each, values = received(connection, machine, points=1000)
    frame, means = received(connection, machine, points=60)
    line = frame.lines[WHOLE, RECEIVED.name]
    assert frame.width == 5
    assert len([mean for mean in means if mean is not None]) <= 60
    start = machine.start.timestamp()
    for time, mean, low, high in zip(frame.times, line.mean, line.low, line.high, strict=True):
        inside = [
            value
            for moment, value in zip(each.times, values, strict=True)
            if value is not None and (moment - start) // frame.width == (time - start) // frame.width
        ]
        if mean is None:
            assert low is high is None
        elif time < machine.end.timestamp():
            assert mean == pytest.approx(sum(inside) / len(inside))
            assert (low, high) == (min(inside), max(inside))


def test_a_peak_of_one_second_is_in_the_bins(connection: Connection, machine: Machine) -> None:
    _, values = received(connection, machine, points=1000)
    frame, means = received(connection, machine, points=10)
    highest = max(value for value in values if value is not None)
    assert max(high for high in frame.lines[WHOLE, RECEIVED.name].high if high is not None) == highest > 900_000
    assert max(mean for mean in means if mean is not None) < 200_000


def test_bins_without_a_sample_are_a_hole(connection: Connection, machine: Machine) -> None:
    frame, means = received(connection, machine, points=60)
    start = machine.start.timestamp()
    holes = [time - start for time, mean in zip(frame.times, means, strict=True) if mean is None]
    assert any(MISSED.start - 1 < hole < MISSED.stop for hole in holes)
    assert frame.times == sorted(frame.times)


def test_devices_share_the_times_of_a_frame(connection: Connection, machine: Machine) -> None:
    busy = figure(CPU, "busy")
    frame = fetch_frame(connection, machine, CPU, [busy], ["all", "0", "1"])
    lines = [frame.lines[cpu, "busy"].mean for cpu in ("all", "0", "1")]
    assert {len(line) for line in lines} == {len(frame.times)}
    assert lines[1][10] == pytest.approx(2 * (lines[0][10] or 0), abs=0.01)
    assert {value for value in lines[2] if value is not None} == {0}


@pytest.mark.parametrize(
    ("samples", "frequency", "points", "width"),
    [
        (1000, 1, 1000, 0),
        (1001, 1, 1000, 2),
        (86399, 1, 1000, 90),
        (17280, 5, 1000, 100),
        (4000, 0.25, 1000, 1),
        (10**8, 1, 1000, 100_800),
    ],
)
def test_a_bin_is_a_whole_number_of_periods(
    machine: Machine, samples: int, frequency: float, points: int, width: float
) -> None:
    summary = machine.summary.model_copy(update={"samples": {"host": samples}})
    end = machine.start + timedelta(seconds=samples * frequency)
    made = replace(machine, summary=summary, frequency=frequency, end=end)
    assert bin_width(made, points) == width
    assert samples * frequency / (width or frequency) <= points


def test_holes_are_between_distant_moments_and_at_breaks() -> None:
    start = datetime(2026, 1, 10, tzinfo=UTC)
    moments = [start + timedelta(seconds=second) for second in (0, 1, 3, 6, 7, 8)]
    zero = start.timestamp()
    assert with_holes(moments, [zero + 7.5], 1.0) == [*moments[:3], zero + 4.5, *moments[3:5], zero + 7.5, moments[5]]
    assert with_holes([], [zero], 1.0) == []
