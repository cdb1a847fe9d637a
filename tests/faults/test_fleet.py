"""What befalls the machines of a run, over real SSH: each costs itself alone, and the table says what it cost.

One run has them all at once, so that it is seen, too, that none of them holds up another.
"""

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from fix_command import perfops
from fix_database import MakeDatabase
from fix_hosts import Host, Network, hosts, missing, sweep
from fix_pcc import of, read, tick_count, wait_for
from fix_playbook import LOCAL, ROOT, command, play, recap, write_inventory

SECONDS = 8
TICKS = SECONDS * 2 + 1
SETTINGS = {"pcc_duration": f"{SECONDS}s", "pcc_frequency": "500ms", "results_patience": 18, "pcc_lead": 10}
CUT = 20  # seconds
AHEAD = 300  # seconds
SHIFTED = """#!/bin/sh
# Python as on a machine whose clock is off, for the programs that it starts, too.
for word; do shift; [ "$word" = -IS ] || set -- "$@" "$word"; done
PYTHONPATH=/root/shifted exec /usr/bin/python3 "$@"
"""
SHIFT = f"""
import sys, time
real = time.time
time.time = lambda: real() + {AHEAD}
sys.executable = "/root/shifted/python"
"""


@dataclass
class Aftermath:
    """A run that is over: what it said, its exit code, its table, and its folder."""

    told: str
    status: int
    machines: dict[str, dict[str, Any]]
    folder: Path
    network: dict[str, Host]
    second: subprocess.CompletedProcess[str]
    url: str

    def records(self, name: str) -> list[dict[str, Any]]:
        """The recording of a machine that is home, whole lines as they are."""
        return read(self.folder / name / "collection.json")


@pytest.fixture(scope="module")
def network() -> Iterator[Network]:
    """The machines that this module is done to."""
    if why := missing():
        pytest.skip(why)
    sweep()
    names = ("steady", "back", "gone", "dead", "killed", "restarted", "small", "ahead")
    with hosts(*names) as made:
        yield made


def inventory_of(network: Network, folder: Path) -> Path:
    """The machines, and some that cannot be reached for other reasons."""
    variables = {host.name: host.variables() for host in network.hosts}
    variables["small"] |= {"pcc_home": "/small/.perfops"}
    variables["ahead"] |= {"ansible_python_interpreter": "/root/shifted/python"}
    key, known = folder / "other_key", folder / "other_known_hosts"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    known.write_text(f"{variables['steady']['ansible_host']} {key.with_suffix('.pub').read_text()}", encoding="ascii")
    variables["wrong-key"] = variables["steady"] | {"ansible_ssh_private_key_file": str(key)}
    variables["new-host-key"] = variables["steady"] | {
        "ansible_ssh_common_args": f"-o UserKnownHostsFile={known} -o StrictHostKeyChecking=yes"
    }
    variables["no-python"] = variables["steady"] | {"ansible_python_interpreter": "/usr/bin/python9"}
    return write_inventory(folder / "hosts.yml", variables, results_site="lab")


def prepare(network: dict[str, Host]) -> None:
    """A small disk, a clock that is off."""
    network["small"].run("sh", "-c", "mkdir /small && mount -t tmpfs -o size=48m tmpfs /small")
    folder = network["ahead"].root() / "root" / "shifted"
    folder.mkdir()
    (folder / "python").write_text(SHIFTED, encoding="ascii")
    (folder / "python").chmod(0o755)
    (folder / "sitecustomize.py").write_text(SHIFT, encoding="ascii")


def recording(host: Host, home: str = "root/.perfops") -> Path | None:
    """The recording that is being made on a machine."""
    return next((host.root() / home).glob("collections/*/collection.json"), None)


def samples(host: Host, home: str = "root/.perfops") -> bool:
    """Whether a machine has its first samples on its disk."""
    path = recording(host, home)
    return path is not None and tick_count(path) > 1


def kill_sampler(host: Host) -> None:
    """Kill the collector on a machine as the kernel does when memory runs out."""
    path = recording(host)
    assert path is not None
    words = (b"--id", path.parent.name.encode("ascii"))
    for process in filter(lambda each: each.name.isdigit(), Path("/proc").iterdir()):
        with suppress(FileNotFoundError, ProcessLookupError):
            given = (process / "cmdline").read_bytes().split(b"\0")
            if words in pairwise(given):
                os.kill(int(process.name), signal.SIGKILL)


