"""The memory of `perfops process` does not grow with the recording."""

import gzip
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fix_command import BIN, environment
from fix_loaded import START, tick
from fix_recordings import record

from perfops.outputs import parts

PEAK = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
GROWTH = 1.15  # of the peak, while the file grows many times


def peak(path: Path, outdir: Path) -> int:
    """KiB in memory at the most, of `perfops process` or of the largest of its helpers."""
    line = [sys.executable, "-c", PEAK, str(BIN / "perfops"), "process", str(path), "--outdir", str(outdir)]
    done = subprocess.run(line, env=environment(), stdout=subprocess.PIPE, text=True, check=True, timeout=120)
    return int(done.stdout)


def ticks(size: int) -> Iterator[bytes]:
    """Lines of a recording of at least `size` bytes."""
    written = number = 0
    while written < size:
        for name, text in tick(number).items():
            line = record(START + number, name, text, 100.0 + number)
            written += len(line)
            yield line
        number += 1


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A recording that is read in parts."""
    return b"".join(ticks(2 * parts.SIZE + 1))


def test_in_one_go(long: bytes, tmp_path: Path) -> None:
    """Packed files are always read in one go; the long one is eight times the short one."""
    short = b"".join(ticks(len(long) // 8))
    (tmp_path / "short.json.gz").write_bytes(gzip.compress(short, 1))
    (tmp_path / "long.json.gz").write_bytes(gzip.compress(long, 1))
    assert peak(tmp_path / "long.json.gz", tmp_path / "long") < GROWTH * peak(
        tmp_path / "short.json.gz", tmp_path / "short"
    )


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one CPU: there are no parts")
def test_in_parts(long: bytes, tmp_path: Path) -> None:
    (tmp_path / "long.json").write_bytes(long)
    with (tmp_path / "longer.json").open("wb") as file:
        file.writelines(ticks(3 * len(long)))
    assert peak(tmp_path / "longer.json", tmp_path / "longer") < GROWTH * peak(
        tmp_path / "long.json", tmp_path / "long"
    )
