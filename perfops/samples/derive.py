"""Snapshots to samples: the rows of every kind for two neighbouring snapshots.

A sample depends on its two snapshots and the host record alone. So a recording gives the same rows whether it is read
in one go, in parts side by side, or as it streams in. Levels come from the later snapshot, rates from the difference;
of a source that is missing from one of the two, as after a damaged line, the columns are empty (NaN).
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from perfops.samples import container
from perfops.samples.notes import Notes
from perfops.samples.rows import PARSERS, STAT, Counted, Rows, host_rows
from perfops.samples.segments import new_segment
from perfops.samples.snapshots import CONTROL, Snapshot
from perfops.samples.stamps import iso
from perfops.samples.story import Story
from perfops.samples.topology import BY_NAME, read_topology

NOTHING: dict[str, str] = {}
SHORTEST = 1e-7  # seconds; two snapshots that lie closer are of one moment


class Sample(NamedTuple):
    """The rows of one interval by kind, stamped with its later snapshot's time; the key of the host's row is ''."""

    timestamp: str
    rows: dict[str, Rows]


class Primer(NamedTuple):
    """What lies before snapshots that do not begin at a recording's start: the host's facts, the tick before.

    `alike` has sources of any machine, parsed, and is brought up to the last tick. What is parsed does not depend on
    it; but most of a text stands where it stood on a machine of that kernel, and need not be searched for.
    """

    host: dict[str, Any]
    before: list[Snapshot]
    alike: dict[str, Any] | None = None


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
        earlier = parse_sources(before, None, primer.alike or {}, unheard)
        containers = parse_containers(before, unheard)
    for snapshot in snapshots:
        records = snapshot.records
        if not CONTROL.isdisjoint(records):
            # Of files that follow each other, each begins with the host record and the last tick of the one before.
            repeated = before is not None and snapshot.timestamp == before.timestamp
            story.read_control(snapshot, goes_on=repeated)
            if "host" in records and story.current_host:
                counted = Counted(read_topology(story.current_host))
                boot_now = story.current_host.get("boot_id")
                rebooted, boot = rebooted or boot not in (None, boot_now), boot_now
            if records.keys() <= CONTROL:
                continue
        seconds = elapsed(before, snapshot) if before else 0.0
        if before and -SHORTEST < seconds < SHORTEST and not rebooted:
            if "host" not in records:
                story.notes.add("repeated timestamps", f"a second snapshot at {iso(snapshot.timestamp)} was left out")
            continue
        now = parse_sources(snapshot, before, earlier, story)
        if before and new_segment(before, snapshot, seconds, rebooted, earlier.get(STAT), now.get(STAT), story):
            before, earlier, containers = None, {}, {}
        story.count(snapshot, seconds if before else None)
        stamp = iso(snapshot.timestamp)
        rows: dict[str, Rows] = {}
        if before and not records.keys().isdisjoint(PARSERS):
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
    if primer and primer.alike is not None:
        primer.alike.update(earlier)


def parse_sources(snapshot: Snapshot, before: Snapshot | None, earlier: dict[str, Any], story: Story) -> dict[str, Any]:
    """The snapshot's sources, parsed; one that cannot be is remarked and left out.

    `earlier` has those of the snapshot before, or of another machine where that is None. A text that has not changed is
    not parsed again: of a machine that does little, that is every fifth.
    """
    now = {}
    records = snapshot.records
    texts = before.records if before else NOTHING
    for source, parse in PARSERS.items():
        if (text := records.get(source)) is not None:
            known = earlier.get(source)
            if known is not None and text == texts.get(source):
                now[source] = known
                continue
            try:
                now[source] = parse(text, known)
            except (ValueError, KeyError, TypeError, IndexError, OverflowError) as error:
                story.unreadable(source, snapshot, error)
    return now


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