def befall(network: dict[str, Host]) -> None:
    """What happens while all of them sample."""
    network["back"].cut()
    network["gone"].cut()
    network["dead"].kill()
    kill_sampler(network["killed"])
    kill_sampler(network["restarted"])
    boot_id = network["restarted"].root() / "tmp" / "boot_id"
    boot_id.write_text("0b6c54b5-6d1e-4d1c-9d2a-0a6f3b7f4c11\n", encoding="ascii")
    network["restarted"].run("mount", "--bind", "/tmp/boot_id", "/proc/sys/kernel/random/boot_id")
    network["small"].run("sh", "-c", "dd if=/dev/zero of=/small/ballast bs=1M count=30 2>&1")
    steady = network["steady"].first()
    sessions = Path(f"/proc/{steady}/task/{steady}/children").read_text(encoding="ascii").split()
    os.kill(steady, signal.SIGHUP)  # has it start itself anew
    for session in sessions:
        if b"sshd" in Path(f"/proc/{session}/cmdline").read_bytes():
            os.kill(int(session), signal.SIGKILL)


@pytest.fixture(scope="module")
def aftermath(network: Network, databases: MakeDatabase, tmp_path_factory: pytest.TempPathFactory) -> Aftermath:
    """One run to which all of it happens, and a second one beside it on a machine of the first."""
    tmp_path, url = tmp_path_factory.mktemp("fleet"), databases()
    machines = {host.name: host for host in network.hosts}
    inventory, root = inventory_of(network, tmp_path), tmp_path / "results"
    prepare(machines)
    settings = SETTINGS | {"results_root": str(root)}
    line, environment = command(
        "collect", inventory, url=url, environment=network.environment(), perfops_run="first", **settings
    )
    other, _ = command("collect", inventory, "--limit", "steady", perfops_run="second", **settings)
    with ExitStack() as stack:
        files = [stack.enter_context((tmp_path / name).open("w+")) for name in ("first", "second")]
        runs = []
        for words, file in zip((line, other), files, strict=True):
            run = subprocess.Popen(
                words, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT
            )
            stack.callback(run.kill)
            runs.append(stack.enter_context(run))
        waited = [each for each in machines.values() if each.name not in ("small", "ahead")]
        wait_for("samples", lambda: all(map(samples, waited)) and samples(machines["small"], "small/.perfops"), 90)
        befall(machines)
        time.sleep(CUT)
        machines["back"].mend()
        for run in runs:
            run.wait(120)
        told = [Path(file.name).read_text(encoding="utf-8") for file in files]
    found = json.loads((root / "first" / "run.json").read_text(encoding="utf-8"))["hosts"]
    second = subprocess.CompletedProcess(other, runs[1].returncode, told[1])
    return Aftermath(told[0], runs[0].returncode, found, root / "first", machines, second, url)


def closes(aftermath: Aftermath, name: str) -> dict[str, Any]:
    """Check that all that reached a machine's disk is in its recording here and in the database; returns its line."""
    facts = aftermath.machines[name]
    ticks = len({record["monotonic"] for record in of(aftermath.records(name), "/proc/stat")})
    assert facts["samples"] == ticks
    assert facts["bytes"] == (aftermath.folder / name / "collection.json").stat().st_size
    told = json.loads(perfops("verify", "first", "--json", "--db", aftermath.url).stdout)
    (books,) = [each for each in told if each["collector"] == name]
    assert books["closes"]
    (rows,) = [check["found"] for check in books["checks"] if check["check"] == "host_rows"]
    assert rows == ticks - 1
    return facts


def lost(aftermath: Aftermath, name: str) -> str:
    """Check that a machine is said to be lost, and what to do about it; returns why."""
    facts = aftermath.machines[name]
    assert (facts["state"], facts["samples"]) == ("lost", None)
    assert f"{name}: NOT HOME (run the same command again with -e perfops_run=first)" in aftermath.told
    return str(facts["reason"])


def test_all_others_are_complete_and_the_exit_code_tells_of_those_that_are_not(aftermath: Aftermath) -> None:
    by_state: dict[str, set[str]] = {"complete": set(), "partial": set(), "lost": set()}
    for name, facts in aftermath.machines.items():
        by_state[facts["state"]].add(name)
    assert by_state == {
        "complete": {"steady", "back", "ahead"},
        "partial": {"killed", "restarted", "small"},
        "lost": {"gone", "dead", "wrong-key", "new-host-key", "no-python"},
    }, aftermath.told
    assert aftermath.status == 4
    counts = recap(subprocess.CompletedProcess([], aftermath.status, aftermath.told))
    assert {name for name, count in counts.items() if count["unreachable"]} == by_state["lost"] - {"no-python"}
    assert {name for name, count in counts.items() if count["failed"]} == by_state["partial"] | {"no-python"}
    lines = aftermath.told.splitlines()
    begin = next(place for place, line in enumerate(lines) if re.match(r"machine +state +samples", line)) + 1
    table = [line.split() for line in lines[begin : begin + len(aftermath.machines)]]
    assert {words[0]: words[1] for words in table} == {
        name: facts["state"] for name, facts in aftermath.machines.items()
    }


