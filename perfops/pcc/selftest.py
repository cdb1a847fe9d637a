"""What can be read on this machine, and what a sample costs: one screen, and nothing is written."""

import resource
import time

from . import encode
from .about import peak_memory
from .cloud import ask_cloud
from .containers import Containers
from .filesystems import FileSystems
from .host import host_facts

MYPY = False
if MYPY:
    from typing import List

    from .settings import Options
    from .sources import Reader

SAMPLES = 50
DAY = 86400
SHOWN = ("provider", "region", "zone", "instance_type")


def self_test(options: "Options", reader: "Reader") -> str:
    """Sample some times into nowhere, and say what came of it."""
    file_systems = FileSystems(options.proc_root, reader.unreadable, options.without)
    containers = Containers(options.proc_root, options.sys_root, reader.unreadable, options.without)
    cloud = ask_cloud(options.sys_root, options.metadata_address, reader.unreadable) if options.cloud else None
    start = encode.stamp(time.time(), 0)
    lines: "List[bytes]" = []
    held: "List[bytes]" = []
    walls = []
    before = resource.getrusage(resource.RUSAGE_SELF)
    for _ in range(SAMPLES):
        began = time.perf_counter()
        lines = reader.lines(start) + file_systems.lines(start)
        held = containers.lines(start)
        walls.append(time.perf_counter() - began)
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = (after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime) / SAMPLES
    size = sum(map(len, lines + held))
    told = [title("source", "bytes a sample")]
    told += [row(name_of(line), str(len(line))) for line in lines]
    told += [row("{} containers".format(len(held)), str(sum(map(len, held))))] if held else []
    told += [row(name, "not readable: " + reason) for name, reason in sorted(reader.unreadable.items())]
    told += [row(name, "left out") for name in sorted(options.without)]
    facts = host_facts(options, cloud, reader.unreadable)
    told += ["", title("this machine", "")]
    told += [
        row("system", "{}, {} {}".format(facts["os"], facts["kernel"], facts["architecture"])),
        row("cloud", " ".join(filter(None, (cloud[key] for key in SHOWN))) if cloud else "not known"),
        row("whole disks", names(facts["disks"])),
        row("physical interfaces", names(facts["interfaces"])),
        "",
        title("a sample", "{} were taken".format(SAMPLES)),
        row("CPU time", "{:.2f} ms".format(cpu * 1000)),
        row("wall time", "{:.2f} ms, at most {:.2f} ms".format(sorted(walls)[SAMPLES // 2] * 1000, max(walls) * 1000)),
        row("memory", "{:.1f} MiB at most".format(peak_memory(after.ru_maxrss) / 1024)),
        row("size", "{} bytes, {:.0f} MiB a day at one in {} s".format(
            size, size * DAY / options.frequency / (1 << 20), options.frequency)),
        row("of one CPU", "{:.3f} % at one in {} s".format(100 * cpu / options.frequency, options.frequency)),
    ]  # fmt: skip
    return "\n".join(told)


def title(left: str, right: str) -> str:
    """A heading."""
    return row(left.upper(), right).rstrip()


def row(left: str, right: str) -> str:
    """Two columns."""
    return "{:<24}{}".format(left, right)


def name_of(line: bytes) -> str:
    """The subsystem of a record."""
    return line.split(b'"subsystem":"', 1)[1].split(b'"', 1)[0].decode("ascii")


def names(devices: "object") -> str:
    """Names of devices, or that they are not known."""
    if not isinstance(devices, list):
        return "not known"
    return ", ".join(device["name"] for device in devices) or "none"
