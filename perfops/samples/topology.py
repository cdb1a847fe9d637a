"""Which disks and interfaces make up the host's totals: by the host record where there is one, else by name."""

import re
from collections.abc import Collection
from typing import Any, NamedTuple

# Never a disk of a test, not even in the detail; and what is stacked on other disks: in the detail, not in the totals.
IMAGES = re.compile(r"(loop|ram|zram|sr|fd)\d")
LAYERS = re.compile(r"dm-|md|drbd|nbd|bcache|zd\d")
# Of an NVMe disk of several paths (nvme0n1) each path (nvme0c1n1) has counters; the disk itself only from Linux 6.3.
NVME_PATH = re.compile(r"(nvme\d+)c\d+(n\d+)")
VIRTUAL_PORTS = re.compile(
    r"lo$|veth|docker|br-|br\d|virbr|vnet|cni|flannel|cali|cilium|kube|nerdctl|podman|lxc|lxdbr|ovs|tun\d|tunl|tap|wg|"
    r"vxlan|gre|sit\d|ip6tnl|macvlan|macvtap|ipvlan|dummy|ifb|bond|team|vlan|azv|azure\d|antrea|nodelocaldns|.*\."
)
AZURE_SLAVE = re.compile(r"enP\d+s\d")
SYNTHETIC = re.compile(r"eth\d")


class Topology(NamedTuple):
    """What the host record says; None where it does not, and names have to do.

    `others` are the devices that were there and do not count. With them told, one that comes later goes by its name.
    """

    disks: frozenset[str] | None = None
    ports: frozenset[str] | None = None
    others: frozenset[str] | None = None

    def is_later(self, name: str) -> bool:
        """Whether a device that is not counted came after the host record was written."""
        return self.others is not None and name not in self.others


BY_NAME = Topology()


def read_topology(host: dict[str, Any]) -> Topology:
    """The topology of a host record. Of a pair of physical interfaces, as on Azure, the master alone counts."""
    disks, ports, others = masters(host.get("disks")), masters(host.get("interfaces")), host.get("others")
    slaves = {name for name, master in (ports or {}).items() if master in (ports or {})}
    return Topology(
        None if disks is None else frozenset(disks),
        None if ports is None else frozenset(ports) - slaves,
        frozenset(map(str, others)) | slaves if isinstance(others, list) else None,
    )


def masters(devices: Any) -> dict[str, str] | None:
    """The devices of a host record, each with the name of its master; None where this is no list of named objects."""
    try:
        return {str(device["name"]): str(device.get("master")) for device in devices}
    except (TypeError, KeyError, AttributeError):
        return None


def is_partition(name: str, names: Collection[str]) -> bool:
    """Whether the name is another device's with digits behind it (`sda16`), or `p` and digits (`nvme0n1p2`).

    The kernel puts the `p` where the disk's own name ends in a digit, so that nvme0n10 is no partition of nvme0n1.
    """
    disk = name.rstrip("0123456789")
    if disk == name:
        return False
    return (disk in names and not disk[-1].isdigit()) or (
        disk.endswith("p") and disk[:-1] in names and disk[-2].isdigit()
    )


def wanted_disks(names: Collection[str], topology: Topology) -> dict[str, bool]:
    """The disks of the detail; True where they count for the host's totals: each request once.

    So of multipath's disks (dm-) and their paths (sdX, nvmeXcYnZ) it is the paths that count.
    """
    wanted = {}
    of_paths = {path[1] + path[2] for name in names if (path := NVME_PATH.fullmatch(name))}
    for name in names:
        if IMAGES.match(name) or is_partition(name, names):
            continue
        by_name = not LAYERS.match(name) and name not in of_paths
        told = topology.disks is not None and (name in topology.disks or not topology.is_later(name))
        wanted[name] = name in (topology.disks or ()) if told else by_name
    return wanted


def counted_ports(names: Collection[str], topology: Topology) -> frozenset[str]:
    """The interfaces that count for the host's totals."""
    physical = frozenset(name for name in names if not VIRTUAL_PORTS.match(name))
    if any(map(SYNTHETIC.match, physical)):
        physical = frozenset(name for name in physical if not AZURE_SLAVE.match(name))
    if topology.ports is None:
        return physical
    told = topology.ports & frozenset(names)
    return told | frozenset(name for name in physical - told if topology.is_later(name))
