"""Which disks and interfaces make up the totals: by name, and by the host record."""

import pytest

from perfops.samples.topology import BY_NAME, counted_ports, read_topology, wanted_disks


@pytest.mark.parametrize(
    ("names", "whole", "stacked"),
    [
        ("sda sda1 sda14 sdb sdb1 loop0 ram1 zram0 sr0 fd0", "sda sdb", ""),
        ("nvme0n1 nvme0n1p1 nvme0n1p15 nvme0n10 nvme1n1", "nvme0n1 nvme0n10 nvme1n1", ""),
        ("vda vda1 dm-0 dm-1 dm-10 md0 md0p1 md127 nbd0 drbd1", "vda", "dm-0 dm-1 dm-10 md0 md127 nbd0 drbd1"),
        ("mmcblk0 mmcblk0p1 mmcblk0boot0 xvda xvda1 xvdb", "mmcblk0 mmcblk0boot0 xvda xvdb", ""),
        ("sdab sda sdab1 sda1", "sdab sda", ""),
    ],
)
def test_disks_by_name(names: str, whole: str, stacked: str) -> None:
    wanted = wanted_disks(set(names.split()), BY_NAME)
    assert {name for name, counts in wanted.items() if counts} == set(whole.split())
    assert {name for name, counts in wanted.items() if not counts} == set(stacked.split())


@pytest.mark.parametrize(
    ("names", "counted"),
    [
        ("lo eth0 docker0 veth12 br-5f virbr0 cni0 flannel.1 cali1 kube-ipvs0 podman0 lxcbr0 tun0 tap1 wg0", "eth0"),
        ("eth0 vxlan.calico dummy0 ifb0 eth0.100", "eth0"),
        ("eth0 azvc440f455693 azure0 antrea-gw0 nodelocaldns", "eth0"),
        ("lo eth0 enP30832s1", "eth0"),
        ("lo enP2s1", "enP2s1"),
        ("lo ens3 enp0s5 eno1", "ens3 enp0s5 eno1"),
        ("bond0 eth0 eth1 team0", "eth0 eth1"),
    ],
)
def test_interfaces_by_name(names: str, counted: str) -> None:
    assert counted_ports(set(names.split()), BY_NAME) == set(counted.split())


def test_the_host_record_is_believed_before_the_names() -> None:
    host = {
        "disks": [{"name": "nvme0n1"}, {"name": "dm-7"}],
        "interfaces": [
            {"name": "eth0", "master": None},
            {"name": "enP1s2", "master": "eth0"},
            {"name": "lan1", "master": "bond0"},
            {"name": "lan2", "master": "bond0"},
        ],
    }
    topology = read_topology(host)
    assert wanted_disks({"nvme0n1", "nvme0n1p1", "sda", "dm-7", "loop0"}, topology) == {
        "nvme0n1": True,
        "sda": False,
        "dm-7": True,
    }
    assert counted_ports({"lo", "eth0", "enP1s2", "lan1", "lan2", "bond0", "veth1"}, topology) == {
        "eth0",
        "lan1",
        "lan2",
    }


def test_a_host_record_without_topology_leaves_it_to_the_names() -> None:
    assert read_topology({"hostname": "vm"}) == BY_NAME


def test_a_device_that_comes_later_goes_by_its_name() -> None:
    host = {
        "disks": [{"name": "sda"}],
        "interfaces": [{"name": "eth0", "master": None}, {"name": "enP1s2", "master": "eth0"}],
        "others": ["dm-0", "lo", "storage0", "wan0"],
    }
    topology = read_topology(host)
    assert wanted_disks({"sda", "sda1", "sdb", "sdb1", "dm-0", "dm-1", "storage0"}, topology) == {
        "sda": True,
        "sdb": True,
        "dm-0": False,
        "dm-1": False,
        "storage0": False,
    }
    ports = {"lo", "eth0", "enP1s2", "enP2s2", "eth1", "veth4", "wan0"}
    assert counted_ports(ports, topology) == {"eth0", "eth1"}
