"""Which metrics stand in a table together: those of one unit, as a column of a table has one."""

from dataclasses import dataclass

from perfops.catalogue import CONTAINER, CPU, DISK, FILESYSTEM, HOST, NET, SYSTEM, Kind, Metric
from perfops.dashboards.sql import Column, chosen, quoted
from perfops.store.derived import figure

CONTAINER_NAME = "coalesce(nullif(container_name, ''), left(container_id, 12))"


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
        """The expression that names a device, nothing for kinds without any."""
        if self.kind is CONTAINER:
            return CONTAINER_NAME
        return self.kind.keys[0].name if self.kind.keys else ""

    @property
    def where(self) -> tuple[str, ...]:
        """Which devices: those of the variable that bears the kind's name."""
        return (f"{self.kind.keys[0].name} IN ({chosen(self.kind.name)})",) if self.kind.keys else ()


WHOLE = (
    Group("CPU", HOST, ("cpu_busy", "cpu_user", "cpu_system", "cpu_iowait", "cpu_steal"), True),
    Group("Memory", HOST, ("mem_used", "mem_available", "mem_cached", "mem_buffers")),
    Group("Throughput", HOST, ("disk_read_bytes", "disk_write_bytes", "net_rx_bytes", "net_tx_bytes")),
    Group("Operations and packets", HOST, ("disk_read_ops", "disk_write_ops", "net_rx_packets", "net_tx_packets")),
    Group("Shares of memory", SYSTEM, ("mem_used_percent", "mem_commit_percent"), True),
    Group("Pressure", SYSTEM, ("cpu_pressure", "memory_pressure", "io_pressure", "io_pressure_full"), True),
    Group("Tasks and load", SYSTEM, ("procs_running", "procs_blocked", "load_1m", "load_5m")),
    Group("Scheduler and faults", SYSTEM, ("context_switches", "interrupts", "forks", "page_faults", "major_faults")),
    Group("TCP", SYSTEM, ("tcp_segments_received", "tcp_segments_sent", "tcp_retransmits", "tcp_listen_overflows")),
)
DEVICES = (
    Group("Each CPU busy", CPU, ("busy",), True),
    Group("Each CPU waiting and stolen", CPU, ("iowait", "steal"), True),
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
