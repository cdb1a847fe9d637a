"""The sampler on kernels from 3.10 on, and what becomes of what it writes there."""

import csv
from pathlib import Path

import pytest
from fix_pcc import environment, read, run
from fix_roots import NAMES, proc

from perfops.outputs.process import process_files
from perfops.pcc.sources import EVERY_TICK

SHORT = ("--duration", "40ms", "--frequency", "20ms", "--quiet")


@pytest.mark.parametrize("name", NAMES)
def test_what_a_kernel_has_not_is_noted_once_and_the_rest_is_processed(name: str, packed: Path, tmp_path: Path) -> None:
    path = tmp_path / "host.json"
    roots = ("--proc-root", str(proc(name)), "--sys-root", str(tmp_path / "sys"))
    done = run(packed, *SHORT, "--collection", str(path), *roots, env=environment())
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    missing = {source.subsystem for source in EVERY_TICK if not (proc(name) / source.path).exists()}
    assert missing <= set(read(path)[0]["measurement"]["unreadable"])
    summary = process_files([path], tmp_path / "out")
    assert summary.warnings == []
    assert summary.snapshots == summary.ticks
    with (tmp_path / "out" / "system.csv").open(newline="") as file:
        row = next(csv.DictReader(file))
    assert (row["io_pressure"] == "") == ("/proc/pressure/io" in missing)
    assert row["tcp_established"] == "24" or name == "debian12-2cpu"
    for column in ("forks", "load_1m", "mem_slab", "page_faults", "tcp_retransmits", "tcp_timeouts", "open_files"):
        assert row[column] != "", column
