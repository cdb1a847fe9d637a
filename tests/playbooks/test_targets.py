"""Machines of several kinds, over SSH: what is put on them, what they need, and that nothing is left in the end."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fix_command import perfops
from fix_database import MakeDatabase
from fix_hosts import Host, Network, hosts, missing
from fix_pcc import interpreters, read
from fix_playbook import play, recap, write_inventory

MOST = 100_000  # bytes put on a machine
SHORT = {"pcc_duration": "2s", "pcc_frequency": "500ms"}
# A login of its own, unlocked, as sshd asks nobody else; what may run is not in /tmp.
ACCOUNT = "useradd --create-home --password '*' --shell /bin/sh tester && mount -o remount,noexec /tmp"
SUDO = f"{ACCOUNT} && echo 'tester ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/tester"
# Room for a login and for nothing of ours.
FULL = f"{ACCOUNT} && mount -t tmpfs -o size=64k,mode=0777 none /home/tester && head -c 1M /dev/zero >/home/tester/f||:"
TREE = "find /home /etc /tmp /run /opt /root/.perfops /root/.ansible -printf '%p %y %m %s\\n' 2>/dev/null || true"


def inside(host: Host, command: str) -> str:
    """Run a shell's command on a host as its root; what it says."""
    pid = host.root().parent.name
    line = [
        "nsenter",
        "--target",
        pid,
        "--mount",
        "--net",
        "--pid",
        "--uts",
        "--root",
        "--wd",
        "--",
        "sh",
        "-c",
        command,
    ]
    return subprocess.run(line, check=True, capture_output=True, text=True).stdout


def tree(host: Host) -> set[str]:
    """Files where a login might write, each with its kind, mode and size; folders without their size."""
    rows = (row.rsplit(" ", 3) for row in inside(host, TREE).splitlines())
    return {" ".join(row if row[1] != "d" else row[:3]) for row in rows}


@pytest.fixture(scope="module")
def network() -> Iterator[Network]:
    """Machines without a way out: a plain login, one that may become root, an old Python, and a full home."""
    if why := missing():
        pytest.skip(why)
    if not shutil.which("sudo"):
        pytest.skip("no sudo on this machine (apt install sudo)")
    with hosts("plain", "sudoer", "older", "full") as made:
        for host, command in zip(made.hosts, (ACCOUNT, SUDO, "true", FULL), strict=True):
            inside(host, command)
        yield made


@pytest.fixture
def inventory(network: Network, tmp_path: Path) -> Path:
    """All of them."""
    known: dict[str, dict[str, Any]] = {host.name: host.variables() for host in network.hosts}
    for name in ("plain", "sudoer", "full"):
        known[name]["ansible_user"] = "tester"
    known["sudoer"] |= {"ansible_become": True, "ansible_become_method": "sudo"}
    known["older"]["ansible_python_interpreter"] = interpreters()["3.8"]
    return write_inventory(tmp_path / "hosts.yml", known, results_site="lab")


@pytest.mark.skipif("3.8" not in interpreters(), reason="no Python 3.8 on this machine")
def test_from_nothing_to_nothing(network: Network, inventory: Path, databases: MakeDatabase, tmp_path: Path) -> None:
    plain, sudoer, older, full = network.hosts
    before = {host.name: tree(host) for host in network.hosts}
    known: dict[str, Any] = {"environment": network.environment()}

    deployed = play("deploy", inventory, "--limit", "!full", **known)
    assert deployed.returncode == 0, deployed.stdout
    for host, home in ((plain, "/home/tester"), (sudoer, "/root"), (older, "/root")):
        added = {row for row in tree(host) - before[host.name] if "/.ansible" not in row}
        (program,) = (row for row in added if row.split()[1] == "f")
        assert program.startswith(f"{home}/.perfops/pcc f 755 "), host.name
        assert added - {program} == {f"{home}/.perfops d 700"}, host.name
        assert 0 < int(program.split()[-1]) <= MOST
        kept = {row for row in tree(host) - before[host.name] if "/.ansible" in row}
        assert all(row.split()[1] == "d" for row in kept), host.name

    url, root = databases(), tmp_path / "results"
    settings = SHORT | {"perfops_run": "kinds", "results_root": str(root)}
    done = play("collect", inventory, url=url, **settings, **known)
    failed = {name: counts["failed"] + counts["unreachable"] for name, counts in recap(done).items()}
    assert {name for name, count in failed.items() if count} == {"full"}, done.stdout
    assert "No space left on device (name another folder in home)" in " ".join(done.stderr.split())
    assert "full: NOT HOME (run the same command again with -e perfops_run=kinds)" in done.stdout
    for name in ("plain", "sudoer", "older"):
        host = read(root / "kinds" / name / "collection.json")[0]["measurement"]
        assert host["hostname"] == name

    # With room named elsewhere, the same run goes on.
    elsewhere = {"ansible_remote_tmp": "/run/room/tmp", "pcc_home": "/run/room/perfops"}
    inside(full, "install -d -o tester /run/room")
    again = play("collect", inventory, "--limit", "full", url=url, **settings, **elsewhere, **known)
    assert again.returncode == 0, again.stdout
    told = json.loads(perfops("list", "--json", "--db", url, "--run", "kinds").stdout)
    assert {each["collector"] for each in told} == {"plain", "sudoer", "older", "full"}

    cleaned = play("clean", inventory, "--limit", "!full", **known)
    assert cleaned.returncode == 0, cleaned.stdout
    for places in (elsewhere, {"ansible_remote_tmp": "/run/room/tmp"}):  # where it is now, and where it found no room
        cleaned = play("clean", inventory, "--limit", "full", **places, **known)
        assert cleaned.returncode == 0, cleaned.stdout
    inside(full, "rm -r /run/room")
    for host in network.hosts:
        assert tree(host) == before[host.name], host.name
