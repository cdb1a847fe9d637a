"""Which charts there are. Units, names and descriptions of their lines are the catalogue's."""

from dataclasses import dataclass

from perfops.catalogue import CONTAINER, CPU, DISK, FILESYSTEM, HOST, NET, SYSTEM, Kind, Unit
from perfops.store.derived import Figure, figure

LEFT_OUT = {"cpu", "mem", "disk", "net", "bytes", "ops", "percent", "packets", "procs", "await", "current"}
PLAIN = {"rx": "received", "tx": "sent", "filled": "total", "tcp": "TCP", "udp": "UDP", "oom": "OOM"}
LABELS = {  # where the figure's name does not do
    "cpu_pressure": "CPU",
    "memory_pressure": "memory",
    "memory_pressure_full": "memory, all tasks",
    "io_pressure": "I/O",
    "io_pressure_full": "I/O, all tasks",
    "paged_in_bytes": "in",
    "paged_out_bytes": "out",
    "tcp_segments_received": "received",
    "tcp_segments_sent": "sent",
    "tcp_established": "open",
    "tcp_active_opens": "from here",
    "tcp_passive_opens": "from elsewhere",
}


@dataclass(frozen=True, slots=True)
class Trace:
    """A line of a chart: a figure and the colour it has in every chart, by its name in the style sheet."""

    kind: Kind
    figure: Figure
    colour: str

    @property
    def label(self) -> str:
        """The figure's name in plain words, without those that the chart's title says."""
        if self.figure.name in LABELS:
            return LABELS[self.figure.name]
        words = [PLAIN.get(word, word) for word in self.figure.name.split("_")]
        return " ".join(word for word in words if word not in LEFT_OUT) or words[0]


@dataclass(frozen=True, slots=True)
class Chart:
    """Traces in one picture. All have one unit.

    `stacked` piles the traces up; where samples are binned, `peak` is drawn over them at each bin's highest sample.
    The scale ends at `top`, or at the highest value of the figure `top_of`, else at that of the values drawn. Of an
    `optional` one nothing is said where nothing was recorded.
    """

    title: str
    traces: tuple[Trace, ...]
    stacked: bool = False
    peak: Trace | None = None
    top: float | None = None
    top_of: Trace | None = None
    optional: bool = False

    @property
    def unit(self) -> Unit:
        """The unit of the traces."""
        return self.traces[0].figure.metric.unit


def traces(kind: Kind, **colours: str) -> tuple[Trace, ...]:
    """A trace for each metric, in the colour given for it."""
    return tuple(Trace(kind, figure(kind, name), colour) for name, colour in colours.items())


CPU_STACK = Chart(
    "CPU",
    traces(
        CPU,
        user="blue",
        nice="sky",
        system="orange",
        irq="purple",
        softirq="violet",
        iowait="yellow",
        steal="red",
    ),
    stacked=True,
    peak=Trace(CPU, figure(CPU, "filled"), "ink"),
    top=100,
)
# What can be drawn of a host.csv that was loaded alone.
CPU_STACK_OF_HOST = Chart(
    "CPU",
    traces(HOST, cpu_user="blue", cpu_system="orange", cpu_iowait="yellow", cpu_steal="red"),
    stacked=True,
    peak=Trace(HOST, figure(HOST, "cpu_filled"), "ink"),
    top=100,
)
MEMORY = Chart(
    "Memory",
    (
        *traces(HOST, mem_used="blue"),
        *traces(SYSTEM, mem_slab="violet"),
        *traces(HOST, mem_buffers="orange", mem_cached="sky"),
        *traces(SYSTEM, mem_free="pale"),
    ),
    stacked=True,
    peak=Trace(HOST, figure(HOST, "mem_used"), "ink"),
    top_of=Trace(HOST, figure(HOST, "mem_total"), "ink"),
)
OVERVIEW = (
    MEMORY,
    Chart("Disk throughput", traces(HOST, disk_read_bytes="blue", disk_write_bytes="orange")),
    Chart("Disk operations", traces(HOST, disk_read_ops="blue", disk_write_ops="orange")),
    Chart("Network throughput", traces(HOST, net_rx_bytes="blue", net_tx_bytes="orange")),
    Chart("Network packets", traces(HOST, net_rx_packets="blue", net_tx_packets="orange")),
    Chart(
        "Run queue and load",
        traces(SYSTEM, procs_running="blue", procs_blocked="red", load_1m="orange", load_5m="yellow", load_15m="grey"),
    ),
    Chart("Scheduler", traces(SYSTEM, context_switches="blue", interrupts="orange", forks="green")),
    Chart("Swap", traces(SYSTEM, swap_used="red")),
    Chart(
        "Pressure",
        traces(
            SYSTEM,
            cpu_pressure="blue",
            memory_pressure="orange",
            memory_pressure_full="red",
            io_pressure="green",
            io_pressure_full="purple",
        ),
        optional=True,
    ),
)
DEVICE_CHARTS = {
    DISK.name: (
        Chart("Throughput", traces(DISK, read_bytes="blue", write_bytes="orange", discard_bytes="grey")),
        Chart("Operations", traces(DISK, read_ops="blue", write_ops="orange", discard_ops="grey")),
        Chart("Waiting time", traces(DISK, read_await="blue", write_await="orange")),
        Chart("Utilization", traces(DISK, utilization="green"), top=100),
        Chart("Queue depth", traces(DISK, queue_depth="purple")),
    ),
    NET.name: (
        Chart("Throughput", traces(NET, rx_bytes="blue", tx_bytes="orange")),
        Chart("Packets", traces(NET, rx_packets="blue", tx_packets="orange")),
        Chart(
            "Errors and drops", traces(NET, rx_errors="red", tx_errors="purple", rx_drops="orange", tx_drops="yellow")
        ),
    ),
}
# One line a device.
ACROSS_DEVICES = {
    FILESYSTEM.name: (
        Chart("Space in use", traces(FILESYSTEM, used_percent=""), top=100),
        Chart("Inodes in use", traces(FILESYSTEM, files_used_percent=""), top=100, optional=True),
    ),
    CONTAINER.name: (
        Chart("Container CPU", traces(CONTAINER, cpu_percent="")),
        Chart("Container memory", traces(CONTAINER, memory_current_bytes="")),
        Chart("Container memory of programs", traces(CONTAINER, memory_anon_bytes=""), optional=True),
        Chart("Container page cache", traces(CONTAINER, memory_file_bytes=""), optional=True),
        Chart(
            "Periods in which the CPU limit was reached",
            traces(CONTAINER, throttled_periods_percent=""),
            top=100,
            optional=True,
        ),
        Chart("Container reads", traces(CONTAINER, io_read_bytes="")),
        Chart("Container writes", traces(CONTAINER, io_write_bytes="")),
    ),
}
CYCLE = ("blue", "orange", "green", "red", "purple", "yellow", "sky", "pink", "violet", "grey")
HEAT = figure(CPU, "busy")
