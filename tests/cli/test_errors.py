"""Bad input and bad days: one line with the value and the remedy, and the documented exit code."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from fix_command import BIN, environment, perfops, refused
from fix_database import MakeDatabase
from fix_loaded import record_machine
from fix_sshd import free_port

from perfops.outputs.process import process_files
from perfops.store import embedded
from perfops.store import home as homes

ROOT = os.geteuid() == 0


@pytest.mark.parametrize("command", ["process", "load"])
@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "no such file"),
        (b"", " is empty (a collection has one JSON record a line)"),
        (
            b"<!doctype html>\n<title>502</title>\n",
            " is HTML or XML, not a collection: it starts with '<!doctype html>'",
        ),
        (b"not a recording\n", " holds nothing usable: "),
        (b'{"timestamp": 1, "subsystem": "x"}\n', " holds nothing usable: "),
    ],
)
def test_files_that_are_no_collection(
    command: str, content: bytes | None, told: str, database: str, tmp_path: Path
) -> None:
    path = tmp_path / "recording.json"
    if content is not None:
        path.write_bytes(content)
    line = ("process", path, "--outdir", tmp_path / "out") if command == "process" else ("load", path, "--db", database)
    code, text = refused(perfops(*line))
    assert code == 2
    assert str(path) in text
    assert told in text


@pytest.mark.parametrize("command", [("collect", "-i", "hosts"), ("trickle", "-i", "hosts"), ("run", "vm-01")])
@pytest.mark.parametrize(
    ("option", "value", "example"),
    [("--duration", "0s", "10m"), ("--duration", "ten", "10m"), ("--duration", "", "10m"), ("--frequency", "5", "1s")],
)
def test_times_are_refused_before_a_machine_is_asked(
    command: tuple[str, ...], option: str, value: str, example: str
) -> None:
    code, text = refused(perfops(*command, option, value))
    assert (code, text) == (2, f"bad value for {option}: {value!r} (try {example})")


def test_a_host_csv_with_a_column_missing(database: str, tmp_path: Path) -> None:
    process_files([record_machine(tmp_path / "a.json")], tmp_path / "out")
    path = tmp_path / "host.csv"
    path.write_text((tmp_path / "out" / "host.csv").read_text().replace(",net_tx_packets", "", 1))
    code, text = refused(perfops("load", path, "--db", database))
    assert code == 2
    assert text.startswith(f"{path} has no column 'net_tx_packets' (a host.csv has timestamp, cpu_user, ")


@pytest.mark.parametrize("command", [("list",), ("show", "x"), ("verify", "x"), ("report", "x")])
def test_a_database_that_is_down(command: tuple[str, ...], tmp_path: Path) -> None:
    port = free_port()
    code, text = refused(perfops(*command, "--db", f"postgresql://u:secret@127.0.0.1:{port}/perf", cwd=tmp_path))
    assert code == 4
    assert text.startswith("cannot connect to the database perf on 127.0.0.1 (--db): ")
    assert text.endswith("(is it running?)")
    assert "secret" not in text


def test_a_connection_string_that_is_none_is_not_repeated() -> None:
    code, text = refused(perfops("list", "--db", "postgres//secret"))
    assert (code, text) == (
        2, "--db is not a connection string of PostgreSQL (try postgresql://user@host/database)",
    )  # fmt: skip
    code, text = refused(perfops("list", env=environment(PERFOPS_DATABASE_URL="nonsense=secret")))
    assert code == 2
    assert "secret" not in text


@pytest.fixture
def guarded() -> Iterator[str]:
    """A server on loopback that asks for a password: its address without one."""
    folder = Path(tempfile.mkdtemp(prefix="perfops-test-", dir="/var/tmp"))
    folder.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PERFOPS_HOME", str(folder / "home"))
        home = homes.find_home()
        homes.prepare(home)
        homes.prepare_sockets(home)
        binaries = homes.programs(home)
        port = free_port()
        secret = folder / "password"
        secret.write_text("right\n")
        made = home.run(
            [
                binaries / "initdb",
                "-D",
                home.path / "run" / "data",
                "-A",
                "scram-sha-256",
                "-U",
                "u",
                "--pwfile",
                secret,
            ]
        )
        assert made.returncode == 0, made.stdout
        options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories=''"
        data = home.path / "run" / "data"
        begun = home.run([binaries / "pg_ctl", "start", "-D", data, "-w", "-o", options, "-l", home.log])
        assert begun.returncode == 0, begun.stdout
        try:
            yield f"127.0.0.1:{port}"
        finally:
            home.run([binaries / "pg_ctl", "stop", "-D", data, "-m", "fast", "-w"])
            shutil.rmtree(folder)


def test_a_wrong_password_and_a_database_that_is_not_there(guarded: str) -> None:
    code, text = refused(perfops("list", "--db", f"postgresql://u:wrong@{guarded}/postgres"))
    assert code == 4
    assert 'password authentication failed for user "u" (check the user and the password)' in text
    assert "wrong" not in text
    code, text = refused(perfops("list", "--db", f"postgresql://u:right@{guarded}/nowhere"))
    assert code == 4
    assert 'database "nowhere" does not exist (name an existing one, or make it with perfops db init)' in text
    code, text = refused(perfops("list", "--db", f"postgresql://u:right@{guarded}/postgres"))
    assert code == 4
    assert text.endswith("has no tables of perfops yet (run perfops db init)")
    assert perfops("db", "init", "--db", f"postgresql://u:right@{guarded}/nowhere").returncode == 0
    assert perfops("list", "--db", f"postgresql://u:right@{guarded}/nowhere").returncode == 0


def test_a_role_that_may_not_write(databases: MakeDatabase, tmp_path: Path) -> None:
    url = databases()
    with psycopg.connect(url) as connection:
        connection.execute("DROP ROLE IF EXISTS watcher")
        connection.execute("CREATE ROLE watcher LOGIN")
        connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO watcher")
    path = record_machine(tmp_path / "a.json")
    code, text = refused(perfops("load", path, "--db", url.replace("perfops@", "watcher@")))
    assert code == 4
    assert "permission denied for table collector (ask its owner for the right, or name another role in --db)" in text


@pytest.mark.parametrize("label", ["nolabel", "=x"])
def test_a_label_without_a_name_or_value(label: str, tmp_path: Path) -> None:
    code, text = refused(perfops("load", tmp_path, "--label", label))
    assert (code, text) == (2, f"bad value for --label: {label!r} (try build=42)")


def test_a_run_that_is_not_there_names_near_ones(database: str, tmp_path: Path) -> None:
    path = record_machine(tmp_path / "a.json")
    assert perfops("load", path, "--run", "nightly-42", "--db", database).returncode == 0
    code, text = refused(perfops("show", "nightly-41", "--db", database))
    assert (code, text) == (
        2, "no run or collection 'nightly-41' in the database (did you mean nightly-42?)",
    )  # fmt: skip


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    path = record_machine(tmp_path / "a.json")
    (tmp_path / "file").write_text("")
    code, text = refused(perfops("process", path, "--outdir", tmp_path / "file" / "out"))
    assert (code, text) == (
        3, f"cannot write to {tmp_path}/file/out: Not a directory (name another folder with --outdir)",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"PCC_FREQUENCY": "5x"}, "pcc: bad value for PCC_FREQUENCY: '5x' (try 5s)\n"),
        (
            {"PCC_DURATION": "1s", "PCC_FREQUENCY": "5s"},
            "pcc: bad value for PCC_DURATION: '1s' is shorter than the frequency of 5s (try 50s)\n",
        ),
    ],
)
def test_the_samplers_variables(variables: dict[str, str], told: str, tmp_path: Path) -> None:
    done = subprocess.run([BIN / "pcc"], env=environment(**variables), cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", told)
    assert list(tmp_path.iterdir()) == []


def test_the_server_goes_away_during_a_load(tmp_path: Path) -> None:
    """kill -9 of PostgreSQL in the middle of a load: one line, exit code 4; started again, nothing is half-loaded."""
    folder = Path(tempfile.mkdtemp(prefix="perfops-test-", dir="/var/tmp"))
    folder.chmod(0o755)
    variables = environment(PERFOPS_HOME=folder / "home")
    try:
        process_files([record_machine(tmp_path / "a.json", 60_000)], tmp_path)
        assert perfops("list", env=variables).returncode == 0
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PERFOPS_HOME", str(folder / "home"))
            home = homes.find_home()
        url = embedded.conninfo(home)
        line = [BIN / "perfops", "load", tmp_path, "--db", url]
        with subprocess.Popen(line, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as load:
            with psycopg.connect(url, autocommit=True) as watcher:
                busy = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'COPY%' AND state = 'active'"
                while watcher.execute(busy).fetchone() == (0,):
                    assert load.poll() is None, "the load ended before it could be disturbed"
                for pid in embedded.processes(home):
                    with suppress(ProcessLookupError):  # the others end by themselves when they miss the first
                        os.kill(pid, 9)
            out, said = load.communicate(timeout=60)
        assert (load.returncode, out, said.count("\n")) == (4, "", 1), said
        assert said.startswith("perfops: the database perfops")
        assert perfops("list", env=variables).stdout.startswith("nothing is loaded yet")
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT count(*) FROM host_sample").fetchone() == (0,)
        assert perfops("load", tmp_path, env=variables).returncode == 0
    finally:
        perfops("db", "stop", env=variables)
        shutil.rmtree(folder)
