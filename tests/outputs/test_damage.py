"""Damage costs only itself: a line, a source of a tick, a figure; each is told."""

import csv
import gzip
import json
from pathlib import Path

from fix_loaded import record_machine
from fix_recordings import record, write

from perfops.outputs.process import process_files
from perfops.outputs.summary import read_summary
from perfops.samples.records import LONGEST


def csv_files(folder: Path) -> dict[str, bytes]:
    """The CSV files of a folder."""
    return {path.name: path.read_bytes() for path in folder.glob("*.csv")}


def test_a_damaged_line_is_told_with_its_number_and_costs_only_what_it_held(tmp_path: Path) -> None:
    whole = record_machine(tmp_path / "whole.json", 9)
    lines = whole.read_bytes().splitlines(keepends=True)
    place = next(number for number, line in enumerate(lines) if b"net/dev" in line and number > 15)
    lines[place] = lines[place][:70] + b"\n"
    damaged = write(tmp_path / "damaged.json", [*lines[:3], b"\x00\xff garbage\n", *lines[3:]])
    process_files([whole], tmp_path / "whole")
    summary = process_files([damaged], tmp_path / "damaged")
    assert summary.damaged_lines == 2
    assert summary.warnings == [f"{damaged}, line 4: not JSON", f"{damaged}, line {place + 2}: not JSON"]
    expected, found = csv_files(tmp_path / "whole"), csv_files(tmp_path / "damaged")
    for name in ("cpu.csv", "disk.csv", "system.csv"):
        assert found[name] == expected[name]
    with (tmp_path / "damaged" / "host.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [number for number, row in enumerate(rows) if not row["net_rx_bytes"]] == [2, 3]
    assert all(row["cpu_user"] and row["disk_read_ops"] for row in rows)


def test_a_line_longer_than_any_record_is_skipped_whole(tmp_path: Path) -> None:
    lines = record_machine(tmp_path / "whole.json").read_bytes().splitlines(keepends=True)
    long = write(tmp_path / "long.json", [*lines[:5], b'{"timestamp":', b"1" * (LONGEST + 99), b"}\n", *lines[5:]])
    process_files([tmp_path / "whole.json"], tmp_path / "whole")
    summary = process_files([long], tmp_path / "long")
    assert summary.warnings == [f"{long}, line 6: longer than 64 MiB"]
    assert csv_files(tmp_path / "long") == csv_files(tmp_path / "whole")


def test_a_cut_gzip_gives_what_could_be_unpacked(tmp_path: Path) -> None:
    lines = record_machine(tmp_path / "whole.json", 400).read_bytes()
    packed = gzip.compress(lines)
    cut = write(tmp_path / "cut.json.gz", [packed[: len(packed) // 2]])
    whole, part = process_files([tmp_path / "whole.json"], tmp_path / "whole"), process_files([cut], tmp_path / "cut")
    assert 10 < part.snapshots < whole.snapshots == 400
    assert not part.complete
    assert any("gzip data ends too early" in warning for warning in part.warnings)
    expected, found = csv_files(tmp_path / "whole"), csv_files(tmp_path / "cut")
    for name in ("host.csv", "cpu.csv"):
        last = found[name].rstrip(b"\n").rfind(b"\n")  # the last row may lack what was cut off
        assert expected[name].startswith(found[name][:last])


def test_a_cut_collection_is_good_up_to_its_last_whole_line(tmp_path: Path) -> None:
    data = record_machine(tmp_path / "whole.json", 30).read_bytes()
    process_files([tmp_path / "whole.json"], tmp_path / "whole")
    expected = csv_files(tmp_path / "whole")["cpu.csv"]
    for length in range(len(data) // 2, len(data) // 2 + 2500, 97):
        summary = process_files([write(tmp_path / "cut.json", [data[:length]])], tmp_path / "cut")
        assert not summary.complete
        assert summary.damaged_lines == (not data[:length].endswith(b"\n"))
        assert expected.startswith(csv_files(tmp_path / "cut")["cpu.csv"])


def test_names_that_cannot_be_read_are_told_and_cost_only_the_names(tmp_path: Path) -> None:
    (tmp_path / "container_names.json").write_text("{")
    summary = process_files([record_machine(tmp_path / "host.json")], tmp_path / "out")
    assert [warning.split(": ")[0] for warning in summary.warnings] == [
        f"{tmp_path}/container_names.json cannot be read"
    ]
    assert summary.samples["host"] == 5


def test_a_number_beyond_the_kernels_costs_only_its_source(tmp_path: Path) -> None:
    lines = record_machine(tmp_path / "whole.json").read_bytes().splitlines(keepends=True)
    place = [number for number, line in enumerate(lines) if b"/proc/diskstats" in line][2]
    text = json.loads(lines[place])
    text["measurement"] = text["measurement"].replace(" 20 ", f" {'9' * 400} ", 1)
    assert "999" in text["measurement"]
    lines[place] = json.dumps(text).encode() + b"\n"
    process_files([tmp_path / "whole.json"], tmp_path / "whole")
    summary = process_files([write(tmp_path / "damaged.json", lines)], tmp_path / "damaged")
    expected, found = csv_files(tmp_path / "whole"), csv_files(tmp_path / "damaged")
    assert (found["cpu.csv"], found["net.csv"]) == (expected["cpu.csv"], expected["net.csv"])
    assert len(found["disk.csv"].splitlines()) == len(expected["disk.csv"].splitlines()) - 4
    assert summary.warnings == [
        "/proc/diskstats at 2026-01-09T23:06:42Z cannot be read: 999999999999999999999… is no number of the kernel's"
    ]


def test_control_records_of_wrong_types_are_told_and_left_out(tmp_path: Path) -> None:
    lines = record_machine(tmp_path / "whole.json", end=False).read_bytes().splitlines(keepends=True)
    host = {"hostname": 7, "labels": [1], "frequency": "1s", "disks": 5, "interfaces": [None], "collection": "x"}
    gap = {"from": "yesterday", "to": 1e300}
    end = {"ticks": "six", "cpu_seconds": [], "peak_memory_kib": 1, "bytes": 2, "reason": 9}
    odd = [record(1_768_000_000, "host", host, 100.0), *lines[1:]]
    odd += [record(1_768_000_005, name, value, 105.0) for name, value in (("gap", gap), ("end", end))]
    summary = process_files([write(tmp_path / "odd.json", odd)], tmp_path / "out")
    assert (summary.hostname, summary.labels, summary.frequency, summary.collection) == (None, {}, 1.0, None)
    assert (summary.complete, summary.ticks, summary.observer, summary.end_reason) == (True, None, None, None)
    assert summary.samples["host"] == 5
    told = "\n".join(summary.warnings)
    for text in ("'from': 'yesterday'", "the host record has 'hostname': 7", "the end record has 'ticks': 'six'"):
        assert text in told or "more like these" in told
    assert read_summary(tmp_path / "out") == summary
