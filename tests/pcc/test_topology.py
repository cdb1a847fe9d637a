"""Which disks are whole and which interfaces physical, on trees of /sys as clouds and servers have them.

What counts for the host's totals is told by perfops from the record, and by names where there is none: both ways.
"""

from pathlib import Path
from typing import Any

import pytest
from fix_sys import PCI, disk, port

from perfops.pcc.smallfiles import number_of
from perfops.pcc.topology import others, physical_interfaces, scheduler_of, whole_disks
from perfops.samples.topology import BY_NAME, Topology, counted_ports, read_topology, wanted_disks


def names(disks: list[dict[str, Any]] | None) -> list[str]:
    assert disks is not None
    return [each["name"] for each in disks]


def counted_disks(root: Path, *partitions: str) -> list[str]:
    """The disks that count for the host's totals, by the record of this tree; by names they are the same."""
    everything = [*(place.name for place in (root / "block").iterdir()), *partitions]

    def totals(topology: Topology) -> list[str]:
        return sorted(name for name, counts in wanted_disks(everything, topology).items() if counts)

    by_record = totals(read_topology({"disks": whole_disks(str(root))}))
    assert totals(BY_NAME) == by_record
    return by_record


def counted(root: Path) -> tuple[dict[str, str | None], list[str]]:
    """Physical interfaces with their masters, and those that count for the totals, by the record as by names."""
    interfaces = physical_interfaces(str(root))
    assert interfaces is not None
    everything = [place.name for place in (root / "class" / "net").iterdir()]
    totals = sorted(counted_ports(everything, read_topology({"interfaces": interfaces})))
    assert sorted(counted_ports(everything, BY_NAME)) == totals
    return {each["name"]: each["master"] for each in interfaces}, totals


def test_a_disk_with_its_size_kind_and_scheduler(tmp_path: Path) -> None:
    disk(tmp_path, f"{PCI}/virtio1/block/vda", size=268435456, rotational=1, scheduler="none [mq-deadline] kyber")
    disk(tmp_path, f"{PCI}/host0/target0:0:0/0:0:0:0/block/sda", size=None)
    assert whole_disks(str(tmp_path)) == [
        {"name": "sda", "size_bytes": None, "rotational": 0, "scheduler": None},
        {"name": "vda", "size_bytes": 137438953472, "rotational": 1, "scheduler": "mq-deadline"},
    ]


def test_all_that_does_not_count_is_told_too(tmp_path: Path) -> None:
    disk(tmp_path, f"{PCI}/virtio1/block/vda")
    disk(tmp_path, "virtual/block/dm-0")
    port(tmp_path, "eth0", device=f"{PCI}/virtio0")
    port(tmp_path, "wg0")
    root = str(tmp_path)
    assert others(root, whole_disks(root), physical_interfaces(root)) == ["dm-0", "wg0"]


@pytest.mark.parametrize(
    ("text", "scheduler"),
    [
        ("[none] mq-deadline", "none"),
        ("noop deadline [cfq]", "cfq"),
        ("none", "none"),  # a disk without any to choose from, on kernels before 5.0
        ("", None),
        (None, None),
    ],
)
def test_of_several_schedulers_the_one_in_brackets_is_in_use(text: str | None, scheduler: str | None) -> None:
    assert scheduler_of(text) == scheduler


def test_layers_images_and_memory_are_no_whole_disks(tmp_path: Path) -> None:
    for name in ("loop0", "ram0", "zram0", "dm-0", "md127", "drbd0", "nbd0", "bcache0", "zd0"):
        disk(tmp_path, f"virtual/block/{name}")
    for name in ("sr0", "fd0", "xvda", "mmcblk0", "dasda"):
        disk(tmp_path, f"{PCI}/{name[:2]}/block/{name}")
    assert names(whole_disks(str(tmp_path))) == ["dasda", "mmcblk0", "xvda"]
    assert counted_disks(tmp_path, "xvda1", "mmcblk0p1") == ["dasda", "mmcblk0", "xvda"]


def test_lvm_on_nvme_counts_once(tmp_path: Path) -> None:
    disk(tmp_path, f"{PCI}/nvme/nvme0/nvme0n1", scheduler="[none] mq-deadline")
    disk(tmp_path, f"{PCI}/nvme/nvme1/nvme1n1", scheduler="[none] mq-deadline")
    for number in range(3):
        disk(tmp_path, f"virtual/block/dm-{number}", uuid=f"LVM-{number}")
    assert names(whole_disks(str(tmp_path))) == ["nvme0n1", "nvme1n1"]
    assert counted_disks(tmp_path, "nvme0n1p1", "nvme0n1p2") == ["nvme0n1", "nvme1n1"]


def test_of_multipath_the_paths_count(tmp_path: Path) -> None:
    """Each request goes over one of them, and all of them have counters."""
    for number, name in enumerate(("sda", "sdb", "sdc", "sdd")):
        disk(tmp_path, f"{PCI}/host{number}/rport-{number}/target/{number}:0:0:1/block/{name}")
    disk(tmp_path, "virtual/block/dm-0", uuid="mpath-3600a098000aa")
    disk(tmp_path, "virtual/block/dm-1", uuid="LVM-on-it")
    assert names(whole_disks(str(tmp_path))) == ["sda", "sdb", "sdc", "sdd"]
    assert counted_disks(tmp_path, "sda1") == ["sda", "sdb", "sdc", "sdd"]


def test_an_nvme_disk_of_one_path(tmp_path: Path) -> None:
    disk(tmp_path, f"{PCI}/nvme/nvme0/nvme0n1")
    disk(tmp_path, f"{PCI}/nvme/nvme0/nvme0n2")
    assert names(whole_disks(str(tmp_path))) == ["nvme0n1", "nvme0n2"]


