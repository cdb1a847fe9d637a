"""Snapshots to samples: the rows of every kind for two neighbouring snapshots.

A sample depends on its two snapshots and the host record alone. So a recording gives the same rows whether it is read
in one go, in parts side by side, or as it streams in. Levels come from the later snapshot, rates from the difference;
of a source that is missing from one of the two, as after a damaged line, the columns are empty (NaN).
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from perfops.samples import container, cpu, disk, filesystem, memory, net, system
from perfops.samples.devices import Devices, Values
from perfops.samples.notes import Notes
from perfops.samples.segments import new_segment
from perfops.samples.snapshots import CONTROL, Snapshot
from perfops.samples.stamps import iso
from perfops.samples.story import Story
from perfops.samples.topology import BY_NAME, Topology, counted_ports, read_topology, wanted_disks

Key = str | tuple[str, ...]
Rows = list[tuple[Key, Values]]
STAT, MEMINFO, DISKSTATS, NET = "/proc/stat", "/proc/meminfo", "/proc/diskstats", "/proc/net/dev"
STATFS, LOAD = "statfs[*]", "/proc/loadavg"
ABSURD = re.compile(r"\d{21}")  # digits of a number that does not fit into 64 bits
PARSERS: dict[str, Callable[[str, Any], Any]] = {
    STAT: cpu.parse,
    MEMINFO: memory.parse,
    DISKSTATS: disk.parse,
    NET: net.parse,
    STATFS: filesystem.parse,
    LOAD: system.parse_load,
}


class Sample(NamedTuple):
    """The rows of one interval by kind, stamped with its later snapshot's time; the key of the host's row is ''."""

    timestamp: str
    rows: dict[str, Rows]


class Primer(NamedTuple):
    """What lies before snapshots that do not begin at a recording's start: the host's facts, the tick before."""

    host: dict[str, Any]
    before: list[Snapshot]


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


def elapsed(before: Snapshot, now: Snapshot) -> float:
    """Seconds between two snapshots: by the monotonic clock where both have it, else by the wall clock."""
    if before.monotonic is not None and now.monotonic is not None:
        return now.monotonic - before.monotonic
    return now.timestamp - before.timestamp


def derive(
    snapshots: Iterable[Snapshot], story: Story, names: Mapping[str, str], primer: Primer | None = None
) -> Iterator[Sample]:
    """Samples of a recording; what is remarkable goes to `story` and its notes.

    `names` maps full container ids to names. N snapshots in S segments give N − S samples of the host.
    """
    counted = Counted(BY_NAME)
    boot: str | None = None
    rebooted = False
    before: Snapshot | None = None
    earlier: dict[str, Any] = {}
    containers: dict[str, container.Container] = {}
    if primer and primer.before:
        unheard = Story(Notes())  # what these snapshots have to say was told where they were read
        if primer.host:
            counted, boot = Counted(read_topology(primer.host)), primer.host.get("boot_id")
        before = primer.before[0]
        earlier, containers = parse_sources(before, {}, unheard), parse_containers(before, unheard)
    for snapshot in snapshots:
        records = snapshot.records
        if not CONTROL.isdisjoint(records):
            story.read_control(snapshot)
            if "host" in records and story.current_host:
                counted = Counted(read_topology(story.current_host))
                boot_now = story.current_host.get("boot_id")
                rebooted, boot = rebooted or boot not in (None, boot_now), boot_now
            if records.keys() <= CONTROL:
                continue
        seconds = elapsed(before, snapshot) if before else 0.0
        if before and not seconds and not rebooted:
            story.notes.add("repeated timestamps", f"a second snapshot at {iso(snapshot.timestamp)} was left out")
            continue
        now = parse_sources(snapshot, earlier, story)
        if before and new_segment(before, snapshot, seconds, rebooted, earlier.get(STAT), now.get(STAT), story):
            before, earlier, containers = None, {}, {}
        story.count(snapshot, seconds if before else None)
        stamp = iso(snapshot.timestamp)
        rows: dict[str, Rows] = {}
        if before and not records.keys().isdisjoint(PARSERS):
            try:
                rows = host_rows(earlier, now, seconds, counted, story, stamp)
            except OverflowError:
                drop_absurd(now, snapshot, story)
                rows = host_rows(earlier, now, seconds, counted, story, stamp)
        found = parse_containers(snapshot, story)
        if found:
            rows["container"] = [
                (
                    (each.id, each.name or names.get(each.id, ""), each.runtime),
                    container.figures(containers.get(each.id), each, seconds, story.notes, stamp),
                )
                for each in found.values()
            ]
        before, earlier, containers, rebooted = snapshot, now, found, False
        if rows:
            yield Sample(stamp, rows)


def parse_sources(snapshot: Snapshot, earlier: dict[str, Any], story: Story) -> dict[str, Any]:
    """The snapshot's sources, parsed; one that cannot be is remarked and left out."""
    now = {}
    records = snapshot.records
    for source, parse in PARSERS.items():
        if source in records:
            try:
                now[source] = parse(records[source], earlier.get(source))
            except (ValueError, KeyError, TypeError, IndexError, OverflowError) as error:
                story.unreadable(source, snapshot, error)
    return now


def drop_absurd(now: dict[str, Any], snapshot: Snapshot, story: Story) -> None:
    """Leave out the sources with a number no counter of the kernel can reach: it is damage, and remarked."""
    for source in (STAT, DISKSTATS, NET):
        if source in now and (found := ABSURD.search(snapshot.records[source])):
            story.unreadable(source, snapshot, f"{found[0]}… is no number of the kernel's")
            del now[source]


def parse_containers(snapshot: Snapshot, story: Story) -> dict[str, container.Container]:
    """The snapshot's containers by full id; a measurement that cannot be read is remarked and left out."""
    found = {}
    for subsystem, text in snapshot.records.items():
        if subsystem.startswith(container.PREFIX):
            try:
                each = container.parse(subsystem, text)
            except (ValueError, IndexError) as error:
                story.unreadable(subsystem, snapshot, error)
            else:
                found[each.id] = each
    return found


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
    rows["system"] = [("", scheduler + now.get(LOAD, system.NO_LOAD) + system_memory)]
    return rows
