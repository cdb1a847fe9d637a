"""CPU shares: the formula, and the cases in which counters do not behave."""

from math import isnan

import pytest
from fix_recordings import stat

from perfops.samples import cpu


def rows(before: str, now: str) -> dict[str, tuple[float, ...]]:
    earlier = cpu.parse(before)
    return dict(cpu.derive(earlier, cpu.parse(now, earlier))[0])


def test_shares_are_of_the_eight_fields_that_make_up_the_time() -> None:
    found = rows(stat("100 10 50 800 20 5 10 5 40 4"), stat("150 20 70 900 25 7 12 6 60 5"))
    total = 50 + 10 + 20 + 100 + 5 + 2 + 2 + 1
    deltas = (50, 10, 20, 100, 5, 2, 2, 1, 20, 1)
    assert found["all"] == pytest.approx([delta / total * 100 for delta in deltas])


def test_the_hosts_columns_are_user_system_iowait_idle_steal() -> None:
    before, now = cpu.parse(stat("0 0 0 0 0 0 0 0 0 0")), cpu.parse(stat("10 1 20 30 5 2 2 30 0 0"))
    assert cpu.derive(before, now)[1] == pytest.approx((10, 20, 5, 30, 30))


def test_a_field_that_falls_counts_as_nothing_and_is_not_in_the_sum() -> None:
    found = rows(stat("0 0 0 0 50 0 0 0 0 0"), stat("30 0 0 70 40 0 0 0 0 0"))
    assert found["all"] == pytest.approx((30, 0, 0, 70, 0, 0, 0, 0, 0, 0))


def test_a_cpu_counts_from_its_second_snapshot_and_may_leave() -> None:
    one = "10 0 0 90 0 0 0 0 0 0"
    two = "20 0 0 180 0 0 0 0 0 0"
    assert set(rows(stat(one, one), stat(two, two, two))) == {"all", "0"}
    assert set(rows(stat(one, one, one), stat(two, two))) == {"all", "0"}


def test_no_time_passed_gives_no_row_and_no_host_columns() -> None:
    same = cpu.parse(stat("1 2 3 4 5 6 7 8 9 10"))
    found, host = cpu.derive(same, same)
    assert found == []
    assert all(map(isnan, host))


@pytest.mark.parametrize("fields", ["10 0 5 85", "10 0 5 85 0 0 0", "10 0 5 85 0 0 0 0 0 0 7 7"])
def test_kernels_with_fewer_or_more_fields(fields: str) -> None:
    assert rows(stat("0 0 0 0"), stat(fields))["all"][:4] == pytest.approx((10, 0, 5, 85))


def test_counters_below_the_cpus_are_read_whatever_their_order() -> None:
    text = "cpu  1 2 3 4 5 6 7 8 9 10\nintr 77 1 2\nprocs_blocked 3\nctxt 5\nsoftirq 9 9\n"
    assert cpu.parse(text).counters == {"intr": 77, "procs_blocked": 3, "ctxt": 5}


def test_text_without_cpus_is_refused() -> None:
    with pytest.raises(ValueError, match="no line 'cpu'"):
        cpu.parse("intr 5\n")
