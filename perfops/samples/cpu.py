"""CPU time from /proc/stat."""

from typing import NamedTuple

# user nice system idle iowait irq softirq steal guest guest_nice, in clock ticks
Times = tuple[int, ...]
FIELDS = 10


class Stat(NamedTuple):
    """What is used of /proc/stat: times by CPU (`all` for the first line), and the counters below them."""

    cpus: dict[str, Times]
    counters: dict[str, int]


def parse(text: str) -> Stat:
    """Read /proc/stat; ValueError where it has no line of CPU times. Kernels before 2.6.33 have fewer fields: zeros."""
    cpus: dict[str, Times] = {}
    counters: dict[str, int] = {}
    for line in text.split("\n"):
        if line[:3] == "cpu":
            name, *fields = line.split()
            times = tuple(map(int, fields[:FIELDS]))
            cpus[name[3:] or "all"] = times if len(times) == FIELDS else times + (0,) * (FIELDS - len(times))
        elif line:
            # Of `intr` and `softirq` the first number is the sum; the line can be kilobytes long.
            name, value, *_ = line.split(" ", 2)
            counters[name] = int(value)
    if "all" not in cpus:
        raise ValueError("no line 'cpu'")
    return Stat(cpus, counters)


def shares(before: Times, now: Times) -> tuple[float, ...] | None:
    """Percent of each field, in the catalogue's order; None where no time has passed.

    Δfield ÷ Δ(user+nice+system+idle+iowait+irq+softirq+steal) × 100. guest and guest_nice are part of user and nice and
    so not in the sum. A field that falls, as iowait may while idle grows, counts as 0 here and in the sum.
    """
    deltas = [later - earlier for later, earlier in zip(now, before, strict=True)]
    if min(deltas) < 0:
        deltas = [max(delta, 0) for delta in deltas]
    total = sum(deltas[:8])
    if not total:
        return None
    scale = 100 / total
    return tuple([delta * scale for delta in deltas])


def derive(before: Stat, now: Stat) -> list[tuple[str, tuple[float, ...]]]:
    """Rows (CPU, percentages); a CPU that has just appeared, or for which no time has passed, gives none."""
    rows = []
    for name, times in now.cpus.items():
        earlier = before.cpus.get(name)
        if earlier is not None and (values := shares(earlier, times)):
            rows.append((name, values))
    return rows
