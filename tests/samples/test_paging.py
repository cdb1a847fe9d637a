"""Paging and reclaim: names of old and new kernels, and counters that are not there or fall."""

from math import isnan

import pytest

from perfops.catalogue.paging import PAGING
from perfops.samples import paging

NAMES = [metric.name for metric in PAGING]


def vmstat(**counters: int) -> str:
    return "".join(f"{name} {number}\n" for name, number in counters.items())


BEFORE = {"pgpgin": 100, "pgpgout": 200, "pswpin": 1, "pswpout": 2, "pgfault": 1000, "pgmajfault": 10}
BEFORE |= {"pgscan_kswapd": 50, "pgscan_direct": 5, "pgsteal_kswapd": 40, "pgsteal_direct": 4, "oom_kill": 0}


def rates(before: str, now: str, seconds: float = 2.0) -> dict[str, float]:
    earlier = paging.parse(before)
    return dict(zip(NAMES, paging.rates(earlier, paging.parse(now, earlier), seconds), strict=True))


def test_rates_of_all_figures() -> None:
    now = {name: number + 10 * place for place, (name, number) in enumerate(BEFORE.items(), 1)}
    assert rates(vmstat(**BEFORE), vmstat(**now)) == pytest.approx(
        {
            "paged_in_bytes": 10 * 1024 / 2,
            "paged_out_bytes": 20 * 1024 / 2,
            "swapped_in": 15,
            "swapped_out": 20,
            "page_faults": 25,
            "major_faults": 30,
            "pages_scanned": (70 + 80) / 2,
            "pages_reclaimed": (90 + 100) / 2,
            "oom_kills": 55,
        }
    )


def test_zones_of_old_kernels_are_summed_up_and_throttling_is_no_page() -> None:
    zones = {
        f"{name}_{zone}": 1
        for name in paging.SCANNED + paging.RECLAIMED
        for zone in ("dma", "dma32", "normal", "movable")
    }
    before = vmstat(**zones, pgscan_direct_throttle=0)
    now = vmstat(**dict.fromkeys(zones, 3), pgscan_direct_throttle=1000)
    found = rates(before, now, 1.0)
    assert (found["pages_scanned"], found["pages_reclaimed"]) == (16, 16)
    assert isnan(found["oom_kills"])
    assert isnan(found["page_faults"])


def test_the_whole_table_gives_what_the_chosen_lines_give() -> None:
    others = {"nr_free_pages": 77, "numa_hit": 5}
    whole = vmstat(**others, **BEFORE, pgscan_khugepaged=99)
    assert paging.parse(whole).counters == paging.parse(vmstat(**BEFORE)).counters


def test_lines_that_change_places_are_told_apart() -> None:
    turned = vmstat(**dict(reversed(BEFORE.items())))
    found = rates(vmstat(**BEFORE), turned)
    assert set(found.values()) == {0}


def test_a_counter_that_falls_has_no_value_and_the_others_do() -> None:
    found = rates(vmstat(**BEFORE), vmstat(**BEFORE | {"pgfault": 999, "pgmajfault": 12}))
    assert isnan(found["page_faults"])
    assert found["major_faults"] == 1


def test_a_counter_that_appears_has_no_value_yet() -> None:
    without = {name: number for name, number in BEFORE.items() if name != "oom_kill"}
    found = rates(vmstat(**without), vmstat(**BEFORE))
    assert isnan(found["oom_kills"])
    assert found["page_faults"] == 0


def test_one_snapshot_alone_gives_nothing() -> None:
    assert all(map(isnan, paging.rates(None, paging.parse(vmstat(**BEFORE)), 1.0)))


@pytest.mark.parametrize("text", ["pgpgin x\n", "nothing here at all\n", f"pgpgin {'9' * 30}\n"])
def test_what_is_no_table_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        paging.parse(text)
