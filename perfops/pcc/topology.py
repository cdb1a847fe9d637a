"""Which disks are whole disks, and which interfaces have a device behind them: by /sys, asked once at the start."""

import os
import re

from .smallfiles import linked_name, names_in, number_of, text_of

MYPY = False
if MYPY:
    from typing import Any, Dict, List, Optional

# Not disks a test would count: memory, images, optical and floppy drives, and layers stacked on other disks.
NOT_WHOLE = ("loop", "ram", "zram", "sr", "fd", "dm-", "md", "drbd", "nbd")
NVME_PATH = re.compile(r"(nvme\d+)c\d+(n\d+)")
NO_SPEED = (1 << 32) - 1  # of older kernels, where there is no link; newer ones say -1


def whole_disks(sys_root: str) -> "Optional[List[Dict[str, Any]]]":
    """Disks that are neither partitions nor layers on other disks; None where /sys does not tell.

    An NVMe disk that may have several paths is a virtual device to the kernel, and a disk to us; but only from Linux
    6.3 the kernel counts what goes to it. Before, only the paths to it have counters, and so the paths are the disks.
    """
    folder = os.path.join(sys_root, "block")
    names = names_in(folder)
    if names is None:
        return None
    disks = []
    for name in names:
        virtual = "/devices/virtual/" in os.path.realpath(os.path.join(folder, name))
        path = NVME_PATH.fullmatch(name)
        if name.startswith(NOT_WHOLE):
            continue
        if virtual and not (name.startswith("nvme") and counts_itself(folder, name)):
            continue
        if path and counts_itself(folder, path.group(1) + path.group(2)):
            continue
        sectors = number_of(folder, name, "size")
        disks.append(
            {
                "name": name,
                "size_bytes": None if sectors is None else sectors * 512,
                "rotational": number_of(folder, name, "queue", "rotational"),
                "scheduler": scheduler_of(text_of(folder, name, "queue", "scheduler")),
            }
        )
    return disks


def others(
    sys_root: str, disks: "Optional[List[Dict[str, Any]]]", ports: "Optional[List[Dict[str, Any]]]"
) -> "List[str]":
    """The other block devices and interfaces there are now, so that one that comes later can be told from them."""
    known = {each["name"] for each in (disks or []) + (ports or [])}
    return sorted(
        name
        for folder in (("block",), ("class", "net"))
        for name in names_in(os.path.join(sys_root, *folder)) or ()
        if name not in known
    )


def counts_itself(folder: str, name: str) -> bool:
    """Whether the kernel keeps counters for a disk."""
    return number_of(folder, name, "queue", "iostats") == 1


def scheduler_of(text: "Optional[str]") -> "Optional[str]":
    """The scheduler in use: of several the one in brackets."""
    if text and "[" in text:
        return text.partition("[")[2].partition("]")[0]
    return text or None


def physical_interfaces(sys_root: str) -> "Optional[List[Dict[str, Any]]]":
    """Interfaces with a device behind them, each with its master (bond, team, or Azure's synthetic interface)."""
    folder = os.path.join(sys_root, "class", "net")
    names = names_in(folder)
    if names is None:
        return None
    interfaces = []
    for name in names:
        place = os.path.join(folder, name)
        if not os.path.exists(os.path.join(place, "device")):
            continue
        speed = number_of(place, "speed")
        interfaces.append(
            {
                "name": name,
                "master": linked_name(place, "master"),
                "driver": linked_name(place, "device", "driver"),
                "speed_mbps": speed if speed is not None and 0 < speed < NO_SPEED else None,
            }
        )
    return interfaces
