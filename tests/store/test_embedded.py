"""The embedded server: starts by itself, survives what kills it, runs as nobody for root, and touches nothing else."""

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from fix_command import BIN, environment, perfops, succeeded
from fix_pcc import wait_for

ROOT = os.geteuid() == 0


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that any account can reach, for homes; servers in it are stopped in the end."""
    folder = Path(tempfile.mkdtemp(prefix="perfops-test-", dir="/var/tmp"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        for home in folder.rglob("data"):
            perfops("db", "stop", env=environment(PERFOPS_HOME=home.parent))
        shutil.rmtree(folder)


def status(home: Path) -> dict[str, Any]:
    """What `perfops db status --json` says."""
    found: dict[str, Any] = json.loads(perfops("db", "status", "--json", env=environment(PERFOPS_HOME=home)).stdout)
    return found


def test_start_status_url_stop_and_start_again(place: Path) -> None:
    home = place / "home"
    variables = environment(PERFOPS_HOME=home)
    assert status(home)["running"] is False
    assert perfops("db", "status", env=variables).returncode == 1
    url = succeeded(perfops("db", "start", env=variables)).removeprefix("running: ").strip()
    found = status(home)
    assert (found["running"], found["url"]) == (True, url)
    assert succeeded(perfops("db", "url", env=variables)).strip() == url
    assert succeeded(perfops("list", env=variables)).startswith("nothing is loaded yet")
    with psycopg.connect(url) as connection:
        connection.execute("INSERT INTO collector (name, site) VALUES ('kept', 'lab')")
    assert succeeded(perfops("db", "stop", env=variables)) == "stopped\n"
    assert succeeded(perfops("db", "stop", env=variables)) == "it was not running\n"
    succeeded(perfops("list", env=variables))  # starts it by itself
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT name FROM collector").fetchall() == [("kept",)]


@pytest.mark.skipif(not ROOT, reason="only root has to drop to another account")
def test_root_drops_to_an_unprivileged_account(place: Path) -> None:
    home = place / "home"
    succeeded(perfops("db", "start", env=environment(PERFOPS_HOME=home)))
    found = status(home)
    assert found["account"] == "nobody"
    assert Path(f"/proc/{found['pid']}").stat().st_uid != 0
    assert stat.S_IMODE((home / "data").stat().st_mode) == 0o700


def tree(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Owner, group and mode of all in a folder."""
    found = {}
    for path in (folder, *folder.rglob("*")):
        state = path.lstat()
        found[str(path)] = (state.st_uid, state.st_gid, state.st_mode)
    return found


def test_folders_it_did_not_make_are_left_as_they_were(place: Path) -> None:
    around = place / "a" / "b"
    around.mkdir(parents=True)
    (place / "a").chmod(0o751)
    (around / "file").write_text("")
    package = Path(sys.prefix) / "lib"
    before = tree(place), (package.stat().st_mode, package.stat().st_uid), Path("/var/tmp").stat().st_mode
    succeeded(perfops("db", "start", env=environment(PERFOPS_HOME=around / "home")))
    after = {name: state for name, state in tree(place).items() if "/home" not in name}
    assert (after, (package.stat().st_mode, package.stat().st_uid), Path("/var/tmp").stat().st_mode) == before


@pytest.mark.parametrize("name", ["with spaces and 'quotes'", "deep/" * 12 + "home"])
def test_a_home_of_any_name(name: str, place: Path) -> None:
    home = place / name
    variables = environment(PERFOPS_HOME=home)
    url = succeeded(perfops("db", "url", env=variables)).strip()
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert succeeded(perfops("db", "stop", env=variables)) == "stopped\n"


def test_a_server_that_was_killed_is_started_by_the_next_command(place: Path) -> None:
    home = place / "home"
    variables = environment(PERFOPS_HOME=home)
    url = succeeded(perfops("db", "url", env=variables)).strip()
    succeeded(perfops("list", env=variables))
    with psycopg.connect(url) as connection:
        connection.execute("INSERT INTO collector (name, site) VALUES ('committed', 'lab')")
    os.kill(status(home)["pid"], signal.SIGKILL)
    wait_for("the end", lambda: not status(home)["running"])
    succeeded(perfops("list", env=variables))
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT name FROM collector").fetchall() == [("committed",)]


def test_a_stale_pid_file_does_not_count(place: Path) -> None:
    home = place / "home"
    variables = environment(PERFOPS_HOME=home)
    succeeded(perfops("db", "start", env=variables))
    succeeded(perfops("db", "stop", env=variables))
    (home / "data" / "postmaster.pid").write_text(f"{os.getpid()}\n{home}/data\n")
    assert status(home)["running"] is False
    succeeded(perfops("db", "start", env=variables))
    assert status(home)["running"] is True


def test_two_starts_at_once_make_one_server(place: Path) -> None:
    variables = environment(PERFOPS_HOME=place / "home")
    both = [subprocess.Popen([BIN / "perfops", "db", "start"], env=variables, stdout=subprocess.PIPE) for _ in range(2)]
    told = [process.communicate(timeout=120)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert told[0] == told[1]


@pytest.mark.skipif(not ROOT, reason="only root can become another account")
def test_an_ordinary_user_has_a_server_of_their_own(place: Path) -> None:
    """As another account, without a step of its own: the server runs as the caller."""
    folder = place / "user"
    folder.mkdir()
    os.chown(folder, 65534, 65534)
    drop = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    if subprocess.run([*drop, BIN / "perfops", "--help"], capture_output=True).returncode:
        pytest.skip(f"the account nobody cannot reach {BIN}")
    variables = environment(PERFOPS_HOME=folder / "home", HOME=folder)
    done = subprocess.run([*drop, BIN / "perfops", "db", "start"], env=variables, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert Path(f"/proc/{status(folder / 'home')['pid']}").stat().st_uid == 65534
    done = subprocess.run([*drop, BIN / "perfops", "list"], env=variables, capture_output=True, text=True)
    assert done.stdout.startswith("nothing is loaded yet"), done.stderr
