"""A collection in whatever shape it comes, and the folder that is made of it."""

import csv
import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest
from fix_command import environment, perfops, succeeded
from fix_loaded import record_machine
from fix_recordings import FOLDER, NAMES, needs_recordings, record, write

from perfops.catalogue import HOST, KINDS
from perfops.errors import BadInputError, MachineError
from perfops.outputs.process import process_files

NUMBER = re.compile(r"-?\d+(\.\d{1,4})?")
BOM = b"\xef\xbb\xbf"
Edit = Callable[[bytes], bytes]


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture(scope="module", params=NAMES)
def recording(request: pytest.FixtureRequest) -> Path:
    path = FOLDER / request.param / "host_collection.json"
    if not path.exists():
        pytest.skip(f"no real recordings in {FOLDER} (set PERFOPS_COLLECTIONS)")
    return path


def test_plain_packed_and_from_standard_input_are_the_same(recording: Path, tmp_path: Path) -> None:
    plain = write(tmp_path / "collection.json", [recording.read_bytes()])
    packed = write(tmp_path / "collection.json.gz", [gzip.compress(recording.read_bytes())])
    succeeded(perfops("process", plain, "--outdir", tmp_path / "plain"))
    succeeded(perfops("process", packed, "--outdir", tmp_path / "packed"))
    for file in (plain, packed):
        outdir = tmp_path / f"stdin-{file.name}"
        succeeded(perfops("process", "-", "--outdir", outdir, input=file.read_bytes(), text=False))
        assert contents(outdir) == contents(tmp_path / "plain")
    assert contents(tmp_path / "packed") == contents(tmp_path / "plain")
    assert "host.csv" in contents(tmp_path / "plain")


def test_pcprocess_reads_its_variables(recording: Path, tmp_path: Path) -> None:
    variables = environment(PCR_COLLECTION=recording, PCR_OUTDIR=tmp_path / "out")
    succeeded(perfops(program="pcprocess", env=variables))
    process_files([recording], tmp_path / "expected")
    assert contents(tmp_path / "out") == contents(tmp_path / "expected")


@pytest.mark.parametrize(
    "change", [lambda data: data.replace(b"\n", b"\r\n"), lambda data: BOM + data], ids=["CRLF", "BOM"]
)
def test_what_an_editor_does_to_a_file_changes_nothing(recording: Path, tmp_path: Path, change: Edit) -> None:
    plain = write(tmp_path / "plain.json", [recording.read_bytes()])
    edited = write(tmp_path / "edited.json", [change(recording.read_bytes())])
    process_files([plain], tmp_path / "as it was")
    process_files([edited], tmp_path / "edited")
    assert contents(tmp_path / "edited") == contents(tmp_path / "as it was")


@needs_recordings
def test_names_of_containers_are_read_from_the_file_beside_the_collection(tmp_path: Path) -> None:
    source = FOLDER / "azure-d4-loadtest"
    names = json.loads((source / "container_names.json").read_text())
    lines = (source / "container_collection.json").read_bytes().splitlines(keepends=True)
    for line in lines:
        assert json.loads(json.loads(line)["measurement"])["container_id"] in names
    nameless = re.compile(rb'\\"container_name\\": ?\\"[^"]*\\",? ?')
    collection = write(tmp_path / "container_collection.json", [nameless.sub(b"", line) for line in lines])
    (tmp_path / "container_names.json").write_text(json.dumps({each: f"the {name}" for each, name in names.items()}))
    process_files([collection], tmp_path / "out")
    with (tmp_path / "out" / "containers.csv").open(newline="") as file:
        found = {row["container_id"]: row["container_name"] for row in csv.DictReader(file)}
    assert found == {each: f"the {name}" for each, name in names.items()}
    assert json.loads((tmp_path / "out" / "container_names.json").read_text()) == found


