"""The recorded and written trees of /proc, as the measurements of a tick.

debian12-2cpu was recorded. The others are written after the kernel's documentation: what each version has and has not.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from fix_pcc import ROOTS

from perfops.samples.rows import PARSERS

SPACE = (
    '{"mount_point":"/","block_size":4096,"blocks_total":7344928,"blocks_free":6439673,"blocks_available":6435577,'
    '"files_total":3670016,"files_free":3561234}\n'
    '{"mount_point":"/boot","block_size":4096,"blocks_total":225380,"blocks_free":209465,"blocks_available":192777}\n'
    '{"mount_point":"/srv/a \\"b\\"","block_size":4096,"blocks_total":100,"blocks_free":0,"blocks_available":0,'
    '"files_total":0,"files_free":0}\n'
)
LEVELS = ("/proc/meminfo", "/proc/loadavg", "/proc/sys/fs/file-nr", "statfs[*]")
NUMBER = re.compile(r"(?:(?<=total=)|(?<![\w.=-]))\d+(?![\w.])")
KERNELS = ("3.10", "4.4", "4.14", "4.19", "5.4", "5.14", "6.8")
NAMES = ("debian12-2cpu", *(f"kernel-{version}" for version in KERNELS))


def proc(name: str) -> Path:
    """The /proc of a tree."""
    return ROOTS / name / "proc"


@cache
def texts(name: str) -> dict[str, str]:
    """Measurements of a tick on a tree's machine; a source it does not have is left out."""
    found = {"statfs[*]": SPACE}
    for source in PARSERS:
        path = proc(name) / source.removeprefix("/proc/")
        if source.startswith("/proc/") and path.exists():
            found[source] = path.read_text()
    return found


def later(measured: dict[str, str], steps: int) -> dict[str, str]:
    """The same with all counters grown, each line by another number."""
    return {source: text if source in LEVELS else grown(text, steps) for source, text in measured.items()}


def grown(text: str, steps: int) -> str:
    """The text with every number grown, those of a line by its number times `steps`."""
    return "".join(grown_lines(text.splitlines(keepends=True), steps))


def grown_lines(lines: list[str], steps: int) -> Iterator[str]:
    """The lines, grown."""
    for place, line in enumerate(lines, 1):
        yield NUMBER.sub(lambda found, by=place * steps: str(int(found[0]) + by), line)
