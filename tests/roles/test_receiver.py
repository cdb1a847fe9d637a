"""The role receiver: on a host of its own without systemd, its unit by systemd's own checks, and what it refuses."""

import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import textwrap
import tomllib
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from fix_hosts import Host, Make
from fix_pcc import wait_for
from fix_playbook import LOCAL, ROOT, play, recap, write_inventory
from fix_relay import relayed
from fix_secrets import Watch
from fix_sshd import free_port

ROLE = ROOT / "roles" / "receiver"
CANARY = "canary-71d2e0"


@pytest.fixture(scope="module")
def wheels() -> Iterator[Path]:
    """What the receiver needs, as wheels in a folder that hosts of their own see."""
    needed = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    folder = Path(tempfile.mkdtemp(prefix="perfops-wheels-", dir="/var/tmp"))
    line = [sys.executable, "-m", "pip", "download", "--quiet", "--dest", folder, "-c", ROOT / "constraints.txt"]
    done = subprocess.run([*line, "--only-binary", ":all:", *needed], capture_output=True, text=True)
    try:
        if done.returncode:
            pytest.skip(f"no packages to be had here: {done.stderr[-300:]}")
        yield folder
    finally:
        shutil.rmtree(folder)


def inside(host: Host, *command: str) -> list[str]:
    """A command line that runs on the host as its root would run it."""
    pid = host.root().parent.name
    return ["nsenter", "--target", pid, "--mount", "--net", "--pid", "--uts", "--root", "--wd", "--", *command]


def ask(url: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, Any]]:
    """Status and body of an answer, 0 where there is none."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers, method=method), timeout=5) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, {}
    except OSError:
        return 0, {}


def test_on_a_host_without_systemd(wheels: Path, network: Make, database: str, tmp_path: Path) -> None:
    """Installed without a network from wheels, it is started by the command line it tells, and takes a key."""
    made = network("receiver-01")
    (host,) = made.hosts
    inventory = write_inventory(tmp_path / "hosts.yml", {host.name: host.variables()})
    settings: dict[str, Any] = {
        "perfops_receivers": host.name,
        "receiver_service": False,
        "receiver_listen": "0.0.0.0:8321",
        "receiver_pip_arguments": ["--no-index", "--find-links", str(wheels)],
    }
    watch = Watch(CANARY)
    watch.start()
    with relayed(database, made.address, CANARY) as url:
        options: dict[str, Any] = {"url": url, "environment": made.environment()}
        checked = play("receiver", inventory, "--check", **options, **settings)
        assert checked.returncode == 0, checked.stdout
        assert not (host.root() / "opt/perfops").exists()
        assert not (host.root() / "etc/perfops").exists()
        done = play("receiver", inventory, "-vvv", **options, **settings)
        assert done.returncode == 0, done.stdout
        assert CANARY not in done.stdout + done.stderr

        settings_file = host.root() / "etc/perfops/receiver.env"
        state = settings_file.stat()
        assert (state.st_uid, stat.S_IMODE(state.st_mode)) == (0, 0o600)
        assert f'PERFOPS_DATABASE_URL="{url}"' in settings_file.read_text(encoding="utf-8").splitlines()
        keys = (host.root() / "var/lib/perfops-receiver/apikeys").stat()
        assert keys.st_uid != 0
        assert stat.S_IMODE(keys.st_mode) == 0o600

        again = play("receiver", inventory, **options, **settings)
        assert (again.returncode, recap(again)[host.name]["changed"]) == (0, 0), again.stdout
        told = again.stdout.partition("Tell how it is started by hand")[2].partition("=>")[2].partition("PLAY RECAP")[0]
        line = yaml.safe_load(textwrap.dedent(told))["msg"]
        address = f"http://{host.address}:8321"
        with subprocess.Popen(inside(host, "sh", "-c", line), stderr=subprocess.PIPE) as process:
            try:
                wait_for("the receiver", lambda: ask(f"{address}/healthz")[0] == 200 or process.poll() is not None)
                assert ask(f"{address}/healthz")[0] == 200
                made_key = line.replace("receive --workers 1", "apikey create tests")
                key = subprocess.run(inside(host, "sh", "-c", made_key), check=True, capture_output=True, text=True)
                assert ask(f"{address}/v1/ping", "POST", apikey=key.stdout.strip())[0] == 200
                assert ask(f"{address}/v1/ping", "POST", apikey="wrong")[0] == 401
                assert Path(f"/proc/{child_of(process.pid)}").stat().st_uid == keys.st_uid
            finally:
                os.kill(child_of(process.pid), 15)
        assert CANARY.encode() not in (process.stderr.read() if process.stderr and not process.stderr.closed else b"")
    watch.stop()
    assert watch.found == set()


def child_of(pid: int) -> int:
    """The last process that a process has begun, of its children's children."""
    while told := Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        pid = int(told[-1])
    return pid


