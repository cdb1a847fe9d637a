"""Uploads: a host.csv or a collection, plain or gzip, comes to the rows that perfops load makes of it."""

import gzip
from pathlib import Path

import pytest
from fix_command import environment, perfops, refused, succeeded
from fix_database import connected
from fix_loaded import record_machine
from fix_receiver import receiving

from perfops.outputs.process import process_files


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """The same samples in every form."""
    recording = record_machine(tmp_path / "collection.json", 9)
    process_files([recording], tmp_path / "out")
    host = tmp_path / "out" / "host.csv"
    packed = {"collection.json.gz": recording, "host.csv.gz": host}
    for name, path in packed.items():
        (tmp_path / name).write_bytes(gzip.compress(path.read_bytes()))
    return {path.name: path for path in (recording, host, *(tmp_path / name for name in packed))}


@pytest.mark.parametrize("name", ["collection.json", "collection.json.gz", "host.csv", "host.csv.gz"])
def test_a_file_is_loaded_once(name: str, files: dict[str, Path], database: str, tmp_path: Path) -> None:
    with receiving(database, tmp_path) as receiver:
        key = tmp_path / "key"
        key.write_text(receiver.key + "\n")
        given = ("upload", files[name], "--server", receiver.url.removeprefix("http://"), "--apikey-file", key)
        given += ("--machine-id", "vm-01", "--site", "lab")
        key.chmod(0o644)
        assert "can be read by others" in refused(perfops(*given))[1]
        key.chmod(0o600)
        assert "(vm-01, lab): new rows: 8 host" in succeeded(perfops(*given))
        assert "new rows: 0" in succeeded(perfops(*given))
        assert list((tmp_path / "pcd" / "uploads").iterdir()) == []
        key.write_text("wrong")
        assert refused(perfops(*given)) == (2, f"{given[3]} answers 401: {no_key()}")
    code, told = refused(perfops(*given))
    assert (code, "is the receiver running?" in told) == (3, True)
    loaded = environment(PERFOPS_DATABASE_URL=database)
    assert "vm-01" in succeeded(perfops("list", env=loaded))
    with connected(database) as connection:
        row = connection.execute("SELECT count(*), min(cpu_user), max(mem_total) FROM host_sample").fetchone()
    assert row == (8, 25, 3906.25)


def test_all_streams_of_a_gzip_file_are_loaded_and_one_that_is_cut_is_refused(
    files: dict[str, Path], database: str, tmp_path: Path
) -> None:
    lines = files["collection.json"].read_bytes().splitlines(keepends=True)
    half = len(lines) // 2
    several = tmp_path / "several.json.gz"
    several.write_bytes(gzip.compress(b"".join(lines[:half])) + gzip.compress(b"".join(lines[half:])))
    cut = tmp_path / "cut.json.gz"
    cut.write_bytes(files["collection.json.gz"].read_bytes()[:-20])
    with receiving(database, tmp_path) as receiver:
        key = tmp_path / "key"
        key.write_text(receiver.key)
        key.chmod(0o600)
        more = ("--server", receiver.url, "--apikey-file", key, "--machine-id", "vm-01")
        assert "the gzip file ends too early" in refused(perfops("upload", cut, *more))[1]
        assert "new rows: 8 host" in succeeded(perfops("upload", several, *more))


def no_key() -> str:
    """What is said of a bad key."""
    return "no good key (send one of perfops apikey create as the header apikey)"


def test_a_file_that_is_none_is_refused_in_one_line(database: str, tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text("<html>\n")
    with receiving(database, tmp_path) as receiver:
        (tmp_path / "key").write_text(receiver.key)
        (tmp_path / "key").chmod(0o600)
        given = ("--server", receiver.url, "--apikey-file", tmp_path / "key", "--machine-id", "vm-01")
        code, told = refused(perfops("upload", bad, *given))
        assert (code, "answers 422" in told, "is HTML or XML" in told) == (2, True, True)
        assert refused(perfops("upload", tmp_path / "none", *given))[0] in (2, 3)
        assert refused(perfops("upload", bad, *given[:-1], "x" * 300))[0] == 2
        assert refused(perfops("upload", bad, "--server", "ftp://x", *given[2:]))[0] == 2
