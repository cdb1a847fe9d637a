"""The line of time, and when the wall clock's departure from it is told."""

import time

import pytest

from perfops.pcc.clock import Clock, boottime


def test_boottime_is_the_kernels() -> None:
    before, now, after = time.clock_gettime(time.CLOCK_BOOTTIME), boottime(), time.clock_gettime(time.CLOCK_BOOTTIME)
    assert before <= now <= after


def test_the_line_goes_on_from_the_wall_clock_at_the_start() -> None:
    clock = Clock()
    assert clock.timestamp(clock.monotonic_start) == clock.wall_start
    assert clock.timestamp(clock.monotonic_start + 86400) == pytest.approx(clock.wall_start + 86400, abs=1e-6)


def test_a_departure_is_told_once_and_again_where_it_grows_or_goes() -> None:
    clock = Clock()
    told = []
    for second, ahead in enumerate((0, 0.4, -0.9, 1.0, 1.5, 1.6, 2.4, 2.6, 3600, 3600.5, -7200, -7200, 0.2, 0)):
        monotonic = clock.monotonic_start + second
        departure = clock.new_departure(monotonic, clock.timestamp(monotonic) + ahead)
        told.append(None if departure is None else round(departure, 3))
    assert told == [None, None, None, None, 1.5, None, None, 2.6, 3600, None, -7200, None, 0.2, None]
