"""Where a recording breaks: no rate is derived across a reboot, or across a timestamp that went back."""

from perfops.samples.cpu import Stat
from perfops.samples.snapshots import Snapshot
from perfops.samples.stamps import iso
from perfops.samples.story import Event, Story


def most_fell(before: Stat, now: Stat) -> bool:
    """Whether more than half of the counters that have moved have gone back, as after a reboot."""
    totals = list(zip(before.times, now.times, strict=False))[:10]
    counters = [(before.counters[name], now.counters[name]) for name in before.counters if name in now.counters]
    moved = [later < earlier for earlier, later in totals + counters if later != earlier]
    return sum(moved) * 2 > len(moved)


def new_segment(
    before: Snapshot,
    now: Snapshot,
    seconds: float,
    rebooted: bool,
    earlier: Stat | None,
    later: Stat | None,
    story: Story,
) -> bool:
    """Whether `now` starts a segment; then the story is told why.

    It does after a reboot: the boot id has changed (`rebooted`), or the monotonic clock or most counters of /proc/stat
    have gone back; and, in recordings without a monotonic clock, where the timestamp has gone back.
    """
    # The sum of context switches only grows: looking at the rest can wait until it does not.
    fell = earlier and later and later.counters.get("ctxt", 0) < earlier.counters.get("ctxt", 0)
    if (
        rebooted
        or (fell and earlier and later and most_fell(earlier, later))
        or (seconds < 0 and now.monotonic is not None)
    ):
        text = f"the machine was started anew after {iso(before.timestamp)}: no rates across that"
        story.events.append(Event("reboot", now.timestamp, None, text))
        return True
    if seconds < 0:
        text = f"timestamps went back from {iso(before.timestamp)} to {iso(now.timestamp)}: no rates across that"
        story.events.append(Event("clock", now.timestamp, None, text))
        return True
    return False
