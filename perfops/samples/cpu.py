"""CPU time and scheduler counters from /proc/stat."""

from math import nan
from operator import sub
from typing import NamedTuple

from perfops.samples.counters import checked
from perfops.samples.devices import Rows, Values

# user nice system idle iowait irq softirq steal guest guest_nice, in clock ticks
FIELDS = 10
IN_SUM = 8  # guest and guest_nice are part of user and nice
ALL = "all"
NO_HOST: Values = (nan,) * 5


class Stat(NamedTuple):
    """What is used of /proc/stat.

    `names` are the CPUs, `all` first, and `times` their fields one after the other (FIELDS a CPU); `counters` has the
    single numbers below them (ctxt, processes, procs_running, …) and `intr`, the sum of all interrupts; `below` has the
    names of those that stand between the interrupts and `softirq`.
    """

    names: tuple[str, ...]
    times: list[int]
    counters: dict[str, int]
    below: list[str]


def parse(text: str, before: Stat | None = None) -> Stat:
    """Read /proc/stat; ValueError where it has no line of CPU times. Kernels before 2.6.33 have fewer fields: zeros."""
    end = text.find("\nintr ")
    words = text[:end].split() if end >= 0 else []
    names = tuple(words[:: FIELDS + 1])
    if before is None or names != before.names or len(words) != len(names) * (FIELDS + 1):
        names, times = _read_lines(text[:end] if end >= 0 else text)
    else:
        del words[:: FIELDS + 1]
        times = list(map(int, words))
    counters: dict[str, int] = {}
    below: list[str] = []
    if end >= 0:
        start = end + 6
        counters["intr"] = int(text[start : start + 20].split(None, 1)[0])
        # The line of interrupts can be kilobytes long; what follows it is short.
        place, stop = text.find("\n", start), text.find("\nsoftirq", start)
        rest = text[place : len(text) if stop < 0 else stop] if place >= 0 else ""
        words = rest.split()
        if before is not None and words[::2] == before.below:
            below = before.below
            counters |= zip(below, map(int, words[1::2]), strict=False)
        else:
            pairs = [line.split() for line in rest.split("\n")]
            numbers = {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2}
            counters |= numbers
            below = list(numbers)
        checked(counters.values())
    checked(times)
    return Stat(names, times, counters, below)


def _read_lines(text: str) -> tuple[tuple[str, ...], list[int]]:
    names: list[str] = []
    times: list[int] = []
    for line in text.split("\n"):
        if line.startswith("cpu"):
            name, *fields = line.split()
            if name in names:
                continue
            names.append(name)
            times += [int(field) for field in (fields + ["0"] * FIELDS)[:FIELDS]]
    if not names or names[0] != "cpu":
        raise ValueError("no line 'cpu'")
    return tuple(names), times


def derive(before: Stat, now: Stat) -> tuple[Rows, Values]:
    """Rows (CPU, percent of each field in the catalogue's order), `all` first, and the host row's CPU columns.

    Δfield ÷ Δ(user+nice+system+idle+iowait+irq+softirq+steal) × 100. A field that falls, as iowait may while idle
    grows, counts as 0 here and in the sum. A CPU that has just appeared, or for which no time has passed, gives no row.
    """
    earlier = before.times if before.names == now.names else _aligned(before, now)
    deltas = list(map(sub, now.times, earlier))
    if min(deltas) < 0:
        deltas = [max(delta, 0) for delta in deltas]
    rows: Rows = []
    start = 0
    for name in now.names:
        fields = deltas[start : start + FIELDS]
        start += FIELDS
        if total := sum(fields[:IN_SUM]):
            if fields[8] > total or fields[9] > total:
                # A guest's time is part of that of user or nice, but not counted in the same moment.
                fields = [min(field, total) for field in fields]
            scale = 100 / total
            rows.append((name[3:] or ALL, tuple([field * scale for field in fields])))
    if not rows or rows[0][0] != ALL:
        return rows, NO_HOST
    user, _, kernel, idle, iowait, _, _, steal, _, _ = rows[0][1]
    return rows, (user, kernel, iowait, idle, steal)


def _aligned(before: Stat, now: Stat) -> list[int]:
    """The earlier times in the order of the later CPUs; a new CPU has its own, so that no time has passed for it."""
    places = {name: place * FIELDS for place, name in enumerate(before.names)}
    earlier: list[int] = []
    for place, name in enumerate(now.names):
        times, start = (before.times, places[name]) if name in places else (now.times, place * FIELDS)
        earlier += times[start : start + FIELDS]
    return earlier


def rate(before: Stat, now: Stat, counter: str, seconds: float) -> float:
    """A counter's growth a second; NaN where it is not there or fell."""
    try:
        delta = now.counters[counter] - before.counters[counter]
    except KeyError:
        return nan
    return delta / seconds if delta >= 0 else nan
