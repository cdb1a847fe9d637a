"""The rows of the machine for one interval: which source is parsed by what, and which columns it gives."""

from collections.abc import Callable
from typing import Any

from perfops.samples import cpu, disk, files, filesystem, memory, net, paging, pressure, system, tcp
from perfops.samples.devices import Devices, Values
from perfops.samples.story import Story
from perfops.samples.topology import Topology, counted_ports, wanted_disks

Key = str | tuple[str, ...]
Rows = list[tuple[Key, Values]]
STAT, MEMINFO, DISKSTATS, NET = "/proc/stat", "/proc/meminfo", "/proc/diskstats", "/proc/net/dev"
STATFS, LOAD, VMSTAT, FILES = "statfs[*]", "/proc/loadavg", "/proc/vmstat", "/proc/sys/fs/file-nr"
STALLS = ("/proc/pressure/cpu", "/proc/pressure/memory", "/proc/pressure/io")
SNMP, NETSTAT = "/proc/net/snmp", "/proc/net/netstat"
NO_PRESSURE = pressure.columns([None] * 3, [None] * 3, 1.0)
KERNEL = frozenset((VMSTAT, *STALLS, SNMP, NETSTAT, FILES))
NO_KERNEL: Values = paging.NOTHING + NO_PRESSURE + tcp.NOTHING + files.NOTHING
PARSERS: dict[str, Callable[[str, Any], Any]] = {
    STAT: cpu.parse,
    MEMINFO: memory.parse,
    DISKSTATS: disk.parse,
    NET: net.parse,
    STATFS: filesystem.parse,
    LOAD: system.parse_load,
    VMSTAT: paging.parse,
    **dict.fromkeys(STALLS, pressure.parse),
    SNMP: tcp.parse_snmp,
    NETSTAT: tcp.parse_netstat,
    FILES: files.parse,
}


class Counted:
    """Which devices make up the host's totals, found anew when the devices change."""

    def __init__(self, topology: Topology) -> None:
        self.topology = topology
        self.disk_names: list[str] = []
        self.port_names: list[str] = []
        self.disks: dict[str, bool] = {}
        self.ports: frozenset[str] = frozenset()

    def see_disks(self, devices: Devices) -> dict[str, bool]:
        """The disks of the detail; True where they count for the totals."""
        if devices.names is not self.disk_names:
            self.disk_names, self.disks = devices.names, wanted_disks(devices.counters.keys(), self.topology)
        return self.disks

    def see_ports(self, devices: Devices) -> frozenset[str]:
        """The interfaces that count for the totals."""
        if devices.names is not self.port_names:
            self.port_names, self.ports = devices.names, counted_ports(devices.counters.keys(), self.topology)
        return self.ports


def host_rows(
    before: dict[str, Any], now: dict[str, Any], seconds: float, counted: Counted, story: Story, stamp: str
) -> dict[str, Rows]:
    """Rows of all kinds but containers for one interval; the host's and the system's are always there."""
    rows: dict[str, Any] = {}
    processor, scheduler = cpu.NO_HOST, system.NO_SCHEDULER
    disks, ports = disk.NO_SUMS, net.NO_SUMS
    host_memory, system_memory = memory.NO_HOST, memory.NO_SYSTEM
    if STAT in now and STAT in before:
        rows["cpu"], processor = cpu.derive(before[STAT], now[STAT])
        scheduler = system.scheduler(before[STAT], now[STAT], seconds)
    if DISKSTATS in now and DISKSTATS in before:
        wanted = counted.see_disks(now[DISKSTATS])
        rows["disk"], disks = disk.derive(before[DISKSTATS], now[DISKSTATS], seconds, wanted, story.notes, stamp)
    if NET in now and NET in before:
        physical = counted.see_ports(now[NET])
        rows["net"], ports = net.derive(before[NET], now[NET], seconds, physical, story.notes, stamp)
    if STATFS in now:
        rows["filesystem"] = now[STATFS].rows
    if MEMINFO in now:
        host_memory, system_memory = memory.derive(now[MEMINFO])
    rows["host"] = [("", processor + host_memory + disks + ports)]
    load = now.get(LOAD, system.NO_LOAD)
    rows["system"] = [("", scheduler + load + system_memory + kernel_columns(before, now, seconds))]
    return rows


def kernel_columns(before: dict[str, Any], now: dict[str, Any], seconds: float) -> Values:
    """The system row's columns from paging on, in the catalogue's order."""
    if KERNEL.isdisjoint(now):
        return NO_KERNEL
    return (
        *paging.rates(before.get(VMSTAT), now.get(VMSTAT), seconds),
        *pressure.columns([*map(before.get, STALLS)], [*map(now.get, STALLS)], seconds),
        *tcp.figures(before.get(SNMP), now.get(SNMP), before.get(NETSTAT), now.get(NETSTAT), seconds),
        *now.get(FILES, files.NOTHING),
    )
