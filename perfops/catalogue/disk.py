"""Per-disk detail: whole disks and the layers stacked on them, no partitions."""

from perfops.catalogue.model import Key, Kind, Metric, Unit

_SOURCE = "/proc/diskstats"


def _bytes(name: str, field: str, text: str) -> Metric:
    return Metric(name, Unit.BYTES_PER_SECOND, f"Δ{field} × 512 ÷ Δt", _SOURCE, text)


def _ops(name: str, field: str, text: str) -> Metric:
    return Metric(name, Unit.PER_SECOND, f"Δ{field} ÷ Δt", _SOURCE, text)


def _await(name: str, formula: str, text: str) -> Metric:
    return Metric(name, Unit.MILLISECONDS, formula, _SOURCE, text, optional=True)


DISK = Kind(
    name="disk",
    file="disk.csv",
    table="disk_sample",
    description="Each whole disk, and each device stacked on disks (LVM, RAID, multipath).",
    keys=(Key("device", "name of the block device"),),
    metrics=(
        _bytes("read_bytes", "sectors read", "Read"),
        _bytes("write_bytes", "sectors written", "Written"),
        _bytes("discard_bytes", "sectors discarded", "Discarded (trim)"),
        _ops("read_ops", "reads completed", "Reads completed"),
        _ops("write_ops", "writes completed", "Writes completed"),
        _ops("discard_ops", "discards completed", "Discards completed"),
        _await("read_await", "Δms reading ÷ Δreads completed", "Mean time of a read, queueing included"),
        _await("write_await", "Δms writing ÷ Δwrites completed", "Mean time of a write, queueing included"),
        Metric(
            "queue_depth",
            Unit.COUNT,
            "Δweighted ms doing I/O ÷ (Δt × 1000)",
            _SOURCE,
            "Mean number of requests in flight",
        ),
        Metric(
            "utilization",
            Unit.PERCENT,
            "Δms doing I/O ÷ (Δt × 1000) × 100, at most 100",
            _SOURCE,
            "Share of time with a request in flight",
        ),
    ),
)
