"""What the kernel counts for the machine as a whole, beyond the host's row."""

from perfops.catalogue.model import Kind, Metric, Unit
from perfops.catalogue.paging import PAGING
from perfops.catalogue.pressure import PRESSURE
from perfops.catalogue.tcp import TCP


def _rate(name: str, field: str, text: str) -> Metric:
    return Metric(name, Unit.PER_SECOND, f"Δ{field} ÷ Δt", "/proc/stat", text)


def _memory(name: str, formula: str, text: str, unit: Unit = Unit.MIB) -> Metric:
    return Metric(name, unit, formula, "/proc/meminfo", text)


def _load(name: str, field: str, text: str) -> Metric:
    return Metric(name, Unit.COUNT, field, "/proc/loadavg", text, optional=True)


SYSTEM = Kind(
    name="system",
    file="system.csv",
    table="system_sample",
    description="Scheduler, memory, paging, pressure and protocol figures of the whole machine.",
    metrics=(
        Metric("procs_running", Unit.COUNT, "procs_running", "/proc/stat", "Tasks that run or wait for a CPU"),
        Metric("procs_blocked", Unit.COUNT, "procs_blocked", "/proc/stat", "Tasks that wait for a block device"),
        _rate("context_switches", "ctxt", "Context switches"),
        _rate("interrupts", "intr", "Interrupts serviced"),
        _rate("forks", "processes", "Tasks created"),
        _load("load_1m", "first field", "Load average over one minute"),
        _load("load_5m", "second field", "Load average over five minutes"),
        _load("load_15m", "third field", "Load average over fifteen minutes"),
        _memory("mem_free", "MemFree", "Memory nobody uses"),
        _memory(
            "mem_used_percent",
            "(MemTotal − MemFree − Buffers − Cached − Slab) ÷ MemTotal × 100",
            "Share of memory in use by programs and the kernel",
            Unit.PERCENT,
        ),
        _memory("mem_committed", "Committed_AS", "Memory promised to programs"),
        _memory(
            "mem_commit_percent",
            "Committed_AS ÷ (MemTotal + SwapTotal) × 100",
            "Share of memory and swap promised",
            Unit.PERCENT,
        ),
        _memory("mem_active", "Active", "Recently used pages"),
        _memory("mem_inactive", "Inactive", "Pages that may be reclaimed first"),
        _memory("mem_dirty", "Dirty", "Pages that wait to be written"),
        _memory("mem_writeback", "Writeback", "Pages being written"),
        _memory("mem_slab", "Slab", "Kernel objects"),
        _memory("swap_total", "SwapTotal", "Swap space"),
        _memory("swap_used", "SwapTotal − SwapFree", "Swap space in use"),
        *PAGING,
        *PRESSURE,
        *TCP,
        Metric("open_files", Unit.COUNT, "allocated − unused", "/proc/sys/fs/file-nr", "Open files", optional=True),
    ),
)
