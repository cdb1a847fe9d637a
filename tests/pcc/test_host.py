"""Which disks are whole and which interfaces physical, on trees of /sys as clouds have them; the host's facts."""

import os
from pathlib import Path
from typing import Any

import pytest
from fix_pcc import ROOTS, Records

from perfops.pcc.host import host_facts, number_of, os_name, physical_interfaces, whole_disks
from perfops.pcc.options import read_options
from perfops.samples.topology import counted_ports, read_topology

PCI = "pci0000:00/0000:00:02.0"


def link(place: Path, target: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(os.path.relpath(target, place.parent))


def disk(root: Path, place: str, size: int | None = 2048, rotational: int = 0, iostats: int = 1) -> None:
    """A disk whose device lies at `place` below /sys/devices."""
    real = root / "devices" / place
    (real / "queue").mkdir(parents=True)
    if size is not None:
        (real / "size").write_text(f"{size}\n")
    (real / "queue" / "rotational").write_text(f"{rotational}\n")
    (real / "queue" / "iostats").write_text(f"{iostats}\n")
    link(root / "block" / real.name, real)


def port(root: Path, name: str, device: str | None = None, driver: str = "", master: str = "") -> None:
    """An interface; `device` is the place of the device behind it, below /sys/devices."""
    real = root / "devices" / (f"{device}/net/{name}" if device else f"virtual/net/{name}")
    real.mkdir(parents=True)
    link(root / "class" / "net" / name, real)
    if device:
        link(real / "device", root / "devices" / device)
        if driver:
            (root / "bus" / "drivers" / driver).mkdir(parents=True, exist_ok=True)
            if not (root / "devices" / device / "driver").exists():
                link(root / "devices" / device / "driver", root / "bus" / "drivers" / driver)
    if master:
        link(real / "master", root / "class" / "net" / master)


def names(disks: list[dict[str, Any]] | None) -> list[str]:
    assert disks is not None
    return [each["name"] for each in disks]


def test_a_disk_with_its_size_and_kind(tmp_path: Path) -> None:
    disk(tmp_path, f"{PCI}/virtio1/block/vda", size=268435456, rotational=1)
    disk(tmp_path, f"{PCI}/host0/target0:0:0/0:0:0:0/block/sda", size=None)
    assert whole_disks(str(tmp_path)) == [
        {"name": "sda", "size_bytes": None, "rotational": 0},
        {"name": "vda", "size_bytes": 137438953472, "rotational": 1},
    ]


def test_layers_images_and_memory_are_no_whole_disks(tmp_path: Path) -> None:
    for name in ("loop0", "ram0", "zram0", "dm-0", "md127", "drbd0", "nbd0", "bcache0", "zd0"):
        disk(tmp_path, f"virtual/block/{name}")
    for name in ("sr0", "fd0", "xvda", "mmcblk0", "dasda"):
        disk(tmp_path, f"{PCI}/{name[:2]}/block/{name}")
    assert names(whole_disks(str(tmp_path))) == ["dasda", "mmcblk0", "xvda"]


def test_an_nvme_disk_of_one_path(tmp_path: Path) -> None:
    disk(tmp_path, f"{PCI}/nvme/nvme0/nvme0n1")
    disk(tmp_path, f"{PCI}/nvme/nvme0/nvme0n2")
    assert names(whole_disks(str(tmp_path))) == ["nvme0n1", "nvme0n2"]


@pytest.mark.parametrize(
    ("iostats", "counted"), [(1, ["nvme0n1", "nvme1n1"]), (0, ["nvme0c0n1", "nvme0c1n1", "nvme1n1"])]
)
def test_of_an_nvme_disk_of_several_paths_what_has_counters(tmp_path: Path, iostats: int, counted: list[str]) -> None:
    disk(tmp_path, "virtual/nvme-subsystem/nvme-subsys0/nvme0n1", iostats=iostats)
    disk(tmp_path, f"{PCI}/nvme/nvme0/nvme0c0n1")
    disk(tmp_path, f"{PCI}/nvme/nvme1/nvme0c1n1")
    disk(tmp_path, f"{PCI}/nvme/nvme2/nvme1n1")
    assert names(whole_disks(str(tmp_path))) == counted


def counted(root: Path) -> tuple[dict[str, str | None], list[str]]:
    """Physical interfaces with their masters, and those that count for the host's totals, of all there are."""
    interfaces = physical_interfaces(str(root))
    assert interfaces is not None
    everything = [place.name for place in (root / "class" / "net").iterdir()]
    totals = counted_ports(everything, read_topology({"interfaces": interfaces}))
    return {each["name"]: each["master"] for each in interfaces}, sorted(totals)


def test_a_virtual_machine_with_containers(tmp_path: Path) -> None:
    port(tmp_path, "ens3", f"{PCI}/virtio0", driver="virtio_net")
    for name in ("lo", "docker0", "br-1a2b", "wg0", "dummy0", "tap0", "ens3.100"):
        port(tmp_path, name)
    port(tmp_path, "veth12ab", master="docker0")
    (tmp_path / "class" / "net" / "bonding_masters").write_text("\n")
    assert physical_interfaces(str(tmp_path)) == [{"name": "ens3", "master": None, "driver": "virtio_net"}]
    assert counted(tmp_path) == ({"ens3": None}, ["ens3"])


def test_azures_pair_counts_once(tmp_path: Path) -> None:
    port(tmp_path, "eth0", "LNXSYSTM:00/VMBUS:00/f8b3", driver="hv_netvsc")
    port(tmp_path, "enP53091s1", f"{PCI}/0001:00:02.0", driver="mlx5_core", master="eth0")
    assert counted(tmp_path) == ({"enP53091s1": "eth0", "eth0": None}, ["eth0"])


def test_the_slaves_of_a_bond_count_and_the_bond_does_not(tmp_path: Path) -> None:
    port(tmp_path, "bond0")
    port(tmp_path, "bond0.7")
    port(tmp_path, "ens3", f"{PCI}/0000:00:03.0", master="bond0")
    port(tmp_path, "ens4", f"{PCI}/0000:00:04.0", master="bond0")
    assert counted(tmp_path) == ({"ens3": "bond0", "ens4": "bond0"}, ["ens3", "ens4"])


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


def test_the_facts_of_the_host(tmp_path: Path) -> None:
    options = read_options(
        ["--proc-root", str(ROOTS / "debian12-2cpu" / "proc"), "--sys-root", str(tmp_path), "--labels", "k=v"], {}
    )
    facts = host_facts(options, {"/proc/stat": "gone"})
    system = os.uname()
    assert facts == {
        "collection": options.id, "identifier": system.nodename, "labels": {"k": "v"}, "mode": "local",
        "duration": 600, "frequency": 1, "pcc": "0.1.0", "pid": os.getpid(), "hostname": system.nodename,
        "kernel": system.release, "architecture": system.machine, "os": os_name(),
        "boot_id": (ROOTS / "debian12-2cpu/proc/sys/kernel/random/boot_id").read_text().strip(),
        "clock_tick": 100, "page_size": os.sysconf("SC_PAGE_SIZE"), "cpus_online": os.sysconf("SC_NPROCESSORS_ONLN"),
        "disks": None, "interfaces": None, "unreadable": {"/proc/stat": "gone"},
    }  # fmt: skip


def test_the_real_host_record(records: Records) -> None:
    facts = records[0]["measurement"]
    assert facts["boot_id"] == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert facts["labels"] == {"build": "42", "kind": "night run"}
    assert (facts["duration"], facts["frequency"], facts["mode"]) == (1, 0.05, "local")
    diskstats = next(record for record in records if record["subsystem"] == "/proc/diskstats")["measurement"].split()
    assert {each["name"] for each in facts["disks"]} <= set(diskstats)
    net = next(record for record in records if record["subsystem"] == "/proc/net/dev")["measurement"].split()
    assert {each["name"] + ":" for each in facts["interfaces"]} <= set(net)
