"""The host's totals on machines of many shapes: each byte counts once, by the host record and by names alone.

In every machine the layers carry what the devices below them carry, so a wrong choice shows as a wrong sum.
"""

from typing import Any, NamedTuple

import pytest
from fix_recordings import MEMINFO, diskstats, netdev, record, stat

from perfops.catalogue import HOST
from perfops.samples.derive import derive
from perfops.samples.notes import Notes
from perfops.samples.records import read_records
from perfops.samples.snapshots import group
from perfops.samples.story import Story


class Machine(NamedTuple):
    """Growth of each device in a second: sectors read from disks, bytes received by interfaces.

    `disks` and `ports` are what the host record says; `sectors` and `received` what a user means by the totals.
    """

    growth: dict[str, int]
    traffic: dict[str, int]
    disks: list[str]
    ports: dict[str, str | None]
    sectors: int
    received: int


PLAIN: dict[str, Any] = {"traffic": {"lo": 70, "eth0": 9}, "ports": {"eth0": None}, "received": 9}
DISK: dict[str, Any] = {"growth": {"sda": 8, "sda1": 8}, "disks": ["sda"], "sectors": 8}
MACHINES = {
    "Azure, accelerated networking": Machine(
        growth={"sda": 100, "sda1": 90, "sda14": 10, "sdb": 20, "sdb1": 20, "sr0": 5, "loop0": 7},
        traffic={"lo": 70, "eth0": 1000, "enP30832s1": 990},
        disks=["sda", "sdb"],
        ports={"eth0": None, "enP30832s1": "eth0"},
        sectors=120,
        received=1000,
    ),
    "Azure, two accelerated interfaces": Machine(
        traffic={"eth0": 1000, "enP1s1": 990, "eth1": 500, "enP2s2": 500},
        ports={"eth0": None, "enP1s1": "eth0", "eth1": None, "enP2s2": "eth1"},
        received=1500,
        **DISK,
    ),
    "Azure, NVMe disks and a newer driver": Machine(
        growth={"nvme0n1": 30, "nvme0n1p1": 30, "nvme0n2": 40, "nvme1n1": 2},
        disks=["nvme0n1", "nvme0n2", "nvme1n1"],
        sectors=72,
        traffic={"eth0": 1000, "enP30832s1": 990},
        ports={"eth0": None, "enP30832s1": "eth0"},
        received=1000,
    ),
    "a bond with VLANs on it": Machine(
        traffic={"ens3": 600, "ens4": 400, "bond0": 1000, "bond0.100": 700, "vlan200": 300, "lo": 5},
        ports={"ens3": "bond0", "ens4": "bond0"},
        received=1000,
        **DISK,
    ),
    "a team": Machine(
        traffic={"eno1": 10, "eno2": 30, "team0": 40},
        ports={"eno1": "team0", "eno2": "team0"},
        received=40,
        **DISK,
    ),
    "a bridge for virtual machines": Machine(
        traffic={"enp3s0": 800, "br0": 790, "vnet0": 500, "virbr0": 3, "macvtap0": 20},
        ports={"enp3s0": "br0"},
        received=800,
        **DISK,
    ),
    "Kubernetes on OCI": Machine(
        growth={"sda": 50, "sda1": 10, "sda3": 40, "dm-0": 30, "dm-1": 10},
        disks=["sda"],
        sectors=50,
        traffic={"ens3": 100, "cni0": 90, "flannel.1": 30, "veth1": 45, "veth2": 45, "kube-ipvs0": 0, "cilium_host": 9},
        ports={"ens3": None},
        received=100,
    ),
    "LVM on NVMe": Machine(
        growth={"nvme0n1": 100, "nvme0n1p1": 1, "nvme0n1p3": 99, "nvme1n1": 60, "dm-0": 130, "dm-1": 29},
        disks=["nvme0n1", "nvme1n1"],
        sectors=160,
        **PLAIN,
    ),
    "multipath: four paths to two disks": Machine(
        growth={"sda": 10, "sdb": 11, "sdc": 20, "sdd": 21, "sdd1": 21, "dm-0": 21, "dm-1": 41, "dm-2": 41, "dm-3": 62},
        disks=["sda", "sdb", "sdc", "sdd"],
        sectors=62,
        **PLAIN,
    ),
    "NVMe of several paths, before Linux 6.3": Machine(
        growth={"nvme0n1": 0, "nvme0n1p1": 0, "nvme0c0n1": 30, "nvme0c1n1": 40, "nvme1n1": 5},
        disks=["nvme0c0n1", "nvme0c1n1", "nvme1n1"],
        sectors=75,
        **PLAIN,
    ),
    "NVMe of several paths, from Linux 6.3": Machine(
        growth={"nvme0n1": 70, "nvme0n1p1": 70, "nvme0c0n1": 30, "nvme0c1n1": 40, "nvme1n1": 5},
        disks=["nvme0n1", "nvme1n1"],
        sectors=75,
        **PLAIN,
    ),
    "RAID of two disks, a cache and a network disk on it": Machine(
        growth={
            "sda": 10,
            "sda1": 10,
            "sdb": 11,
            "md0": 15,
            "md0p1": 15,
            "bcache0": 14,
            "drbd0": 9,
            "nbd0": 3,
            "zd16": 4,
        },
        disks=["sda", "sdb"],
        sectors=21,
        **PLAIN,
    ),
    "tunnels": Machine(
        traffic={"enX0": 300, "tun0": 200, "wg0": 90, "vxlan.calico": 30, "tap1": 1, "gre0": 5, "sit0": 4, "dummy0": 2},
        ports={"enX0": None},
        received=300,
        **DISK,
    ),
}


def tick(machine: Machine, number: int, host: bool) -> list[bytes]:
    """The records of a second."""
    disks = {name: f"0 0 {number * grown} 0 0 0 0 0 0 0 0" for name, grown in machine.growth.items()}
    ports = {name: f"{number * grown}{' 0' * 15}" for name, grown in machine.traffic.items()}
    texts = {
        "/proc/stat": stat(f"{number} 0 0 {number}"),
        "/proc/meminfo": MEMINFO,
        "/proc/diskstats": diskstats(**disks),
        "/proc/net/dev": netdev(**ports),
    }
    facts = {
        "disks": [{"name": name, "size_bytes": 1, "rotational": 0, "scheduler": "none"} for name in machine.disks],
        "interfaces": [
            {"name": name, "master": master, "driver": None, "speed_mbps": 1000}
            for name, master in machine.ports.items()
        ],
    }
    about = [record(number, "host", facts)] if host and number == 1 else []
    return about + [record(number, name, text) for name, text in texts.items()]


@pytest.mark.parametrize("host", [True, False], ids=["host record", "names alone"])
@pytest.mark.parametrize("name", MACHINES)
def test_each_request_and_each_packet_counts_once(name: str, host: bool) -> None:
    machine = MACHINES[name]
    lines = [line for number in (1, 2, 3) for line in tick(machine, number, host)]
    story = Story(Notes())
    samples = list(derive(group(read_records(lines, "file", story.notes)), story, {}))
    assert not story.notes.counts
    assert len(samples) == 2
    for sample in samples:
        row = dict(zip([metric.name for metric in HOST.metrics], sample.rows["host"][0][1], strict=True))
        assert (row["disk_read_bytes"], row["net_rx_bytes"]) == (machine.sectors * 512, machine.received)
        assert {device for device, _ in sample.rows["net"]} == machine.traffic.keys()