def test_every_number_has_at_most_four_decimals_and_no_exponent(recording: Path, tmp_path: Path) -> None:
    files = [recording, recording.with_name("container_collection.json")]
    process_files([file for file in files if file.exists()], tmp_path)
    checked = 0
    for kind in KINDS:
        if not (tmp_path / kind.file).exists():
            continue
        with (tmp_path / kind.file).open(newline="") as file:
            header, *rows = csv.reader(file)
        assert tuple(header) == kind.columns
        first = 1 + len(kind.keys) + len(kind.details)
        for row in rows:
            for metric, value in zip(kind.metrics, row[first:], strict=True):
                assert NUMBER.fullmatch(value) or (metric.optional and not value), (kind.name, metric.name, value)
                checked += 1
    assert checked > 10_000


def test_the_header_of_host_csv_is_the_contract_even_where_every_figure_is_missing(tmp_path: Path) -> None:
    lines = [record(time, "/proc/loadavg", "0.5 0.4 0.3 1/2 3\n") for time in (5, 6, 7)]
    summary = process_files([write(tmp_path / "load.json", lines)], tmp_path)
    assert summary.samples == {"host": 2, "system": 2}
    text = (tmp_path / "host.csv").read_text()
    assert text == f"{','.join(HOST.columns)}\n" + "".join(
        f"1970-01-01T00:00:0{second}Z{',' * 18}\n" for second in (6, 7)
    )


def test_two_files_that_follow_each_other_are_summed_up_together(tmp_path: Path) -> None:
    whole = record_machine(tmp_path / "whole.json", 20)
    lines = whole.read_bytes().splitlines(keepends=True)
    cut = next(number for number, line in enumerate(lines) if b'"timestamp": 1768000012' in line)
    parts = [write(tmp_path / "a.json", lines[:cut]), write(tmp_path / "b.json", [lines[0], *lines[cut:]])]
    one, two = process_files([whole], tmp_path / "one"), process_files(parts, tmp_path / "two")
    assert (two.snapshots, two.segments, two.samples["host"]) == (one.snapshots, 2, one.samples["host"] - 1)
    assert (two.complete, two.ticks, two.collection) == (True, 20, one.collection)
    assert (two.start, two.end) == (one.start, one.end)


def test_files_of_different_collections_are_an_error(tmp_path: Path) -> None:
    other = "11111111-2222-4333-8444-555555555555"
    files = [record_machine(tmp_path / "a.json"), record_machine(tmp_path / "b.json", identity=other)]
    with pytest.raises(BadInputError, match=f"different collections: .*{UUID(other)}"):
        process_files(files, tmp_path / "out")


def test_a_processing_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    outdir = tmp_path / "out"
    process_files([record_machine(tmp_path / "good.json")], outdir)
    (outdir / "notes.txt").write_text("mine")
    before = contents(outdir)
    half = write(tmp_path / "bad.json", [b"<html>\n"])
    for files in ([tmp_path / "none.json"], [half], [tmp_path / "good.json", half]):
        with pytest.raises(BadInputError):
            process_files(files, outdir)
        assert contents(outdir) == before


def test_a_second_processing_replaces_the_first_and_leaves_other_files(tmp_path: Path) -> None:
    outdir = tmp_path / "out"
    process_files([record_machine(tmp_path / "host.json")], outdir)
    (outdir / "notes.txt").write_text("mine")
    lines = [record(time, "/proc/loadavg", "0.5 0.4 0.3 1/2 3\n") for time in (5, 6, 7)]
    process_files([write(tmp_path / "load.json", lines)], outdir)
    assert sorted(contents(outdir)) == ["host.csv", "notes.txt", "summary.json", "system.csv", "system_info.json"]


def test_a_read_error_is_no_fault_of_the_folder(tmp_path: Path) -> None:
    """Reading one's own memory from its start is an error of input and output."""
    with pytest.raises(BadInputError, match=r"^cannot read /proc/self/mem: Input/output error \(give a collection"):
        process_files([Path("/proc/self/mem")], tmp_path)


def test_a_folder_that_is_a_file_is_told(tmp_path: Path) -> None:
    recording = record_machine(tmp_path / "host.json")
    with pytest.raises(MachineError, match=f"^cannot write to {recording}: File exists"):
        process_files([recording], recording)
