"""Memory: sysstat's definition of used, and texts whose layout changes."""

from math import isnan

import pytest
from fix_recordings import MEMINFO

from perfops.samples import memory


def test_used_is_total_without_free_buffers_cached_and_slab() -> None:
    host, system = memory.derive(memory.parse(MEMINFO))
    used = 4_000_000 - 1_000_000 - 50_000 - 1_200_000 - 150_000
    assert host == pytest.approx((4_000_000 / 1024, used / 1024, 2_500_000 / 1024, 50_000 / 1024, 1_200_000 / 1024))
    assert system[:4] == pytest.approx((1_000_000 / 1024, used / 40_000, 2_250_000 / 1024, 50))
    assert system[-1] == pytest.approx(100_000 / 1024)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("1000000 kB\nMemAvailable", "1234567890 kB\nMemAvailable"),
        ("Committed_AS:   2250000 kB", "Committed_AS:   123456789012 kB"),
        ("SwapCached:           0 kB\n", ""),
        ("MemAvailable:   2500000 kB\n", "MemAvailable:   7 kB\n"),
        ("Slab:            150000 kB\n", "Shmem: 5 kB\nSlab:            150001 kB\n"),
    ],
)
def test_a_text_read_after_another_gives_what_it_gives_alone(old: str, new: str) -> None:
    changed = MEMINFO.replace(old, new)
    assert changed != MEMINFO
    before = memory.parse(MEMINFO)
    assert memory.parse(changed, before).fields == memory.parse(changed).fields
    assert memory.parse(MEMINFO, memory.parse(changed)).fields == before.fields


def test_an_old_kernel_has_no_available_memory() -> None:
    found = memory.parse(MEMINFO.replace("MemAvailable:   2500000 kB\n", ""))
    assert isnan(memory.derive(found)[0][2])
    assert memory.derive(memory.parse(MEMINFO, found)) == memory.derive(memory.parse(MEMINFO))


def test_text_without_totals_is_refused() -> None:
    with pytest.raises(ValueError, match="MemTotal"):
        memory.parse("Cached: 5 kB\n")
