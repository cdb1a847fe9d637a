"""Snapshots to samples: the rows of every kind for two neighbouring snapshots.

Levels come from the later snapshot, rates from the difference. A source that is missing from a snapshot, as after a
damaged line, is derived over the longer interval to the next snapshot that has it; its columns are empty in between.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from perfops.samples import container, cpu, disk, filesystem, memory, net, system
from perfops.samples.snapshots import Snapshot
from perfops.samples.stamps import iso
from perfops.samples.story import Event, Story
from perfops.samples.topology import BY_NAME, counted_ports, read_topology, wanted_disks

Values = tuple[float | None, ...]
Key = str | tuple[str, ...]
Rows = list[tuple[Key, Values]]

STAT, MEMINFO, DISKSTATS, NET, STATFS, LOAD = (
    "/proc/stat",
    "/proc/meminfo",
    "/proc/diskstats",
    "/proc/net/dev",
    "statfs[*]",
    "/proc/loadavg",
)
NO_CPU = (None,) * 5
NO_SUMS = (None,) * 4
NO_MEMORY = (None,) * 5
NO_SCHEDULER = (None,) * 5
NO_SYSTEM_MEMORY = (None,) * 11
DAMAGED = "damaged measurements"


class Sample(NamedTuple):
    """The rows of one interval by kind, stamped with the time of its later snapshot; the key of single rows is ''."""

    timestamp: str
    rows: dict[str, Rows]


class Seen(NamedTuple):
    """What was last read of one source, and when."""

    timestamp: float
    monotonic: float | None
    value: Any


class Pair(NamedTuple):
    """A source in two snapshots, `seconds` apart; `before` is None in the first."""

    before: Any
    now: Any
    seconds: float


PARSERS: dict[str, Callable[[str, Any], Any]] = {
    STAT: lambda text, _: cpu.parse(text),
    MEMINFO: lambda text, _: memory.parse(text),
    DISKSTATS: lambda text, before: disk.parse(text, before or disk.NOTHING),
    NET: lambda text, before: net.parse(text, before or net.NOTHING),
    STATFS: lambda text, before: filesystem.parse(text, before or {}),
    LOAD: lambda text, _: system.parse_load(text),
}


def elapsed(before: Seen | Snapshot, now: Snapshot) -> float:
    """Seconds between two moments: by the monotonic clock where both have it, else by the wall clock."""
    if before.monotonic is not None and now.monotonic is not None:
        return now.monotonic - before.monotonic
    return now.timestamp - before.timestamp


def most_fell(before: cpu.Stat, now: cpu.Stat) -> bool:
    """Whether more than half of the counters that only grow have gone back, as after a reboot."""
    earlier = (*before.cpus["all"], *(before.counters.get(name, 0) for name in ("ctxt", "intr", "processes")))
    later = (*now.cpus["all"], *(now.counters.get(name, 0) for name in ("ctxt", "intr", "processes")))
    moved = [after - prior for after, prior in zip(later, earlier, strict=True) if after != prior]
    return sum(delta < 0 for delta in moved) * 2 > len(moved)


def derive(snapshots: Iterable[Snapshot], story: Story, names: Mapping[str, str]) -> Iterator[Sample]:
    """Samples of a recording; what is remarkable goes to `story` and its notes.

    `names` maps full container ids to names. N snapshots in S segments give N − S samples.
    """
    notes = story.notes
    seen: dict[str, Seen] = {}
    containers: dict[str, Seen] = {}
    topology, boot = BY_NAME, None
    devices: tuple[Iterable[str], Iterable[str]] = ((), ())
    wanted: dict[str, bool] = {}
    counted: frozenset[str] = frozenset()
    before: Snapshot | None = None

    for snapshot in snapshots:
        story.read_control(snapshot)
        if not snapshot.is_tick:
            continue
        rebooted = False
        if "host" in snapshot.records and story.current_host:
            topology = read_topology(story.current_host)
            boot_now = story.current_host.get("boot_id")
            rebooted, boot = boot not in (None, boot_now), boot_now
        seconds = 0.0
        if before is not None:
            seconds = elapsed(before, snapshot)
            if seconds == 0 and not rebooted:
                notes.add("repeated timestamps", f"a second snapshot at {iso(snapshot.timestamp)} was left out")
                continue
        values = read_sources(snapshot, seen, story)
        if before is not None:
            stat = seen.get(STAT)
            fell = stat is not None and STAT in values and most_fell(stat.value, values[STAT])
            if seconds < 0 or rebooted or fell:
                start_segment(story, before, snapshot, rebooted or fell or snapshot.monotonic is not None)
                seen, containers, before = {}, {}, None
        story.count(snapshot)
        if before is None:
            story.segments += 1
        else:
            story.intervals[round(seconds, 2)] += 1
        stamp = iso(snapshot.timestamp)
        pairs = {}
        for source, value in values.items():
            last = seen.get(source)
            pairs[source] = Pair(None, value, 0.0) if last is None else Pair(last.value, value, elapsed(last, snapshot))
            seen[source] = Seen(snapshot.timestamp, snapshot.monotonic, value)
        rows: dict[str, Rows] = {}
        if before is not None and not snapshot.records.keys().isdisjoint(PARSERS):
            if DISKSTATS in values and values[DISKSTATS].by_name.keys() != devices[0]:
                devices = (values[DISKSTATS].by_name.keys(), devices[1])
                wanted = wanted_disks(values[DISKSTATS].by_name, topology)
            if NET in values and values[NET].by_name.keys() != devices[1]:
                devices = (devices[0], values[NET].by_name.keys())
                counted = counted_ports(values[NET].by_name, topology)
            rows = host_rows(pairs, wanted, counted, story, stamp)
        if found := container_rows(snapshot, containers, names, story, stamp):
            rows["container"] = found
        before = snapshot
        if rows:
            yield Sample(stamp, rows)
    if story.end is None and story.host:
        story.events.append(Event("cut", story.last or 0.0, None, "the recording was cut short: no end record"))


def read_sources(snapshot: Snapshot, seen: dict[str, Seen], story: Story) -> dict[str, Any]:
    """The snapshot's sources, parsed; one that cannot be is remarked and left out."""
    values = {}
    for source, parse in PARSERS.items():
        text = snapshot.records.get(source)
        if text is None:
            continue
        last = seen.get(source)
        try:
            values[source] = parse(text, last.value if last else None)
        except (ValueError, KeyError, TypeError, IndexError) as error:
            story.notes.add(DAMAGED, f"{source} at {iso(snapshot.timestamp)} cannot be read: {error}")
    return values


