"""The host record: what this machine is, asked once at the start."""

import os
import re

from . import VERSION
from .units import clean

MYPY = False
if MYPY:
    from typing import Any, Dict, List, Optional

    from .settings import Options

# Not disks a test would count: memory, images, optical and floppy drives, and layers stacked on other disks.
NOT_WHOLE = ("loop", "ram", "zram", "sr", "fd", "dm-", "md", "drbd", "nbd")
NVME_PATH = re.compile(r"(nvme\d+)c\d+(n\d+)")


def text_of(*parts: str) -> "Optional[str]":
    """The stripped text of a small file, None where it cannot be read."""
    try:
        with open(os.path.join(*parts), "rb") as file:
            return file.read().decode("utf-8", "backslashreplace").strip()
    except OSError:
        return None


def number_of(*parts: str) -> "Optional[int]":
    """The number in a small file, None where there is none."""
    text = text_of(*parts)
    return int(text) if text and text.lstrip("-").isdigit() else None


def names_in(folder: str) -> "Optional[List[str]]":
    """Sorted names in a folder, None where it cannot be listed."""
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return None


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
            }
        )
    return disks


def counts_itself(folder: str, name: str) -> bool:
    """Whether the kernel keeps counters for a disk."""
    return number_of(folder, name, "queue", "iostats") == 1


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
        master = os.path.join(place, "master")
        driver = os.path.join(place, "device", "driver")
        interfaces.append(
            {
                "name": name,
                "master": os.path.basename(os.path.realpath(master)) if os.path.exists(master) else None,
                "driver": os.path.basename(os.path.realpath(driver)) if os.path.exists(driver) else None,
            }
        )
    return interfaces


def os_name() -> "Optional[str]":
    """The distribution's name and version, as it calls itself."""
    for row in (text_of("/etc/os-release") or "").splitlines():
        if row.startswith("PRETTY_NAME="):
            return row.partition("=")[2].strip("\"'")
    return None


def host_facts(options: "Options", unreadable: "Dict[str, str]") -> "Dict[str, Any]":
    """The measurement of the host record."""
    system = os.uname()
    return {
        "collection": options.id,
        "identifier": options.identifier,
        "labels": options.labels,
        "mode": options.mode,
        "duration": options.duration,
        "frequency": options.frequency,
        "pcc": VERSION,
        "pid": os.getpid(),
        "hostname": clean(system.nodename),
        "kernel": system.release,
        "architecture": system.machine,
        "os": os_name(),
        "boot_id": text_of(options.proc_root, "sys/kernel/random/boot_id"),
        "clock_tick": os.sysconf("SC_CLK_TCK"),
        "page_size": os.sysconf("SC_PAGE_SIZE"),
        "cpus_online": os.sysconf("SC_NPROCESSORS_ONLN"),
        "disks": whole_disks(options.sys_root),
        "interfaces": physical_interfaces(options.sys_root),
        "unreadable": unreadable,
    }
