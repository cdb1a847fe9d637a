"""The host record: what this machine is, asked once at the start."""

import os
import time

from . import VERSION
from .smallfiles import text_of
from .topology import others, physical_interfaces, whole_disks
from .units import clean

MYPY = False
if MYPY:
    from typing import Any, Dict, Optional

    from .cloud import Facts
    from .settings import Options


def os_name() -> "Optional[str]":
    """The distribution's name and version, as it calls itself."""
    for row in (text_of("/etc/os-release") or "").splitlines():
        if row.startswith("PRETTY_NAME="):
            return row.partition("=")[2].strip("\"'")
    return None


def settings_of(options: "Options") -> "Dict[str, Any]":
    """What was asked for of what changes how the machine fares, or what is seen of it."""
    classes = {2: "best-effort:{}", 3: "idle"}
    return {
        "nice": options.nice,
        "ionice": classes[options.ionice[0]].format(options.ionice[1]) if options.ionice else None,
        "oom_score_adj": options.oom_score_adj,
        "without": sorted(options.without),
    }


def host_facts(options: "Options", cloud: "Optional[Facts]", unreadable: "Dict[str, str]") -> "Dict[str, Any]":
    """The measurement of the host record."""
    system = os.uname()
    disks, interfaces = whole_disks(options.sys_root), physical_interfaces(options.sys_root)
    return {
        "collection": options.id,
        "identifier": options.identifier,
        "labels": options.labels,
        "mode": options.mode,
        "duration": options.duration,
        "frequency": options.frequency,
        "pcc": VERSION,
        "pid": os.getpid(),
        "started": round(time.time(), 3),
        "hostname": clean(system.nodename),
        "kernel": system.release,
        "architecture": system.machine,
        "os": os_name(),
        "boot_id": text_of(options.proc_root, "sys/kernel/random/boot_id"),
        "clock_tick": os.sysconf("SC_CLK_TCK"),
        "page_size": os.sysconf("SC_PAGE_SIZE"),
        "cpus_online": os.sysconf("SC_NPROCESSORS_ONLN"),
        "cloud": cloud,
        "disks": disks,
        "interfaces": interfaces,
        "others": others(options.sys_root, disks, interfaces),
        "settings": settings_of(options),
        "unreadable": unreadable,
    }
