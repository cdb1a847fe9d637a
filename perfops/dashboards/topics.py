"""Charts about what the kernel counts beside the overview: paging, protocols, open files."""

from dataclasses import dataclass

from perfops.catalogue import SYSTEM
from perfops.dashboards.charts import Chart, traces


@dataclass(frozen=True, slots=True)
class Topic:
    """Charts that are folded together, and stand open where one of the figures of `trouble` is not always 0."""

    title: str
    charts: tuple[Chart, ...]
    trouble: tuple[str, ...] = ()


KERNEL = (
    Topic(
        "Paging",
        (
            Chart("Paging", traces(SYSTEM, paged_in_bytes="blue", paged_out_bytes="orange"), optional=True),
            Chart("Page faults", traces(SYSTEM, page_faults="blue"), optional=True),
            Chart(
                "Reclaim and swapping",
                traces(
                    SYSTEM,
                    major_faults="orange",
                    pages_scanned="sky",
                    pages_reclaimed="blue",
                    swapped_in="yellow",
                    swapped_out="purple",
                    oom_kills="red",
                ),
                optional=True,
            ),
        ),
        trouble=("swapped_in", "swapped_out", "oom_kills"),
    ),
    Topic(
        "TCP and UDP",
        (
            Chart(
                "TCP segments", traces(SYSTEM, tcp_segments_received="blue", tcp_segments_sent="orange"), optional=True
            ),
            Chart("TCP connections", traces(SYSTEM, tcp_established="green"), optional=True),
            Chart(
                "New TCP connections",
                traces(SYSTEM, tcp_active_opens="orange", tcp_passive_opens="blue"),
                optional=True,
            ),
            Chart(
                "Lost, refused and sent again",
                traces(
                    SYSTEM,
                    tcp_retransmits="orange",
                    tcp_timeouts="yellow",
                    tcp_resets_sent="grey",
                    tcp_listen_overflows="red",
                    tcp_listen_drops="pink",
                    udp_errors="purple",
                    udp_buffer_errors="violet",
                ),
                optional=True,
            ),
        ),
        trouble=("tcp_listen_overflows", "tcp_listen_drops", "tcp_timeouts", "udp_buffer_errors"),
    ),
    Topic("Open files", (Chart("Open files", traces(SYSTEM, open_files="blue"), optional=True),)),
)
