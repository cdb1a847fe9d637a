"""Scheduler figures from the lower part of /proc/stat, and load averages."""

NO_LOAD = (None, None, None)


def parse_load(text: str) -> tuple[float, float, float]:
    """The three averages of /proc/loadavg; ValueError where they are not there."""
    one, five, fifteen, *_ = text.split()
    return float(one), float(five), float(fifteen)


def scheduler_values(before: dict[str, int], now: dict[str, int], seconds: float) -> tuple[float | None, ...]:
    """procs_running, procs_blocked; context switches, interrupts, forks a second; None for a counter that fell."""
    return (
        now.get("procs_running"),
        now.get("procs_blocked"),
        _rate(before, now, "ctxt", seconds),
        _rate(before, now, "intr", seconds),
        _rate(before, now, "processes", seconds),
    )


def _rate(before: dict[str, int], now: dict[str, int], name: str, seconds: float) -> float | None:
    if name not in before or name not in now or now[name] < before[name]:
        return None
    return (now[name] - before[name]) / seconds
