"""Paging, swapping, page faults and reclaim; columns of the system row."""

from perfops.catalogue.model import Metric, Unit

_SOURCE = "/proc/vmstat"
_ZONES = "; of all zones before Linux 4.8"


def _bytes(name: str, field: str, text: str) -> Metric:
    return Metric(name, Unit.BYTES_PER_SECOND, f"Δ{field} × 1024 ÷ Δt", _SOURCE, text, optional=True)


def _rate(name: str, field: str, text: str) -> Metric:
    return Metric(name, Unit.PER_SECOND, f"Δ{field} ÷ Δt", _SOURCE, text, optional=True)


PAGING = (
    _bytes("paged_in_bytes", "pgpgin", "Read from block devices by the page cache and for swapping"),
    _bytes("paged_out_bytes", "pgpgout", "Written to block devices by the page cache and for swapping"),
    _rate("swapped_in", "pswpin", "Pages read from swap space"),
    _rate("swapped_out", "pswpout", "Pages written to swap space"),
    _rate("page_faults", "pgfault", "Page faults, those without a disk included"),
    _rate("major_faults", "pgmajfault", "Page faults that had to wait for a disk"),
    _rate(
        "pages_scanned",
        "(pgscan_kswapd + pgscan_direct)",
        f"Pages looked at for memory to free, by the kernel's thread and by programs themselves{_ZONES}",
    ),
    _rate("pages_reclaimed", "(pgsteal_kswapd + pgsteal_direct)", f"Pages freed in that way{_ZONES}"),
    _rate("oom_kills", "oom_kill", "Processes killed for want of memory (Linux 4.13 and later)"),
)
