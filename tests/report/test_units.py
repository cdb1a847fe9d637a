"""Numbers and lengths of time as people read them."""

import pytest

from perfops.catalogue import Unit
from perfops.report.units import figures, human, length


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (None, Unit.BYTES, "–"),
        (0, Unit.PERCENT, "0 %"),
        (100, Unit.PERCENT, "100 %"),
        (12.345, Unit.PERCENT, "12.3 %"),
        (0.004, Unit.PERCENT, "<0.01 %"),
        (1023, Unit.BYTES, "1023 B"),
        (1024, Unit.BYTES, "1 KiB"),
        (15.6 * 1024, Unit.MIB, "15.6 GiB"),
        (0.5, Unit.MIB, "512 KiB"),
        (1.5 * 2**20, Unit.BYTES_PER_SECOND, "1.5 MiB/s"),
        (2**50 * 5000, Unit.BYTES, "5000 PiB"),
        (1660, Unit.PER_SECOND, "1.66 k/s"),
        (999, Unit.PER_SECOND, "999/s"),
        (0.25, Unit.MILLISECONDS, "0.25 ms"),
        (1500, Unit.MILLISECONDS, "1.5 s"),
        (7.65, Unit.COUNT, "7.65"),
        (2_000_000, Unit.COUNT, "2 M"),
    ],
)
def test_a_value_has_its_unit_with_a_prefix(value: float | None, unit: Unit, text: str) -> None:
    assert human(value, unit).replace("\u00a0", " ") == text


@pytest.mark.parametrize("unit", list(Unit))
def test_no_line_ends_between_a_number_and_its_unit(unit: Unit) -> None:
    assert " " not in human(123456.7, unit)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.01, "0.01"),
        (0.0099, "<0.01"),
        (-0.001, ">−0.01"),
        (9.99, "9.99"),
        (9.996, "10"),
        (99.94, "99.9"),
        (99.96, "100"),
        (1017.4, "1017"),
        (2.5, "2.5"),
        (2.0, "2"),
        (-3.14159, "-3.14"),
    ],
)
def test_three_figures_stay_of_a_number(value: float, text: str) -> None:
    assert figures(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.25, "250 ms"),
        (1, "1 s"),
        (59.5, "59.5 s"),
        (59.99, "1 min"),
        (60, "1 min"),
        (630, "10 min 30 s"),
        (3600, "1 h"),
        (86399, "23 h 59 min 59 s"),
        (86400, "1 d"),
        (90061, "1 d 1 h 1 min 1 s"),
    ],
)
def test_a_length_of_time_is_told_in_its_parts(seconds: float, text: str) -> None:
    assert length(seconds) == text