def test_an_ssh_server_that_is_started_anew(aftermath: Aftermath) -> None:
    facts = closes(aftermath, "steady")
    assert (facts["state"], facts["samples"] + facts["gaps"], facts["reason"]) == ("complete", TICKS, "")


def test_a_link_that_is_cut_for_a_while(aftermath: Aftermath) -> None:
    facts = closes(aftermath, "back")
    assert (facts["state"], facts["samples"] + facts["gaps"]) == ("complete", TICKS)


def test_a_link_that_is_cut_for_good(aftermath: Aftermath) -> None:
    address = aftermath.network["gone"].address
    assert lost(aftermath, "gone") == f"it does not answer (is it up, and {address} right?)"


def test_a_machine_that_is_switched_off(aftermath: Aftermath) -> None:
    assert lost(aftermath, "dead").startswith("it does not answer")


def test_a_collector_that_is_killed(aftermath: Aftermath) -> None:
    facts = closes(aftermath, "killed")
    assert facts["reason"] == "cut short: the collector was killed"
    assert facts["samples"] + facts["gaps"] == TICKS
    assert facts["gaps"] > 0


def test_a_machine_that_is_started_anew(aftermath: Aftermath) -> None:
    assert closes(aftermath, "restarted")["reason"] == "cut short: the machine was started anew"


def test_a_disk_of_a_machine_that_fills_up(aftermath: Aftermath) -> None:
    assert closes(aftermath, "small")["reason"] == "ended early: min-free"
    assert aftermath.records("small")[-1]["measurement"]["reason"] == "min-free"


def test_a_key_that_a_machine_does_not_know(aftermath: Aftermath) -> None:
    assert lost(aftermath, "wrong-key") == "it refuses root (see ansible_user, ansible_ssh_private_key_file)"


def test_a_host_key_that_has_changed(aftermath: Aftermath) -> None:
    address = aftermath.network["steady"].address
    text = f"its host key has changed (if it was made anew: ssh-keygen -R {address})"
    assert lost(aftermath, "new-host-key") == text


def test_a_machine_without_python(aftermath: Aftermath) -> None:
    text = "no-python has no /usr/bin/python9, and Ansible's modules need Python 3.8 (install one, and name its path in"
    assert lost(aftermath, "no-python").startswith(text)


def test_a_clock_that_is_off(aftermath: Aftermath) -> None:
    """It begins with the others all the same, by a clock that is five minutes ahead, as closely as that is known."""
    facts = closes(aftermath, "ahead")
    within = facts["skew_within"] + 0.01
    assert (facts["state"], facts["skew_seconds"]) == ("complete", pytest.approx(AHEAD, abs=within))
    text = f"its clock is {facts['skew_seconds']:.1f} s ahead, and its start was corrected for that"
    assert facts["reason"] == text
    assert re.search(r"ahead: its clock is \+\d+\.\d s off; its start is corrected for that", aftermath.told)
    begin = aftermath.records("ahead")[0]["timestamp"] - facts["late_seconds"]
    others = aftermath.records("steady")[0]["timestamp"] - aftermath.machines["steady"]["late_seconds"]
    assert begin - AHEAD == pytest.approx(others, abs=1 + within + aftermath.machines["steady"]["skew_within"])


def test_two_runs_at_once_on_one_machine(aftermath: Aftermath) -> None:
    assert aftermath.second.returncode == 0, aftermath.second.stdout
    places = [aftermath.folder / "steady", aftermath.folder.parent / "second" / "steady"]
    first, second = (read(place / "collection.json") for place in places)
    assert first[0]["measurement"]["collection"] != second[0]["measurement"]["collection"]
    assert [len(of(records, "/proc/stat")) for records in (first, second)] == [
        records[-1]["measurement"]["ticks"] for records in (first, second)
    ]
    assert first[0]["timestamp"] < second[-1]["timestamp"]
    assert second[0]["timestamp"] < first[-1]["timestamp"]


@pytest.mark.parametrize(
    ("variables", "pattern"), [({}, "all"), ({"perfops_hosts": "typo"}, "typo")], ids=["none at all", "none so named"]
)
def test_an_inventory_without_machines(variables: dict[str, str], pattern: str, database: str, tmp_path: Path) -> None:
    machines = {"vm-01": LOCAL} if variables else {}
    inventory = write_inventory(tmp_path / "hosts.yml", machines)
    done = play("collect", inventory, url=database, results_root=str(tmp_path / "results"), **variables)
    assert done.returncode == 2
    text = f"no machine in the inventory answers to '{pattern}' (name an inventory with hosts, as in -i"
    assert text in " ".join(done.stdout.split())
    assert not (tmp_path / "results").exists()