def start_segment(story: Story, before: Snapshot, now: Snapshot, reboot: bool) -> None:
    """Tell of a reboot, or of a timestamp that went back."""
    if reboot:
        text = f"the machine was started anew after {iso(before.timestamp)}: no rates across that"
        story.events.append(Event("reboot", now.timestamp, None, text))
    else:
        text = f"timestamps went back from {iso(before.timestamp)} to {iso(now.timestamp)}: no rates across that"
        story.events.append(Event("clock", now.timestamp, None, text))


def host_rows(
    pairs: dict[str, Pair], wanted: dict[str, bool], counted: frozenset[str], story: Story, stamp: str
) -> dict[str, Rows]:
    """Rows of all kinds but containers for one interval; the host's and the system's are always there."""
    rows: dict[str, Rows] = {}
    processor: Values = NO_CPU
    scheduler: Values = NO_SCHEDULER
    disks: Values = NO_SUMS
    ports: Values = NO_SUMS
    if (pair := pairs.get(STAT)) and pair.before:
        cpu_rows = cpu.derive(pair.before, pair.now)
        rows["cpu"] = cpu_rows  # type: ignore[assignment]
        if cpu_rows and cpu_rows[0][0] == "all":
            user, _, kernel, idle, iowait, _, _, steal, _, _ = cpu_rows[0][1]
            processor = (user, kernel, iowait, idle, steal)
        scheduler = system.scheduler_values(pair.before.counters, pair.now.counters, pair.seconds)
    if (pair := pairs.get(DISKSTATS)) and pair.before:
        rows["disk"], disks = disk.derive(pair.before, pair.now, pair.seconds, wanted, story.notes, stamp)  # type: ignore[assignment]
    if (pair := pairs.get(NET)) and pair.before:
        rows["net"], ports = net.derive(pair.before, pair.now, pair.seconds, counted, story.notes, stamp)  # type: ignore[assignment]
    if pair := pairs.get(STATFS):
        rows["filesystem"] = list(pair.now.values())
    meminfo = pairs.get(MEMINFO)
    load = pairs.get(LOAD)
    host_memory = memory.host_values(meminfo.now) if meminfo else NO_MEMORY
    system_memory = memory.system_values(meminfo.now) if meminfo else NO_SYSTEM_MEMORY
    rows["host"] = [("", (*processor, *host_memory, *disks, *ports))]
    rows["system"] = [("", (*scheduler, *(load.now if load else system.NO_LOAD), *system_memory))]
    return rows


def container_rows(
    snapshot: Snapshot, seen: dict[str, Seen], names: Mapping[str, str], story: Story, stamp: str
) -> Rows:
    """A row for every container of the snapshot."""
    rows: Rows = []
    for subsystem, text in snapshot.records.items():
        if not subsystem.startswith(container.PREFIX):
            continue
        try:
            now = container.parse(subsystem, text)
        except ValueError as error:
            story.notes.add(DAMAGED, f"{subsystem} at {stamp} cannot be read: {error}")
            continue
        last = seen.get(now.id)
        seconds = elapsed(last, snapshot) if last else 0.0
        figures = container.figures(last.value if last else None, now, seconds, story.notes, stamp)
        rows.append(((now.id, now.name or names.get(now.id, ""), now.runtime), figures))
        seen[now.id] = Seen(snapshot.timestamp, snapshot.monotonic, now)
    return rows
