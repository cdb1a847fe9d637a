"""Names, values and places nobody expects: still one line, with the documented exit code."""

import os
import subprocess
import tempfile
from pathlib import Path

import psycopg
import pytest
from fix_command import BIN, environment, perfops, refused, succeeded
from fix_database import MakeDatabase
from fix_loaded import load_recordings, record_machine
from fix_recordings import record, write

from perfops.outputs.summary import read_summary
from perfops.store.connection import Connection

BYTE = b"\xff"  # stands in no text in UTF-8
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")


@pytest.mark.parametrize("suffix", [".json", ".csv", ""])
def test_a_name_longer_than_any_file(suffix: str, database: str, tmp_path: Path) -> None:
    name = "x" * 300 + suffix
    reason = f"cannot read {name}: File name too long (give a "
    for line in (("process", name, "--outdir", tmp_path), ("load", name, "--db", database)):
        code, text = refused(perfops(*line))
        assert (code, text[: len(reason)]) == (2, reason)


def test_a_file_whose_name_is_no_text_is_read_and_told_by_an_escaped_name(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/odd" + BYTE + b".json"))
    write(path, [record_machine(tmp_path / "a.json").read_bytes(), b"junk\n"])
    done = perfops("process", path, "--outdir", tmp_path / "out")
    told = succeeded(done)
    assert told.startswith(f"{tmp_path}/out: 6 snapshots in 1 segment, rows: 5 host, ")
    assert told.endswith("; 1 damaged line\n")
    assert done.stderr == f"perfops: {tmp_path}/odd\\xff.json, line 27: not JSON\n"
    assert read_summary(tmp_path / "out").warnings == [f"{tmp_path}/odd\\xff.json, line 27: not JSON"]


def test_a_folder_whose_name_is_no_text_is_written_to(tmp_path: Path) -> None:
    outdir = os.fsencode(tmp_path) + b"/odd" + BYTE
    told = succeeded(perfops("process", record_machine(tmp_path / "a.json"), "--outdir", outdir))
    assert told.startswith(f"{tmp_path}/odd\\udcff: 6 snapshots")
    assert (Path(os.fsdecode(outdir)) / "summary.json").exists()


@pytest.mark.parametrize("option", ["--collector-name", "--site-name", "--run", "--label"])
def test_a_value_that_is_no_text(option: str, tmp_path: Path) -> None:
    value = b"k=" + BYTE
    code, text = refused(perfops("load", record_machine(tmp_path / "a.json"), option, value))
    assert (code, text) == (2, f"bad value for {option}: 'k=\\udcff' is not text in UTF-8 (try plain letters)")


def test_standard_input_that_is_closed(tmp_path: Path) -> None:
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" <&-', "sh", BIN / "perfops", "process", "-", "--outdir", tmp_path],
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert refused(done) == (2, "standard input is closed (give a collection, a .json or .json.gz file)")


def test_standard_output_on_a_full_disk(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = perfops("process", record_machine(tmp_path / "a.json"), "--outdir", tmp_path / "out", stdout=full)
    assert refused(done) == (3, "No space left on device (this machine refused)")


@pytest.mark.parametrize(
    ("conninfo", "code", "told"),
    [
        ("postgresql://u:se@cret@host/db", 2, "--db has more than one @ in front of the host (write that of a"),
        ("host=se@cret", 2, "--db has more than one @ in front of the host (write that of a"),
        (b"postgresql://u:secret" + BYTE + b"@host/db", 2, "--db is not a connection string of PostgreSQL (try"),
        ("mysql://u:secret@host/db", 2, "--db is not a connection string of PostgreSQL (try"),
        ("host=h password=secret colour=red", 2, "--db is not a connection string of PostgreSQL (try"),
        ("postgresql://u:secret@localhost:5x/db", 4, "cannot connect to the database db on localhost (--db): "),
        ("postgresql://u:secret@127.0.0.1:5x/db", 4, "cannot connect to the database db on 127.0.0.1 (--db): "),
        ("postgresql://u:secret@127.0.0.1/db?sslmode=odd", 4, "cannot connect to the database db on 127.0.0.1"),
        ("host=/nowhere dbname=db password=secret", 4, "cannot connect to the database db on /nowhere (--db): "),
    ],
)
def test_a_connection_string_and_nothing_of_its_password(conninfo: str | bytes, code: int, told: str) -> None:
    status, text = refused(perfops("list", "--db", conninfo))
    assert (status, text[: len(told)]) == (code, told)
    assert "cret" not in text


def test_a_database_that_is_another_programs(databases: MakeDatabase) -> None:
    """Alembic's table may be that of any program: neither are tables made there, nor is it told to be upgraded."""
    url = databases()
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0a1b2c3d4e5f'")
    for command in ("init", "upgrade"):
        code, text = refused(perfops("db", command, "--db", url))
        assert code == 4
        assert text.endswith(
            " holds the tables of another program, by its alembic_version '0a1b2c3d4e5f'"
            " (name a database of perfops' own)"
        )
    assert refused(perfops("list", "--db", url)) == (code, text)


def test_zero_bytes_in_names_become_visible_ones(connection: Connection, tmp_path: Path) -> None:
    """PostgreSQL takes none in a text, and a recorder may write any."""
    path = record_machine(tmp_path / "a.json", hostname="vm\0", labels={"k\0": "v\0"})
    container = {"container_id": "c" * 64, "container_name": "web\0", "runtime": "docker", "memory_current": 1}
    with path.open("ab") as file:
        file.write(record(2_000_000_000, "container/docker/" + "c" * 12, container, 1000.0))
    done = load_recordings(connection, tmp_path / "out", path)
    assert done.collector == "vm\ufffd"
    assert connection.execute("SELECT labels FROM collection").fetchone() == ({"k\ufffd": "v\ufffd"},)
    assert connection.execute("SELECT container_name FROM container_sample").fetchall() == [("web\ufffd",)]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account")
@pytest.mark.parametrize("command", ["process", "load"])
@pytest.mark.parametrize("size", [100, 100 << 20])
def test_a_file_nobody_but_its_owner_can_read(command: str, size: int, databases: MakeDatabase) -> None:
    """Also one that would be read in parts."""
    if subprocess.run([*NOBODY, BIN / "perfops", "--help"], capture_output=True).returncode:
        pytest.skip(f"the account nobody cannot reach {BIN}")
    with tempfile.TemporaryDirectory(prefix="perfops-test-", dir="/var/tmp") as name:
        folder = Path(name)
        folder.chmod(0o777)
        path = folder / "secret.json"
        path.touch(mode=0o600)
        os.truncate(path, size)
        outdir = folder / "out"
        arguments = ("--outdir", outdir) if command == "process" else ("--db", databases())
        done = subprocess.run(
            [*NOBODY, BIN / "perfops", command, path, *arguments], env=environment(), capture_output=True, text=True
        )
        assert refused(done) == (
            2, f"cannot read {path}: Permission denied (give a collection, a .json or .json.gz file)",
        )  # fmt: skip


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account")
def test_a_folder_nobody_but_its_owner_can_write_to() -> None:
    with tempfile.TemporaryDirectory(prefix="perfops-test-", dir="/var/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        path = record_machine(folder / "a.json")
        done = subprocess.run(
            [*NOBODY, BIN / "perfops", "process", path, "--outdir", folder / "out"],
            env=environment(),
            capture_output=True,
            text=True,
        )
        if "perfops: " not in done.stderr:
            pytest.skip(f"the account nobody cannot reach {BIN}")
        assert refused(done) == (
            3, f"cannot write to {folder}/out: Permission denied (name another folder with --outdir)",
        )  # fmt: skip
        assert list(folder.iterdir()) == [path]
