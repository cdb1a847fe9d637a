"""Disks, interfaces, file systems: rates, sums, and devices that come, go, wrap or idle."""

import json
from math import isnan

import pytest
from fix_recordings import diskstats, netdev

from perfops.samples import disk, filesystem, net
from perfops.samples.notes import Notes

BEFORE = "100 0 800 50 200 0 1600 90 0 1000 140 5 0 40 1"
AFTER = "110 0 960 80 240 0 3200 130 3 3000 240 7 0 80 2"


def disks(before: str, now: str, wanted: dict[str, bool], seconds: float = 2.0):
    notes = Notes()
    earlier = disk.parse(before)
    rows, sums = disk.derive(earlier, disk.parse(now, earlier), seconds, wanted, notes, "12:00")
    return dict(rows), sums, notes


def test_rates_of_a_disk() -> None:
    rows, sums, _ = disks(diskstats(sda=BEFORE), diskstats(sda=AFTER), {"sda": True})
    assert rows["sda"] == pytest.approx(
        (160 * 512 / 2, 1600 * 512 / 2, 40 * 512 / 2, 5, 20, 1, 3.0, 1.0, 100 / 2000, 100.0)
    )
    assert sums == pytest.approx((160 * 256, 1600 * 256, 5, 20))


def test_only_counted_disks_are_in_the_sum_and_only_wanted_ones_in_the_rows() -> None:
    before, now = diskstats(sda=BEFORE, sda1=BEFORE, dm=BEFORE), diskstats(sda=AFTER, sda1=AFTER, dm=AFTER)
    rows, sums, _ = disks(before, now, {"sda": True, "dm": False})
    assert set(rows) == {"sda", "dm"}
    assert sums[2] == 5


def test_nothing_completed_has_no_waiting_time() -> None:
    rows, _, _ = disks(diskstats(sda=BEFORE), diskstats(sda=BEFORE.replace("1000", "1001")), {"sda": True})
    assert isnan(rows["sda"][6])
    assert isnan(rows["sda"][7])


def test_a_disk_whose_counters_fell_has_no_value_and_is_told() -> None:
    rows, sums, notes = disks(
        diskstats(sda=AFTER, sdb=BEFORE), diskstats(sda=BEFORE, sdb=AFTER), {"sda": True, "sdb": True}
    )
    assert set(rows) == {"sdb"}
    assert sums[2] == 5
    assert list(notes.lines()) == ["disk sda: its counters fell at 12:00: no value for that interval"]


def test_a_level_may_fall() -> None:
    before = diskstats(sda="100 0 800 50 200 0 1600 90 9 1000 140")
    rows, _, notes = disks(before, before.replace(" 9 1000", " 0 1000"), {"sda": True})
    assert rows["sda"][:6] == (0,) * 6
    assert not notes.counts


@pytest.mark.parametrize("order", [("sda", "sdb"), ("sdb", "sda")])
def test_a_disk_counts_from_its_second_snapshot(order: tuple[str, str]) -> None:
    now = diskstats(**dict.fromkeys(order, AFTER))
    rows, sums, _ = disks(diskstats(sda=BEFORE), now, {"sda": True, "sdb": True})
    assert set(rows) == {"sda"}
    assert sums[2] == 5


def test_lines_that_do_not_change_are_not_read_again() -> None:
    first = disk.parse(diskstats(sda=BEFORE, sdb=BEFORE))
    second = disk.parse(diskstats(sda=BEFORE, sdb=AFTER), first)
    assert second.counters["sda"] is first.counters["sda"]
    assert second.counters["sdb"] == disk.parse(diskstats(sdb=AFTER)).counters["sdb"]
    assert first.counters["sdb"] == disk.parse(diskstats(sdb=BEFORE)).counters["sdb"]


def test_disks_that_change_places_are_told_apart() -> None:
    first = disk.parse(diskstats(sda=BEFORE, sdb=AFTER))
    second = disk.parse(diskstats(sdb=AFTER, sda=BEFORE), first)
    assert second.counters == first.counters


def test_rates_of_an_interface_and_the_sum_of_the_physical_ones() -> None:
    before = netdev(lo="1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0", eth0="1000 10 0 0 0 0 0 0 2000 20 0 0 0 0 0 0")
    now = netdev(lo="9 9 0 0 0 0 0 0 9 9 0 0 0 0 0 0", eth0="3000 30 1 2 0 0 0 0 6000 50 3 4 0 0 0 0")
    earlier = net.parse(before)
    rows, sums = net.derive(earlier, net.parse(now, earlier), 2.0, frozenset({"eth0"}), Notes(), "12:00")
    assert dict(rows)["eth0"] == pytest.approx((1000, 2000, 10, 15, 0.5, 1.5, 1, 2))
    assert dict(rows)["lo"] == pytest.approx((4, 4, 4, 4, 0, 0, 0, 0))
    assert sums == pytest.approx((1000, 2000, 10, 15))


def test_an_interface_without_a_space_behind_its_colon_and_one_with_an_alias() -> None:
    fields = "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16"
    text = f"head|\nhead|\n  eth0:{fields}\neth0:1: {fields}\n"
    assert set(net.parse(text).counters) == {"eth0", "eth0:1"}


def space(mount_point: str, *inodes: int) -> str:
    """A line of statfs[*]; `inodes` are those in all and those that are free."""
    facts = {"mount_point": mount_point, "block_size": 4096}
    facts |= {"blocks_total": 1000, "blocks_free": 400, "blocks_available": 300}
    return json.dumps(facts | dict(zip(("files_total", "files_free"), inodes, strict=False))) + "\n"


def test_space_as_df_counts_it() -> None:
    line = space("/")
    first = filesystem.parse(line)
    ((name, values),) = first.rows
    assert (name, values[:4]) == ("/", (4096000, 1638400, 1228800, pytest.approx(600 / 900 * 100)))
    assert filesystem.parse(line, first).rows[0] is first.rows[0]


def test_inodes_where_there_is_a_fixed_number_of_them() -> None:
    rows = dict(filesystem.parse(space("/", 200, 150) + space("/btrfs", 0, 0) + space("/other recorder")).rows)
    assert rows["/"][4:] == (200, 150, 25)
    for name in ("/btrfs", "/other recorder"):
        assert all(map(isnan, rows[name][4:]))


def test_of_what_is_mounted_on_top_of_each_other_the_last_one_counts() -> None:
    rows = filesystem.parse(space("/srv", 200, 150) + space("/", 10, 10) + space("/srv", 400, 100)).rows
    assert [(name, values[4]) for name, values in rows] == [("/srv", 400), ("/", 10)]


@pytest.mark.parametrize("wrong", ["-1", "1e300", "18446744073709551616"])
def test_space_that_cannot_be_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"negative|no number of the kernel"):
        filesystem.parse(space("/").replace("1000", wrong))


@pytest.mark.parametrize("parse", [disk.parse, net.parse])
def test_text_without_a_device_is_refused(parse) -> None:
    with pytest.raises(ValueError, match="no line with a device's counters"):
        parse("nothing here\n")
