"""Per-filesystem detail."""

from perfops.catalogue.model import Key, Kind, Metric, Unit

_SOURCE = "statfs[*]"

FILESYSTEM = Kind(
    name="filesystem",
    file="filesystem.csv",
    table="filesystem_sample",
    description="Space and inodes of each mounted file system.",
    keys=(Key("mount_point", "where it is mounted"),),
    metrics=(
        Metric("total_bytes", Unit.BYTES, "blocks_total × block_size", _SOURCE, "Size"),
        Metric("free_bytes", Unit.BYTES, "blocks_free × block_size", _SOURCE, "Free, the share kept for root included"),
        Metric("available_bytes", Unit.BYTES, "blocks_available × block_size", _SOURCE, "Free for ordinary users"),
        Metric(
            "used_percent",
            Unit.PERCENT,
            "used ÷ (used + blocks_available) × 100, used = blocks_total − blocks_free",
            _SOURCE,
            "Share in use, as df counts it",
        ),
        Metric("files_total", Unit.COUNT, "files_total", _SOURCE, "Inodes", optional=True),
        Metric("files_free", Unit.COUNT, "files_free", _SOURCE, "Inodes that are free", optional=True),
        Metric(
            "files_used_percent",
            Unit.PERCENT,
            "(files_total − files_free) ÷ files_total × 100",
            _SOURCE,
            "Share of inodes in use; empty where the file system has no fixed number of them",
            optional=True,
        ),
    ),
)
