"""The main job streamed: rows are in the database while it runs, and what could not be sent is there in the end."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest
from fix_command import perfops
from fix_hosts import Make
from fix_module import run_module, stopped_afterwards
from fix_pcc import read, wait_for
from fix_playbook import LOCAL, ROOT, command, play, playing, recap, write_inventory
from fix_receiver import receiving
from fix_secrets import Watch, files_with
from fix_sshd import free_port

SHORT = {"pcc_duration": "4s", "pcc_frequency": "250ms", "pcc_batch": "1s", "pcc_flush": "20s"}
CANARY = "canary-9a7c44e1"


def listed(url: str, *arguments: str) -> list[dict[str, Any]]:
    """What `perfops list --json` says."""
    found: list[dict[str, Any]] = json.loads(perfops("list", "--json", "--db", url, *arguments).stdout)
    return found


def end_of(root: Path, run: str, machine: str) -> dict[str, Any]:
    """The end record that was brought home."""
    records = read(root / run / machine / "streamed.json")
    assert [record["subsystem"] for record in records] == ["host", "end"]
    facts: dict[str, Any] = records[1]["measurement"]
    return facts


def test_one_machine_from_the_inventory_to_the_report(database: str, tmp_path: Path) -> None:
    home, root = tmp_path / "home", tmp_path / "results"
    variables = {"results_site": "lab one", "pcc_home": str(home)}
    inventory = write_inventory(tmp_path / "hosts.yml", {"vm-01": LOCAL}, **variables)
    settings = SHORT | {"perfops_run": "first", "results_root": str(root), "pcc_labels": {"build": 42}}
    (tmp_path / "keys").mkdir()
    with receiving(database, tmp_path / "keys") as receiver:
        known = {"PCC_SERVER": receiver.url, "PCC_APIKEY": receiver.key}
        checked = play("trickle", inventory, "--check", url=database, environment=known, **settings)
        assert checked.returncode == 0, checked.stdout
        assert not home.exists()
        assert not root.exists()
        done = play("trickle", inventory, url=database, environment=known, **settings)
    assert done.returncode == 0, done.stdout
    end = end_of(root, "first", "vm-01")
    assert (end["sent"], end["left"], end["lost"]) == (end["ticks"], 0, 0)
    assert end["ticks"] + end["missed"] == 17
    (found,) = listed(database, "--run", "first")
    assert (found["collector"], found["site"], found["complete"]) == ("vm-01", "lab one", True)
    assert found["labels"]["build"] == "42"
    assert perfops("verify", "first", "--db", database).returncode == 0
    assert "vm-01" in (root / "first" / "report.html").read_text(encoding="utf-8")
    assert [path.name for path in home.iterdir()] == ["pcc"]
    assert sorted(path.name for path in (root / "first" / "vm-01").iterdir()) == ["streamed.json"]

    # The same run again: nothing is sampled again, and no receiver is needed.
    again = play("trickle", inventory, url=database, environment=known, **settings)
    assert again.returncode == 0, again.stdout
    assert "vm-01: was home already, nothing was sampled anew" in again.stdout
    assert listed(database) == [found]
    other = play("collect", inventory, url=database, **settings)
    assert other.returncode == 2
    assert "the run first is one of trickle.yml, not of collect.yml" in " ".join(other.stdout.split())


def test_a_receiver_that_is_down_the_whole_time(database: str, tmp_path: Path) -> None:
    """What was not sent is brought home and loaded: the run ends as a local one."""
    home, root = tmp_path / "home", tmp_path / "results"
    inventory = write_inventory(tmp_path / "hosts.yml", {"vm-01": LOCAL}, results_site="lab", pcc_home=str(home))
    settings = SHORT | {"perfops_run": "alone", "results_root": str(root), "pcc_flush": "0s"}
    known = {"PCC_SERVER": f"127.0.0.1:{free_port()}", "PCC_APIKEY": CANARY}
    done = play("trickle", inventory, url=database, environment=known, **settings)
    assert done.returncode == 0, done.stdout
    end = end_of(root, "alone", "vm-01")
    assert (end["sent"], end["left"], end["lost"]) == (0, end["ticks"], 0)
    assert len(list((root / "alone" / "vm-01" / "spool").glob("0*.json"))) > 2
    (found,) = listed(database, "--run", "alone")
    assert (found["collector"], found["complete"]) == ("vm-01", True)
    verified = json.loads(perfops("verify", "alone", "--json", "--db", database).stdout)
    (rows,) = [check["found"] for check in verified[0]["checks"] if check["check"] == "host_rows"]
    assert (verified[0]["closes"], rows) == (True, end["ticks"] - 1)
    assert [path.name for path in home.iterdir()] == ["pcc"]
    again = play("trickle", inventory, url=database, environment=known, **settings)
    assert again.returncode == 0, again.stdout
    assert listed(database, "--run", "alone") == [found]


def test_controller_and_collector_are_killed_and_the_same_command_goes_on(database: str, tmp_path: Path) -> None:
    """Without a receiver, too: what was sampled until then is brought home and loaded, and the books close."""
    home, root = tmp_path / "home", tmp_path / "results"
    inventory = write_inventory(tmp_path / "hosts.yml", {"vm-01": LOCAL}, results_site="lab", pcc_home=str(home))
    known = {"PCC_SERVER": f"127.0.0.1:{free_port()}", "PCC_APIKEY": CANARY}
    settings = SHORT | {"perfops_run": "cut", "results_root": str(root), "pcc_duration": "10m"}
    with stopped_afterwards(home):
        with playing("trickle", inventory, url=database, environment=known, **settings):
            wait_for("segments", lambda: len(list(home.glob("spool/*/0*.json"))) > 2, 60)
        (folder,) = (home / "spool").iterdir()
        pid = run_module(id=folder.name, home=str(home), state="finished", timeout=0)["pid"]
        os.kill(pid, signal.SIGKILL)
        done = play("trickle", inventory, url=database, environment=known, **settings)
    assert done.returncode == 2, done.stdout
    facts = json.loads((root / "cut" / "run.json").read_text(encoding="utf-8"))["hosts"]["vm-01"]
    assert (facts["state"], facts["reason"]) == ("partial", "cut short: the collector was killed")
    files = sorted((root / "cut" / "vm-01" / "spool").glob("0*.json"))
    sampled = {record["timestamp"] for file in files for record in read(file) if record["subsystem"] == "/proc/stat"}
    (found,) = listed(database, "--run", "cut")
    assert (found["collection"], found["complete"]) == (folder.name, False)
    assert len(rows_of(database, "cut")["vm-01"]) == len(sampled) - 1
    assert [path.name for path in home.iterdir()] == ["pcc"]


@pytest.mark.parametrize(
    ("missing", "text"),
    [
        ("PCC_SERVER", "pcc_mode trickle needs the receiver's address (set pcc_server in the inventory, or PCC_SERVER"),
        ("PCC_APIKEY", "pcc_mode trickle needs a key (set PCC_APIKEY in the environment of ansible-playbook, or"),
    ],
)
def test_what_it_needs_is_said_before_anything_is_put_on_a_machine(
    missing: str, text: str, database: str, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    inventory = write_inventory(tmp_path / "hosts.yml", {"vm-01": LOCAL}, pcc_home=str(home))
    known = {"PCC_SERVER": "127.0.0.1:1", "PCC_APIKEY": CANARY} | {missing: ""}
    root = str(tmp_path / "results")
    done = play("trickle", inventory, url=database, environment=known, results_root=root, **SHORT)
    assert done.returncode == 2
    assert text in " ".join(done.stdout.split())
    assert not home.exists()


def rows_of(url: str, run: str) -> dict[str, list[float]]:
    """The times of the rows of each machine of a run, in Unix seconds."""
    query = """
        SELECT name, array_agg(extract(epoch FROM timestamp)::float8 ORDER BY timestamp) FROM host_sample
          JOIN collection ON collection.id = collection_id JOIN collector ON collector.id = collector_id
         WHERE run = %s GROUP BY name"""
    with psycopg.connect(url) as connection:
        return dict(connection.execute(query, [run]).fetchall())


CUT = 20  # seconds
SOAK = bool(os.environ.get("PERFOPS_SOAK"))


@pytest.mark.soak
def test_three_machines_one_of_them_cut_off_for_a_while_and_one_switched_off(
    network: Make, database: str, tmp_path: Path
) -> None:
    """The one that was cut off is complete in the end, the dead one is reported, the third is unharmed.

    All along the key is nowhere but in the environment of ansible-playbook and the file of keys. In its long form eight
    machines take part.
    """
    others = [f"steady-{number}" for number in range(2, 7)] if SOAK else []
    made = network("steady", "cut", "dead", *others)
    steady, cut, dead, *_ = made.hosts
    hosts = {host.name: host.variables() for host in made.hosts}
    inventory = write_inventory(tmp_path / "hosts.yml", hosts, results_site="lab", pcc_home="~/.perfops")
    root, keys, output = tmp_path / "results", tmp_path / "keys", tmp_path / "output"
    (keys / "pcd").mkdir(parents=True)
    (keys / "pcd" / "apikeys").write_text(f"{CANARY}\n", encoding="ascii")
    (keys / "pcd" / "apikeys").chmod(0o600)
    settings = {"pcc_duration": "35s", "pcc_frequency": "500ms", "pcc_batch": "1s", "pcc_flush": "30s"}
    settings |= {"perfops_run": "three", "results_root": str(root)}
    watch = Watch(CANARY)
    with receiving(database, keys, "--listen", f"{made.address}:0", key=CANARY) as receiver:
        known = made.environment() | {"PCC_SERVER": receiver.url, "PCC_APIKEY": CANARY}
        line, environment = command("trickle", inventory, "-vvv", url=database, environment=known, **settings)
        watch.start()
        with (
            output.open("wb") as file,
            subprocess.Popen(
                line, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=file, stderr=file
            ) as run,
        ):
            try:
                wait_for(
                    "rows of all", lambda: len(rows_of(database, "three")) == len(hosts) or run.poll() is not None, 90
                )
                assert run.poll() is None, output.read_text(encoding="utf-8")
                cut.cut()
                at_cut = time.time()
                dead.kill()
                assert files_with(CANARY, steady.root() / "root" / ".perfops") == []
                time.sleep(CUT)
                cut.mend()
                before = rows_of(database, "three")
                run.wait(240)
            finally:
                run.kill()
        watch.stop()
    told = output.read_text(encoding="utf-8")
    counts = recap(subprocess.CompletedProcess(line, run.returncode, told))
    troubles = {host: (count["unreachable"], count["failed"]) for host, count in counts.items()}
    assert troubles == dict.fromkeys(hosts, (0, 0)) | {"dead": (1, 0)}, told
    assert run.returncode == 4
    assert "dead: NOT HOME (run the same command again with -e perfops_run=three)" in told

    # While it was cut off nothing of it came, and in the end nothing of it is missing.
    assert max(before["cut"]) < at_cut + 1
    assert max(before["steady"]) > at_cut + CUT - 5
    after = rows_of(database, "three")
    for name in ("steady", "cut", *others):
        end = end_of(root, "three", name)
        assert (end["sent"], end["left"], end["lost"]) == (end["ticks"], 0, 0)
        assert end["ticks"] + end["missed"] == 71
        assert len(after[name]) == end["ticks"] - 1
    assert sum(at_cut < moment < at_cut + CUT for moment in after["cut"]) >= CUT
    assert max(after["dead"]) < at_cut + 1
    assert perfops("verify", "three", "--db", database).returncode == 0
    assert [path.name for path in (cut.root() / "root" / ".perfops").iterdir()] == ["pcc"]

    # The key.
    assert watch.looks > 50
    assert watch.found == set()
    assert CANARY not in told + "".join(receiver.log)
    assert files_with(CANARY, tmp_path) == [keys / "pcd" / "apikeys"]
    for host in (steady, cut):
        for folder in ("root/.perfops", "root/.ansible", "tmp", "run"):
            assert files_with(CANARY, host.root() / folder) == []
    for command_line in (["list", "--json"], ["show", "three", "--json"], ["verify", "three", "--json"]):
        assert CANARY not in perfops(*command_line, "--db", database).stdout
