"""The host's row: host.csv, whose nineteen columns never change."""

from perfops.catalogue.model import Kind, Metric, Unit

_JIFFIES = "Δ(user+nice+system+idle+iowait+irq+softirq+steal)"
_DISKS = "summed over whole disks"
_PORTS = "summed over physical interfaces"


def _cpu(name: str, field: str, text: str) -> Metric:
    return Metric(f"cpu_{name}", Unit.PERCENT, f"Δ{field} ÷ {_JIFFIES} × 100", "/proc/stat", text)


def _memory(name: str, formula: str, text: str) -> Metric:
    return Metric(f"mem_{name}", Unit.MIB, formula, "/proc/meminfo", text)


HOST = Kind(
    name="host",
    file="host.csv",
    table="host_sample",
    description="The whole machine: one row for every two neighbouring snapshots.",
    metrics=(
        _cpu("user", "user", "Time in user programs, guests included"),
        _cpu("system", "system", "Time in the kernel, without interrupts"),
        _cpu("iowait", "iowait", "Idle time with a block request outstanding"),
        _cpu("idle", "idle", "Idle time with nothing outstanding"),
        _cpu("steal", "steal", "Time the hypervisor gave to others while this machine wanted to run"),
        _memory("total", "MemTotal", "Usable memory"),
        _memory("used", "MemTotal − MemFree − Buffers − Cached − Slab", "Memory in use by programs and the kernel"),
        _memory("available", "MemAvailable", "Memory a new program could have without swapping"),
        _memory("buffers", "Buffers", "Block device buffers"),
        _memory("cached", "Cached", "Page cache, shared memory included"),
        Metric(
            "disk_read_bytes",
            Unit.BYTES_PER_SECOND,
            f"Δsectors read × 512 ÷ Δt, {_DISKS}",
            "/proc/diskstats",
            "Read from disks",
        ),
        Metric(
            "disk_write_bytes",
            Unit.BYTES_PER_SECOND,
            f"Δsectors written × 512 ÷ Δt, {_DISKS}",
            "/proc/diskstats",
            "Written to disks",
        ),
        Metric(
            "disk_read_ops", Unit.PER_SECOND, f"Δreads completed ÷ Δt, {_DISKS}", "/proc/diskstats", "Reads completed"
        ),
        Metric(
            "disk_write_ops",
            Unit.PER_SECOND,
            f"Δwrites completed ÷ Δt, {_DISKS}",
            "/proc/diskstats",
            "Writes completed",
        ),
        Metric("net_rx_bytes", Unit.BYTES_PER_SECOND, f"Δreceive bytes ÷ Δt, {_PORTS}", "/proc/net/dev", "Received"),
        Metric("net_tx_bytes", Unit.BYTES_PER_SECOND, f"Δtransmit bytes ÷ Δt, {_PORTS}", "/proc/net/dev", "Sent"),
        Metric(
            "net_rx_packets", Unit.PER_SECOND, f"Δreceive packets ÷ Δt, {_PORTS}", "/proc/net/dev", "Packets received"
        ),
        Metric("net_tx_packets", Unit.PER_SECOND, f"Δtransmit packets ÷ Δt, {_PORTS}", "/proc/net/dev", "Packets sent"),
    ),
)
