"""What kind of machine it was and how it was recorded, as far as the recording says."""

from typing import Any

from perfops.catalogue import HOST, Unit
from perfops.report.pictures import Found, stats_of
from perfops.report.remarks import counted, span
from perfops.report.statistics import HOST as WHOLE
from perfops.report.units import human, length
from perfops.store.machines import Machine

CLOUD = ("cloud", "region", "zone", "instance_type")
TOLD = {"model_name", "total_cpus", "hostname", "kernel", "os", *CLOUD}  # in the short list already
RECORDERS = {"pcc": "pcc", "other": "another program"}


def facts(machine: Machine, found: Found) -> list[tuple[str, str]]:
    """The short list: name and value, what is not known left out."""
    host, summary = machine.summary.host, machine.summary
    total = stats_of(found, HOST, WHOLE, "mem_total")
    cpus = host.get("total_cpus") or host.get("cpus_online")
    every = f"every {length(machine.frequency)}: " if machine.frequency else ""
    samples = summary.samples.get(HOST.name, 0)
    rows = (
        ("Hostname", summary.hostname if summary.hostname != machine.name else None),
        ("CPU", " × ".join(str(value) for value in (cpus, host.get("model_name")) if value)),
        ("Memory", human(total.high, Unit.MIB) if total else None),
        ("System", " · ".join(str(host[key]) for key in ("os", "kernel") if host.get(key))),
        ("Cloud", " · ".join(str(host[key]) for key in CLOUD if scalar(host.get(key)))),
        ("Time", f"{span(machine.start, machine.end)} UTC, {length(machine.seconds)}"),
        ("Sampled", f"{every}{counted(samples, 'sample')} from {counted(summary.snapshots, 'snapshot')}"),
        ("Recorded by", ", ".join(filter(None, [RECORDERS[summary.recorder], f"{machine.mode} mode", share(machine)]))),
        ("Collection", str(machine.collection)),
    )
    return [(name, value) for name, value in rows if value]


def all_facts(machine: Machine) -> list[tuple[str, str]]:
    """Everything else the recording says about the machine."""
    return [(name, flat(value)) for name, value in machine.summary.host.items() if name not in TOLD]


def scalar(value: Any) -> bool:
    """Whether a fact is one word or number."""
    return isinstance(value, str | int | float) and value != ""


def flat(value: Any) -> str:
    """A fact as text, whatever its shape."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {flat(part)}" for key, part in value.items() if part is not None)
    if isinstance(value, list):
        return "; ".join(map(flat, value)) or "none"
    return str(value)


def share(machine: Machine) -> str | None:
    """The recorder's share of a CPU, None where it does not say or there was no time."""
    cost = machine.summary.observer
    if cost is None or machine.seconds <= 0:
        return None
    return f"{human(100 * cost.cpu_seconds / machine.seconds, Unit.PERCENT)} of one CPU"


def observer_cost(machine: Machine) -> str | None:
    """What the recording itself cost the machine, None where its recorder does not say."""
    cost = machine.summary.observer
    if cost is None:
        return None
    memory, size = human(cost.peak_memory_kib * 1024, Unit.BYTES), human(cost.bytes_written, Unit.BYTES)
    of_one = f" ({told})" if (told := share(machine)) else ""
    each = human(1000 * cost.cpu_seconds / machine.summary.snapshots, Unit.MILLISECONDS)
    return (
        f"The recorder itself took {cost.cpu_seconds:.2f} s of CPU time{of_one}, {each} a snapshot,"
        f" at most {memory} of memory, and wrote {size}."
    )