def rendered(folder: Path, template: str, **variables: Any) -> Path:
    """A template of the role, filled in with its defaults and these variables."""
    files = [str(ROLE / place / "main.yml") for place in ("defaults", "vars")]
    task = {"ansible.builtin.template": {"src": str(ROLE / "templates" / template), "dest": str(folder) + "/"}}
    play_of_it = {"hosts": "localhost", "gather_facts": False, "vars_files": files, "tasks": [task]}
    (folder / "play.yml").write_text(json.dumps([play_of_it]), encoding="utf-8")
    program = Path(sys.executable).with_name("ansible-playbook")
    variables["ansible_python_interpreter"] = sys.executable
    line = [program, "-i", "localhost,", "-c", "local", folder / "play.yml", "-e", json.dumps(variables)]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    return folder / template


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"receiver_listen": "0.0.0.0:443", "receiver_archive": "/srv/archive", "receiver_workers": 4},
    ],
    ids=["defaults", "a low port and an archive"],
)
def test_its_unit_is_one_that_systemd_takes_and_hardened(variables: dict[str, Any], tmp_path: Path) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("no systemd-analyze on this machine (apt install systemd)")
    (tmp_path / "venv" / "bin").mkdir(parents=True)
    shutil.copy("/bin/true", tmp_path / "venv" / "bin" / "perfops")
    path = rendered(tmp_path, "receiver.service.j2", receiver_venv=str(tmp_path / "venv"), **variables)
    unit = path.rename(tmp_path / "perfops-receiver.service")
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    line = ["systemd-analyze", "security", "--offline=true", "--threshold=25", unit]
    done = subprocess.run(line, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_its_settings_come_through_a_shell_as_they_are(tmp_path: Path) -> None:
    """systemd reads the file by the same rules: within double quotes a backslash stands before \\ " $ and `."""
    url = "postgresql://u:p\"a$HOME`id`\\n's%20@h/db"
    path = rendered(tmp_path, "receiver.env.j2", receiver_database_url=url, receiver_archive="/srv/a b")
    code = "import json, os; print(json.dumps(dict(os.environ)))"
    line = ["sh", "-c", f'set -a; . {path}; exec "$0" -c "$1"', sys.executable, code]
    told = json.loads(subprocess.run(line, env={}, check=True, capture_output=True, text=True).stdout)
    assert (told["PERFOPS_DATABASE_URL"], told["PCD_ARCHIVE"]) == (url, "/srv/a b")
    assert "PCD_TLS_CERT" not in told


@pytest.mark.parametrize(
    ("variables", "text"),
    [
        ({"receiver_database_url": ""}, "the receiver needs a database (set receiver_database_url in a vault, or"),
        ({"receiver_listen": "8321"}, "bad value for receiver_listen: 8321 (try 0.0.0.0:8321)"),
        ({"receiver_tls_cert": "/a"}, "only one of receiver_tls_cert and receiver_tls_key is given (give both)"),
        ({"receiver_python": "/nowhere/python"}, "/nowhere/python is no Python 3.11 or later"),
        ({}, "vm-01 runs no systemd (set receiver_service: false, and start the receiver by other means)"),
    ],
)
def test_what_it_cannot_work_with_is_said_before_anything_is_done(
    variables: dict[str, Any], text: str, tmp_path: Path
) -> None:
    if os.geteuid() or Path("/run/systemd/system").is_dir():
        pytest.skip("this is for root on a machine without systemd")
    inventory = write_inventory(tmp_path / "hosts.yml", {"vm-01": LOCAL}, receiver_venv=str(tmp_path / "venv"))
    settings = {"perfops_receivers": "all", "receiver_database_url": f"postgresql://127.0.0.1:{free_port()}/p"}
    done = play("receiver", inventory, **settings | variables)
    assert done.returncode == 2
    assert text in " ".join(done.stdout.split())
    assert not (tmp_path / "venv").exists()
