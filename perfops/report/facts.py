"""What kind of machine it was and how it was recorded, as far as the recording says."""

from typing import Any

from perfops.catalogue import HOST, Unit
from perfops.report.pictures import Found, stats_of
from perfops.report.remarks import moment
from perfops.report.statistics import HOST as WHOLE
from perfops.report.units import human, length
from perfops.store.machines import Machine

TOLD = {"model_name", "total_cpus", "hostname", "kernel", "os"}  # in the short list already
RECORDERS = {"pcc": "pcc", "other": "another program"}


def facts(machine: Machine, found: Found) -> list[tuple[str, str]]:
    """The short list: name and value, what is not known left out."""
    host, summary = machine.summary.host, machine.summary
    total = stats_of(found, HOST, WHOLE, "mem_total")
    samples = summary.samples.get(HOST.name, 0)
    rows = (
        ("Collector", machine.name),
        ("Site", machine.site),
        ("Hostname", summary.hostname),
        ("CPU", host.get("model_name")),
        ("CPUs", host.get("total_cpus") or host.get("cpus_online")),
        ("Memory", human(total.high, Unit.MIB) if total else None),
        ("System", " · ".join(str(host[key]) for key in ("os", "kernel") if host.get(key))),
        ("Cloud", " · ".join(str(host[key]) for key in ("cloud", "region", "instance_type") if scalar(host.get(key)))),
        ("Start (UTC)", moment(machine.start)),
        ("End (UTC)", moment(machine.end)),
        ("Length", length(machine.seconds) or "0 s"),
        ("A sample every", length(machine.frequency) if machine.frequency else None),
        ("Samples", f"{samples} from {summary.snapshots} snapshots"),
        ("Recorded by", f"{RECORDERS[summary.recorder]}, {machine.mode} mode"),
        ("Collection", str(machine.collection)),
    )
    return [(name, str(value)) for name, value in rows if value]


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


def observer_cost(machine: Machine) -> str | None:
    """What the recording itself cost the machine, None where its recorder does not say."""
    cost = machine.summary.observer
    if cost is None:
        return None
    memory, size = human(cost.peak_memory_kib * 1024, Unit.BYTES), human(cost.bytes_written, Unit.BYTES)
    share = f" ({100 * cost.cpu_seconds / machine.seconds:.2g} % of one CPU)" if machine.seconds > 0 else ""
    samples = machine.summary.snapshots
    each = f", {1000 * cost.cpu_seconds / samples:.2g} ms a sample" if samples else ""
    return (
        f"The recorder itself took {cost.cpu_seconds:.2f} s of CPU time{share}{each},"
        f" at most {memory} of memory, and wrote {size}."
    )