@pytest.mark.parametrize(
    ("iostats", "whole"), [(1, ["nvme0n1", "nvme1n1"]), (0, ["nvme0c0n1", "nvme0c1n1", "nvme1n1"])]
)
def test_of_an_nvme_disk_of_several_paths_what_has_counters(tmp_path: Path, iostats: int, whole: list[str]) -> None:
    disk(tmp_path, "virtual/nvme-subsystem/nvme-subsys0/nvme0n1", iostats=iostats)
    disk(tmp_path, f"{PCI}/nvme/nvme0/nvme0c0n1")
    disk(tmp_path, f"{PCI}/nvme/nvme1/nvme0c1n1")
    disk(tmp_path, f"{PCI}/nvme/nvme2/nvme1n1")
    assert names(whole_disks(str(tmp_path))) == whole


def test_a_virtual_machine_with_containers(tmp_path: Path) -> None:
    port(tmp_path, "ens3", f"{PCI}/virtio0", driver="virtio_net", speed="-1")
    for name in ("lo", "docker0", "br-1a2b", "wg0", "dummy0", "tap0", "ens3.100"):
        port(tmp_path, name, speed="10000")
    port(tmp_path, "veth12ab", master="docker0")
    (tmp_path / "class" / "net" / "bonding_masters").write_text("\n")
    assert physical_interfaces(str(tmp_path)) == [
        {"name": "ens3", "master": None, "driver": "virtio_net", "speed_mbps": None}
    ]
    (tmp_path / "class" / "net" / "bonding_masters").unlink()
    assert counted(tmp_path) == ({"ens3": None}, ["ens3"])


@pytest.mark.parametrize(
    ("text", "speed"), [("25000", 25000), ("-1", None), ("0", None), ("4294967295", None), (None, None)]
)
def test_an_interface_without_a_link_has_no_speed(tmp_path: Path, text: str | None, speed: int | None) -> None:
    port(tmp_path, "eno1", f"{PCI}/0000:00:03.0", driver="i40e", speed=text)
    assert physical_interfaces(str(tmp_path)) == [
        {"name": "eno1", "master": None, "driver": "i40e", "speed_mbps": speed}
    ]


def test_azures_pairs_count_once(tmp_path: Path) -> None:
    port(tmp_path, "eth0", "LNXSYSTM:00/VMBUS:00/f8b3", driver="hv_netvsc", speed="50000")
    port(tmp_path, "enP53091s1", f"{PCI}/0001:00:02.0", driver="mlx5_core", master="eth0", speed="50000")
    port(tmp_path, "eth1", "LNXSYSTM:00/VMBUS:00/f8b4", driver="hv_netvsc")
    port(tmp_path, "enP1s2", f"{PCI}/0002:00:02.0", driver="mana", master="eth1")
    assert counted(tmp_path) == (
        {"enP1s2": "eth1", "enP53091s1": "eth0", "eth0": None, "eth1": None},
        ["eth0", "eth1"],
    )
    drivers = {each["name"]: each["driver"] for each in physical_interfaces(str(tmp_path)) or []}
    assert drivers == {"eth0": "hv_netvsc", "enP53091s1": "mlx5_core", "eth1": "hv_netvsc", "enP1s2": "mana"}


@pytest.mark.parametrize("kind", ["bond", "team"])
def test_the_slaves_of_a_bond_or_team_count_and_it_and_its_vlans_do_not(tmp_path: Path, kind: str) -> None:
    for name in (f"{kind}0", f"{kind}0.7", "vlan100"):
        port(tmp_path, name, speed="20000")
    port(tmp_path, "ens3", f"{PCI}/0000:00:03.0", master=f"{kind}0", speed="10000")
    port(tmp_path, "ens4", f"{PCI}/0000:00:04.0", master=f"{kind}0", speed="10000")
    assert counted(tmp_path) == ({"ens3": f"{kind}0", "ens4": f"{kind}0"}, ["ens3", "ens4"])


def test_a_bond_of_any_name_is_known_by_the_record_where_its_name_tells_nothing(tmp_path: Path) -> None:
    port(tmp_path, "uplink")
    port(tmp_path, "storage-net")  # a VLAN with a name of its own
    port(tmp_path, "eno1", f"{PCI}/0000:00:03.0", master="uplink")
    interfaces = physical_interfaces(str(tmp_path))
    everything = ["uplink", "storage-net", "eno1"]
    assert counted_ports(everything, read_topology({"interfaces": interfaces})) == {"eno1"}


def test_a_port_of_a_bridge_counts_and_the_bridge_does_not(tmp_path: Path) -> None:
    port(tmp_path, "br0")
    port(tmp_path, "eno1", f"{PCI}/0000:00:03.0", master="br0")
    assert counted(tmp_path) == ({"eno1": "br0"}, ["eno1"])


def test_a_tree_that_does_not_tell_is_unknown_and_not_empty(tmp_path: Path) -> None:
    assert whole_disks(str(tmp_path)) is None
    assert physical_interfaces(str(tmp_path)) is None
    (tmp_path / "block").mkdir()
    (tmp_path / "class" / "net").mkdir(parents=True)
    assert whole_disks(str(tmp_path)) == []
    assert physical_interfaces(str(tmp_path)) == []


@pytest.mark.parametrize(("text", "number"), [("512\n", 512), ("-1\n", -1), ("", None), ("x\n", None)])
def test_the_number_in_a_small_file(tmp_path: Path, text: str, number: int | None) -> None:
    (tmp_path / "size").write_text(text)
    assert number_of(str(tmp_path), "size") == number
    assert number_of(str(tmp_path), "none") is None
