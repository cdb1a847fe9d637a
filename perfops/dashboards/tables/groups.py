"""Which metrics stand in a table together: those of one unit, as a column of a table has one, and few.

Each percentile of a day at 1 Hz sorts 86,400 values: two of them on each side of a comparison are what 150 ms allow,
also where a machine's neighbours have work.
"""

from dataclasses import dataclass

from perfops.catalogue import CONTAINER, CPU, DISK, FILESYSTEM, HOST, NET, SYSTEM, Kind, Metric
from perfops.dashboards.sql import Column, among, quoted
from perfops.store.derived import figure

CONTAINER_NAME = "coalesce(nullif(container_name, ''), left(container_id, 12))"
ONE_CONTAINER = CONTAINER_NAME.replace("container_name", "min(container_name)")  # one container has one name


@dataclass(frozen=True, slots=True)
class Group:
    """A table: its title, its metrics by name, and what its thresholds colour (`coloured`: high shares are bad)."""

    title: str
    kind: Kind
    names: tuple[str, ...]
    coloured: bool = False

    @property
    def metrics(self) -> list[Metric]:
        """The metrics."""
        return [figure(self.kind, name).metric for name in self.names]

    @property
    def columns(self) -> list[Column]:
        """The columns of the view."""
        return [Column(name, quoted(name)) for name in self.names]

    @property
    def device(self) -> str:
        """The expression that names a device, over all its rows; nothing for kinds without any."""
        return ONE_CONTAINER if self.kind is CONTAINER else self.key

    @property
    def key(self) -> str:
        """The column that tells devices apart, nothing for kinds without any."""
        return self.kind.keys[0].name if self.kind.keys else ""

    @property
    def where(self) -> tuple[str, ...]:
        """Which devices: those of the variable that bears the kind's name."""
        return (among(self.kind),) if self.key else ()


WHOLE = (
    Group("CPU", HOST, ("cpu_busy", "cpu_steal"), True),
    Group("CPU in programs and in the kernel", HOST, ("cpu_user", "cpu_system"), True),
    Group("CPU waiting for I/O", HOST, ("cpu_iowait",), True),
    Group("Memory", HOST, ("mem_used", "mem_available")),
    Group("Page cache and buffers", HOST, ("mem_cached", "mem_buffers")),
    Group("Shares of memory", SYSTEM, ("mem_used_percent", "mem_commit_percent"), True),
    Group("Throughput of all disks", HOST, ("disk_read_bytes", "disk_write_bytes")),
    Group("Operations of all disks", HOST, ("disk_read_ops", "disk_write_ops")),
    Group("Network throughput", HOST, ("net_rx_bytes", "net_tx_bytes")),
    Group("Network packets", HOST, ("net_rx_packets", "net_tx_packets")),
    Group("Pressure of CPU and memory", SYSTEM, ("cpu_pressure", "memory_pressure"), True),
    Group("Pressure of I/O", SYSTEM, ("io_pressure", "io_pressure_full"), True),
    Group("Tasks", SYSTEM, ("procs_running", "procs_blocked")),
    Group("Load", SYSTEM, ("load_1m", "load_5m")),
    Group("Scheduler", SYSTEM, ("context_switches", "interrupts")),
    Group("New processes", SYSTEM, ("forks",)),
    Group("Page faults", SYSTEM, ("page_faults", "major_faults")),
    Group("TCP segments", SYSTEM, ("tcp_segments_received", "tcp_segments_sent")),
    Group("TCP trouble", SYSTEM, ("tcp_retransmits", "tcp_listen_overflows")),
)
DEVICES = (
    Group("Each CPU busy", CPU, ("busy",), True),
    Group("Each CPU waiting", CPU, ("iowait",), True),
    Group("Each CPU stolen", CPU, ("steal",), True),
    Group("Disk throughput", DISK, ("read_bytes", "write_bytes")),
    Group("Disk operations", DISK, ("read_ops", "write_ops")),
    Group("Disk waiting time", DISK, ("read_await", "write_await")),
    Group("Disk utilization", DISK, ("utilization",), True),
    Group("Disk queue", DISK, ("queue_depth",)),
    Group("Interface throughput", NET, ("rx_bytes", "tx_bytes")),
    Group("Interface packets", NET, ("rx_packets", "tx_packets")),
    Group("Interface errors", NET, ("rx_errors", "tx_errors")),
    Group("Interface drops", NET, ("rx_drops", "tx_drops")),
    Group("File systems", FILESYSTEM, ("used_percent", "files_used_percent"), True),
    Group("Container CPU", CONTAINER, ("cpu_percent",)),
    Group("Container CPU limit", CONTAINER, ("throttled_periods_percent",)),
    Group("Container memory", CONTAINER, ("memory_current_bytes",)),
    Group("Container I/O", CONTAINER, ("io_read_bytes", "io_write_bytes")),
)
