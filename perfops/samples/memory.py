"""Memory from /proc/meminfo, in MiB."""

from typing import NamedTuple

NAMES = (
    "MemTotal",
    "MemFree",
    "MemAvailable",
    "Buffers",
    "Cached",
    "Active",
    "Inactive",
    "SwapTotal",
    "SwapFree",
    "Dirty",
    "Writeback",
    "Slab",
    "Committed_AS",
)
KIB = 1 / 1024


class Memory(NamedTuple):
    """The fields of /proc/meminfo that are used, in KiB; None where the kernel has none."""

    total: int
    free: int
    available: int | None
    buffers: int
    cached: int
    active: int | None
    inactive: int | None
    swap_total: int
    swap_free: int
    dirty: int | None
    writeback: int | None
    slab: int
    committed: int | None

    @property
    def used(self) -> int:
        """MemTotal − MemFree − Buffers − Cached − Slab, as sysstat up to 12.7.7 defines it; never below 0."""
        return max(self.total - self.free - self.buffers - self.cached - self.slab, 0)


def parse(text: str) -> Memory:
    """Read /proc/meminfo; ValueError where MemTotal or MemFree is missing."""
    words = text.split()
    found: list[int | None] = []
    position = 0
    for name in NAMES:
        # The kernel keeps the order of NAMES, so each search goes on where the last one ended.
        try:
            position = words.index(name + ":", position)
            found.append(int(words[position + 1]))
        except ValueError:
            found.append(_anywhere(words, name))
    if found[0] is None or found[1] is None:
        raise ValueError("no MemTotal or MemFree")
    return Memory(*(value if value is not None or NAMES[i] in OPTIONAL else 0 for i, value in enumerate(found)))  # type: ignore[arg-type]


OPTIONAL = frozenset(("MemAvailable", "Active", "Inactive", "Dirty", "Writeback", "Committed_AS"))


def _anywhere(words: list[str], name: str) -> int | None:
    try:
        return int(words[words.index(name + ":") + 1])
    except (ValueError, IndexError):
        return None


def _mib(kib: int | None) -> float | None:
    return None if kib is None else kib * KIB


def host_values(memory: Memory) -> tuple[float | None, ...]:
    """The host row's memory columns: total, used, available, buffers, cached."""
    return (
        memory.total * KIB,
        memory.used * KIB,
        _mib(memory.available),
        memory.buffers * KIB,
        memory.cached * KIB,
    )


def system_values(memory: Memory) -> tuple[float | None, ...]:
    """The system row's memory columns, in the catalogue's order from mem_free on."""
    promised = memory.total + memory.swap_total
    return (
        memory.free * KIB,
        memory.used / memory.total * 100 if memory.total else None,
        _mib(memory.committed),
        None if memory.committed is None or not promised else memory.committed / promised * 100,
        _mib(memory.active),
        _mib(memory.inactive),
        _mib(memory.dirty),
        _mib(memory.writeback),
        memory.slab * KIB,
        memory.swap_total * KIB,
        max(memory.swap_total - memory.swap_free, 0) * KIB,
    )
