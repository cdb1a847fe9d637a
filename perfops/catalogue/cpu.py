"""Per-CPU detail: every field of /proc/stat, for all CPUs together (`all`) and for each."""

from perfops.catalogue.model import Key, Kind, Metric, Unit

_TOTAL = "Δ(user+nice+system+idle+iowait+irq+softirq+steal)"


def _share(name: str, text: str) -> Metric:
    return Metric(name, Unit.PERCENT, f"Δ{name} ÷ {_TOTAL} × 100", "/proc/stat", text)


CPU = Kind(
    name="cpu",
    file="cpu.csv",
    table="cpu_sample",
    description="Time of each CPU, and of all together under the name `all`.",
    keys=(Key("cpu", "number of the CPU, or `all`"),),
    metrics=(
        _share("user", "Time in user programs, guests included"),
        _share("nice", "Time in user programs of lowered priority, guests included"),
        _share("system", "Time in the kernel, without interrupts"),
        _share("idle", "Idle time with nothing outstanding"),
        _share("iowait", "Idle time with a block request outstanding"),
        _share("irq", "Time in hardware interrupts"),
        _share("softirq", "Time in software interrupts"),
        _share("steal", "Time the hypervisor gave to others"),
        _share("guest", "Time in guests; part of user"),
        _share("guest_nice", "Time in guests of lowered priority; part of nice"),
    ),
)
