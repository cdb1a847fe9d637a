"""What the sampler says about itself: the records at the beginning and at the end."""

import os
import resource

from . import encode
from .host import host_facts
from .smallfiles import text_of
from .sources import ONCE, read_once

MYPY = False
if MYPY:
    from typing import Any, Dict, List, Optional, Tuple

    from .cloud import Facts
    from .settings import Options


def first_records(
    options: "Options", cloud: "Optional[Facts]", unreadable: "Dict[str, str]"
) -> "List[Tuple[str, bytes]]":
    """Subsystem and measurement of the host record and of the sources that do not change.

    `unreadable` takes what is missing of them.
    """
    once = []
    for source in ONCE:
        if source.group in options.without:
            continue
        try:
            once.append((source.subsystem, read_once(os.path.join(options.proc_root, source.path))))
        except OSError as error:
            unreadable[source.subsystem] = error.strerror or str(error)
    return [("host", encode.json_text(host_facts(options, cloud, unreadable)))] + once


def stamped(start: bytes, records: "List[Tuple[str, bytes]]") -> "List[bytes]":
    """The records as lines of one tick."""
    return [encode.line(start, subsystem, measurement) for subsystem, measurement in records]


def peak_memory(otherwise: int) -> int:
    """The most this program has had in memory, in KiB; getrusage would count the program that started it, too."""
    for row in (text_of("/proc/self/status") or "").splitlines():
        if row.startswith("VmHWM:"):
            return int(row.split()[1])
    return otherwise


def end_facts(reason: str, ticks: int, missed: int, size: int, unreadable: "Dict[str, str]") -> "Dict[str, Any]":
    """The measurement of the end record: counts, and what the collector itself cost."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "reason": reason,
        "ticks": ticks,
        "missed": missed,
        "bytes": size,
        "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 6),
        "peak_memory_kib": peak_memory(usage.ru_maxrss),
        "unreadable": unreadable,
    }
