"""Pressure: shares of time, and files of kernels that have a line less."""

from math import isnan

import pytest

from perfops.samples import pressure


def text(some: int, full: int | None = None) -> str:
    averages = "avg10=0.12 avg60=1.00 avg300=99.99"
    return f"some {averages} total={some}\n" + (f"full {averages} total={full}\n" if full is not None else "")


def shares(before: str, now: str, seconds: float) -> tuple[float, float]:
    earlier, later = pressure.parse(before), pressure.parse(now)
    _, some, full, *_ = pressure.columns([None, earlier, None], [None, later, None], seconds)
    return some, full


def test_the_share_of_time_that_tasks_waited() -> None:
    assert shares(text(1_000_000, 0), text(2_000_000, 50_000), 4.0) == pytest.approx((25, 1.25))


def test_no_share_is_above_a_hundred() -> None:
    assert shares(text(0, 0), text(1_000_400, 2_000_000), 1.0) == (100, 100)


def test_a_total_that_falls_has_no_value() -> None:
    some, full = shares(text(10, 10), text(9, 12), 1.0)
    assert isnan(some)
    assert full == pytest.approx(0.0002)


def test_the_cpu_has_no_line_full_before_linux_5_13() -> None:
    some, full = shares(text(0), text(500_000), 1.0)
    assert some == pytest.approx(50)
    assert isnan(full)


def test_one_snapshot_alone_gives_nothing() -> None:
    one, none = [pressure.parse(text(1, 1))] * 3, [None] * 3
    assert all(map(isnan, pressure.columns(none, one, 1.0)))
    assert all(map(isnan, pressure.columns(one, none, 1.0)))


def test_the_columns_are_in_the_catalogues_order() -> None:
    now = [pressure.parse(text(10_000 * number, 5_000 * number)) for number in (1, 2, 3)]
    assert pressure.columns([pressure.parse(text(0, 0))] * 3, now, 1.0) == pytest.approx((1, 2, 1, 3, 1.5))


@pytest.mark.parametrize("damaged", ["", "full avg10=0 total=5\n", "some avg10=0.00 total=\n", text(10**30)])
def test_what_has_no_total_is_refused(damaged: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        pressure.parse(damaged)
