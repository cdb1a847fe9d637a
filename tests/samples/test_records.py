"""Lines to records: damage costs only itself and is told with its number."""

import gzip
import io
from pathlib import Path

import pytest
from fix_recordings import record
from hypothesis import given
from hypothesis import strategies as st

from perfops.samples.notes import FIRST, Notes
from perfops.samples.records import DAMAGED, Record, parse_record, read_lines, read_records
from perfops.samples.snapshots import group

GOOD = record(5, "/proc/stat", "cpu 1\n")


def read(data: bytes) -> tuple[list[Record], Notes]:
    notes = Notes()
    lines = read_lines(io.BufferedReader(io.BytesIO(data)), "file", notes)
    return list(read_records(lines, "file", notes)), notes


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"<html>\n", "not JSON"),
        (b"[1, 2]\n", "not a JSON object"),
        (b'{"timestamp": 5, "subsystem": "/proc/stat"}\n', "no 'measurement'"),
        (b'{"timestamp": "5", "subsystem": "s", "measurement": "m"}\n', "wrong type"),
        (b'{"timestamp": true, "subsystem": "s", "measurement": "m"}\n', "wrong type"),
        (b'{"timestamp": 5, "subsystem": "s", "measurement": {}}\n', "wrong type"),
        (b'{"timestamp": 5, "monotonic": "x", "subsystem": "s", "measurement": "m"}\n', "wrong type"),
        (b"\xff\xfe\n", "not JSON"),
        (b'{"timestamp": NaN, "subsystem": "s", "measurement": "m"}\n', "not JSON"),
    ],
)
def test_a_damaged_line_is_told_with_its_number_and_costs_only_itself(line: bytes, why: str) -> None:
    records, notes = read(GOOD + line + GOOD)
    assert len(records) == 2
    assert notes.counts[DAMAGED] == 1
    (told,) = notes.lines()
    assert told.startswith("file, line 2: ")
    assert why in told


def test_a_cut_line_at_the_end_is_told_as_such() -> None:
    records, notes = read(GOOD + GOOD[:-9])
    assert len(records) == 1
    assert list(notes.lines()) == ["file, line 2: cut short"]


def test_a_whole_last_line_needs_no_newline_and_empty_lines_are_no_damage() -> None:
    records, notes = read(GOOD + b"\n  \n" + GOOD.rstrip())
    assert len(records) == 2
    assert not notes.counts


def test_many_damaged_lines_are_told_in_a_few() -> None:
    _, notes = read(b"x\n" * 1000)
    told = list(notes.lines())
    assert len(told) == FIRST + 1
    assert told[-1] == f"{DAMAGED}: {1000 - FIRST} more like these"


def test_gzip_is_told_by_its_first_bytes_and_a_cut_one_is_read_up_to_there() -> None:
    lines = b"".join(record(number, "/proc/stat", f"cpu {number * 7919}\n") for number in range(2000))
    packed = gzip.compress(lines)
    assert len(read(packed)[0]) == 2000
    records, notes = read(packed[: len(packed) // 2])
    assert 100 < len(records) < 2000
    assert "ends too early" in next(notes.lines())


def test_a_file_that_cannot_be_read_is_no_cut_gzip(tmp_path: Path) -> None:
    with (tmp_path / "file").open("wb") as file, pytest.raises(OSError, match="read"):
        list(read_lines(file, "file", Notes()))


@given(st.binary(max_size=200))
def test_any_bytes_are_a_record_or_a_reason(line: bytes) -> None:
    assert isinstance(parse_record(line), (Record, str))


def test_snapshots_are_the_records_of_one_timestamp() -> None:
    lines = [record(1, "a", "x"), record(1, "b", "x"), record(2, "a", "x"), record(2, "a", "y"), record(2.5, "b", "x")]
    found = list(group(read(b"".join(lines))[0]))
    assert [(each.timestamp, sorted(each.records)) for each in found] == [
        (1, ["a", "b"]), (2, ["a"]), (2, ["a"]), (2.5, ["b"]),
    ]  # fmt: skip
