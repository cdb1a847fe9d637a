"""The main job, from the inventory to the report; and what is left on the machines."""

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from fix_command import perfops
from fix_database import MakeDatabase
from fix_module import run_module, stopped_afterwards
from fix_pcc import interpreters, read, tick_count, wait_for
from fix_playbook import LOCAL, ROOT, command, play, playing, recap, write_inventory
from fix_sshd import Server, free_port, needs_sshd

FILES = {"collection.json", "host.csv", "system.csv", "cpu.csv", "net.csv", "summary.json", "system_info.json"}
SHORT = {"pcc_duration": "2s", "pcc_frequency": "500ms"}


def listed(url: str, *arguments: str) -> list[dict[str, Any]]:
    """What `perfops list --json` says."""
    found: list[dict[str, Any]] = json.loads(perfops("list", "--json", "--db", url, *arguments).stdout)
    return found


def content(folder: Path) -> dict[str, bytes]:
    """All files in a folder, the report aside, which says when it was drawn."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != "report.html")
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_one_machine_from_the_inventory_to_the_report(database: str, tmp_path: Path) -> None:
    home, root = tmp_path / "home", tmp_path / "results"
    inventory = write_inventory(tmp_path / "hosts.yml", {"vm-01": LOCAL}, results_site="lab", pcc_home=str(home))
    settings = SHORT | {"perfops_run": "first", "results_root": str(root), "pcc_labels": {"build": 42}}

    checked = play("collect", inventory, "--check", url=database, **settings)
    assert checked.returncode == 0, checked.stdout
    assert not home.exists()
    assert not root.exists()

    done = play("collect", inventory, url=database, **settings)
    assert done.returncode == 0, done.stdout
    folder = root / "first" / "vm-01"
    assert {path.name for path in folder.iterdir()} >= FILES
    records = read(folder / "collection.json")
    host, end = records[0]["measurement"], records[-1]["measurement"]
    assert (host["identifier"], host["labels"]) == ("vm-01", {"build": "42"})
    assert end["ticks"] + end["missed"] == 5
    with (folder / "host.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == end["ticks"] - 1
    assert f"{end['ticks']} snapshots in 1 segment" in done.stdout
    (found,) = listed(database, "--run", "first")
    assert (found["collection"], found["collector"], found["site"]) == (host["collection"], "vm-01", "lab")
    assert perfops("verify", "first", "--db", database).returncode == 0
    report = root / "first" / "report.html"
    assert f"report: {report}" in done.stdout
    assert "vm-01" in report.read_text(encoding="utf-8")
    assert [path.name for path in home.iterdir()] == ["pcc"]

    # The same run again: nothing is sampled again, and nothing changes.
    before, rows = content(root), listed(database)
    again = play("collect", inventory, url=database, **settings)
    assert again.returncode == 0, again.stdout
    assert content(root) == before
    assert listed(database) == rows


def test_a_run_goes_on_where_a_killed_one_ended(database: str, tmp_path: Path) -> None:
    """The controller goes away while a machine samples; the same command with the same name brings it home."""
    home, root = tmp_path / "home", tmp_path / "results"
    inventory = write_inventory(tmp_path / "hosts.yml", {"vm-01": LOCAL}, results_site="lab", pcc_home=str(home))
    settings = {"pcc_duration": "8s", "pcc_frequency": "500ms", "perfops_run": "cut", "results_root": str(root)}
    with stopped_afterwards(home):
        with playing("collect", inventory, url=database, **settings):
            wait_for("a sample", lambda: any(map(tick_count, home.glob("collections/*/collection.json"))), 60)
        (file,) = home.glob("collections/*/collection.json")
        pid = json.loads(json.loads(file.read_bytes().splitlines()[0])["measurement"])["pid"]
        done = play("collect", inventory, url=database, **settings)
        assert done.returncode == 0, done.stdout
    records = read(root / "cut" / "vm-01" / "collection.json")
    assert records[0]["measurement"]["pid"] == pid
    end = records[-1]["measurement"]
    assert (end["reason"], end["ticks"] + end["missed"]) == ("duration", 17)
    assert [each["collection"] for each in listed(database)] == [file.parent.name]


def test_a_recording_whose_first_line_is_damaged_comes_home_as_it_is(database: str, tmp_path: Path) -> None:
    """Going on with its run neither samples over it nor stumbles over what it does not say."""
    home, root = tmp_path / "home", tmp_path / "results"
    inventory = write_inventory(tmp_path / "hosts.yml", {"vm-01": LOCAL}, results_site="lab", pcc_home=str(home))
    settings = SHORT | {"perfops_run": "hurt", "results_root": str(root)}
    with stopped_afterwards(home):
        with playing("collect", inventory, url=database, **settings):
            wait_for("a sample", lambda: any(map(tick_count, home.glob("collections/*/collection.json"))), 60)
        (there,) = home.glob("collections/*/collection.json")
        assert run_module(id=there.parent.name, home=str(home), state="finished", timeout=60)["finished"]
        _, *lines = there.read_bytes().splitlines(keepends=True)
        there.write_bytes(b"?" + b"".join(lines))
        done = play("collect", inventory, url=database, **settings)
    assert done.returncode == 0, done.stdout
    recording = root / "hurt" / "vm-01" / "collection.json"
    assert recording.read_bytes() == b"?" + b"".join(lines)
    (found,) = listed(database, "--run", "hurt")
    assert (found["collector"], found["samples"]["host"]) == ("vm-01", tick_count(recording) - 1)
    assert [path.name for path in home.iterdir()] == ["pcc"]


@needs_sshd
def test_a_machine_that_cannot_be_reached_leaves_the_others_complete(
    sshd: Server, database: str, tmp_path: Path
) -> None:
    reached = sshd.variables() | {"ansible_python_interpreter": "/usr/bin/python3"}
    hosts = {
        "alive-1": reached | {"pcc_home": str(tmp_path / "one")},
        "dead": reached | {"ansible_port": free_port()},
        "alive-2": reached | {"pcc_home": str(tmp_path / "two")},
    }
    inventory = write_inventory(tmp_path / "hosts.yml", hosts, results_site="lab")
    root = tmp_path / "results"
    done = play("collect", inventory, url=database, perfops_run="three", results_root=str(root), **SHORT)
    assert done.returncode == 4, done.stdout
    counts = recap(done)
    assert {host: (count["unreachable"], count["failed"]) for host, count in counts.items()} == {
        "alive-1": (0, 0),
        "alive-2": (0, 0),
        "dead": (1, 0),
    }
    assert {found["collector"] for found in listed(database, "--run", "three")} == {"alive-1", "alive-2"}
    assert perfops("verify", "three", "--db", database).returncode == 0
    assert "alive-2" in (root / "three" / "report.html").read_text(encoding="utf-8")
    assert "dead: NOT HOME (run the same command again with -e perfops_run=three)" in done.stdout


def test_what_was_pruned_is_not_sampled_anew(database: str, tmp_path: Path) -> None:
    """A machine was off; until it is up again, the others of its run have gone from results and database."""
    root, off = tmp_path / "results", LOCAL | {"ansible_connection": "ssh", "ansible_host": "127.0.0.1"}
    homes = {name: {"pcc_home": str(tmp_path / name)} for name in ("vm-01", "vm-02")}
    settings = SHORT | {"perfops_run": "first", "results_root": str(root)}
    machines = {"vm-01": LOCAL | homes["vm-01"], "vm-02": off | homes["vm-02"] | {"ansible_port": free_port()}}
    inventory = write_inventory(tmp_path / "hosts.yml", machines, results_site="lab")
    assert play("collect", inventory, url=database, **settings).returncode == 4
    pruned = perfops("prune", "--run", "first", "--results", root, "--yes", "--db", database)
    assert pruned.returncode == 0, pruned.stderr
    assert listed(database) == []
    inventory = write_inventory(
        tmp_path / "hosts.yml", {name: LOCAL | home for name, home in homes.items()}, results_site="lab"
    )
    done = play("collect", inventory, url=database, **settings)
    assert done.returncode == 0, done.stdout
    assert [each["collector"] for each in listed(database)] == ["vm-02"]
    assert list((root / "first" / "vm-01").iterdir()) == []
    alone = perfops("run", "root@vm-01", "--run", "first", "--results", root, "--db", database)
    assert alone.returncode == 2
    assert "vm-01 of the run first was pruned (name another run in --run)" in alone.stderr


def test_a_database_that_is_down_is_told_before_anything_is_sampled(tmp_path: Path) -> None:
    inventory = write_inventory(tmp_path / "hosts.yml", {"vm-01": LOCAL}, pcc_home=str(tmp_path / "home"))
    url = f"postgresql://127.0.0.1:{free_port()}/perfops"
    done = play("collect", inventory, url=url, results_root=str(tmp_path / "results"), **SHORT)
    assert done.returncode == 2
    assert "cannot connect to the database perfops on 127.0.0.1 (PERFOPS_DATABASE_URL)" in done.stdout
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("name", ["../escape", "a b", ""])
def test_a_run_needs_a_name_that_can_be_a_folders(name: str, database: str, tmp_path: Path) -> None:
    inventory = write_inventory(tmp_path / "hosts.yml", {"vm-01": LOCAL}, pcc_home=str(tmp_path / "home"))
    done = play("collect", inventory, url=database, results_root=str(tmp_path / "results"), perfops_run=name, **SHORT)
    assert done.returncode == 2
    assert "bad name for a run" in done.stdout
    assert not (tmp_path / "home").exists()


def test_a_bad_value_is_told_with_the_collectors_words(database: str, tmp_path: Path) -> None:
    inventory = write_inventory(tmp_path / "hosts.yml", {"vm-01": LOCAL}, pcc_home=str(tmp_path / "home"))
    settings = SHORT | {"pcc_frequency": "5x", "results_root": str(tmp_path / "results")}
    done = play("collect", inventory, url=database, **settings)
    assert done.returncode == 2
    assert "bad value for --frequency: '5x' (try 5s)" in done.stdout


@pytest.mark.parametrize("version", ["3.6", "3.8", "3.13"])
def test_the_python_of_the_machine(version: str, databases: MakeDatabase, tmp_path: Path) -> None:
    """Ansible's modules run from 3.8 on; below that preflight says so, and nothing is put there."""
    if version not in interpreters():
        pytest.skip(f"no Python {version} on this machine")
    home = tmp_path / "home"
    host = {"ansible_connection": "local", "ansible_python_interpreter": interpreters()[version]}
    inventory = write_inventory(tmp_path / "hosts.yml", {"vm-01": host}, pcc_home=str(home))
    done = play("collect", inventory, url=databases(), results_root=str(tmp_path / "results"), **SHORT)
    if version == "3.6":
        assert done.returncode == 2
        assert "vm-01 has Python 3.6" in done.stdout.replace("\n", " ")
        assert not home.exists()
    else:
        assert done.returncode == 0, done.stdout


def test_deploy_then_clean_leaves_the_machine_as_it_was(tmp_path: Path) -> None:
    home = tmp_path / "home"
    inventory = write_inventory(tmp_path / "hosts.yml", {"vm-01": LOCAL}, pcc_home=str(home))
    assert recap(play("deploy", inventory))["vm-01"]["failed"] == 0
    assert [path.name for path in home.iterdir()] == ["pcc"]
    assert recap(play("deploy", inventory))["vm-01"]["changed"] == 0
    assert recap(play("clean", inventory))["vm-01"]["failed"] == 0
    assert list(tmp_path.iterdir()) == [inventory]
    assert recap(play("clean", inventory))["vm-01"]["changed"] == 0


def test_clean_leaves_other_files_where_they_are(tmp_path: Path) -> None:
    home = tmp_path / "data"
    inventory = write_inventory(tmp_path / "hosts.yml", {"vm-01": LOCAL}, pcc_home=str(home))
    (home / "collections" / "stamps").mkdir(parents=True)
    (home / "collections" / "stamps" / "mine.txt").write_text("mine")
    assert recap(play("deploy", inventory))["vm-01"]["failed"] == 0
    assert recap(play("clean", inventory))["vm-01"]["failed"] == 0
    assert [path for path in home.rglob("*") if path.is_file()] == [home / "collections" / "stamps" / "mine.txt"]


@pytest.mark.parametrize("words", [True, "true"], ids=["bool", "text"])
def test_clean_leaves_what_is_not_home_unless_told(words: bool | str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    inventory = write_inventory(tmp_path / "hosts.yml", {"vm-01": LOCAL}, pcc_home=str(home))
    play("deploy", inventory)
    with stopped_afterwards(home):
        first = run_module(id=str(uuid4()), home=str(home), frequency="50ms")
        refused = play("clean", inventory)
        assert recap(refused)["vm-01"]["failed"] == 1
        assert "vm-01 still has 1 collection(s)" in refused.stdout.replace("\n", " ")
        assert run_module(id=first["id"], home=str(home), state="finished", timeout=0)["running"]
        # As if it had begun after the look: an extra variable goes before what a task has registered.
        begun = play("clean", inventory, pcc_clean_unfetched=words, __pcc_left={"collections": []})
        assert recap(begun)["vm-01"]["failed"] == 1
        assert f"vm-01 has begun a collection meanwhile: {first['id']}" in begun.stdout.replace("\n", " ")
        assert run_module(id=first["id"], home=str(home), state="finished", timeout=0)["running"]
        assert (home / "pcc").exists()
        assert recap(play("clean", inventory, pcc_clean_unfetched=words))["vm-01"]["failed"] == 0
        assert not home.exists()
        assert not run_module(id=first["id"], home=str(home), state="finished", timeout=0)["running"]


def test_what_was_kept_on_the_machine_is_removed_by_the_same_run_again(database: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    inventory = write_inventory(tmp_path / "hosts.yml", {"vm-01": LOCAL}, pcc_home=str(home))
    settings = SHORT | {"perfops_run": "kept", "results_root": str(tmp_path / "results")}
    assert play("collect", inventory, url=database, perfops_keep="true", **settings).returncode == 0
    assert len(list(home.glob("collections/*/collection.json"))) == 1
    again = play("collect", inventory, url=database, **settings)
    assert again.returncode == 0, again.stdout
    assert "vm-01: was home already, nothing was sampled anew" in again.stdout
    assert [path.name for path in home.iterdir()] == ["pcc"]


ON_A_FULL_DISK = """
mount -t tmpfs -o size=64k tmpfs "$1" || exit 99
root=$1 kept=$2; shift 2
"$@"; echo "first: $?"; find "$root" -name 'collection.json*'
mount -o remount,size=64m "$root"
"$@"; echo "second: $?"; cp -a "$root/." "$kept"
"""


def test_a_fetch_that_broke_off_is_done_again(database: str, tmp_path: Path) -> None:
    """The controller's disk is full in the middle of the fetch; with room made, the same command goes on."""
    home, root, kept = (tmp_path / name for name in ("home", "results", "kept"))
    root.mkdir()
    inventory = write_inventory(tmp_path / "hosts.yml", {"vm-01": LOCAL}, pcc_home=str(home))
    settings = {"pcc_duration": "3s", "pcc_frequency": "100ms", "perfops_run": "full", "results_root": str(root)}
    line, environment = command("collect", inventory, url=database, **settings)
    line = ["unshare", "--mount", "bash", "-c", ON_A_FULL_DISK, "bash", str(root), str(kept), *line]
    done = subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)
    if done.returncode == 99 or done.stderr.startswith("unshare:"):
        pytest.skip(f"no tmpfs can be mounted here: {done.stderr.strip()}")
    first, _, second = done.stdout.partition("first: ")
    assert "No space left on device" in first
    left, _, second = second.partition("PLAY [")
    assert left.split()[0] == "2"
    assert "collection.json\n" not in left
    assert "second: 0" in second, second
    folder = kept / "full" / "vm-01"
    assert {path.name for path in folder.iterdir()} >= FILES
    end = read(folder / "collection.json")[-1]
    assert (end["subsystem"], tick_count(folder / "collection.json")) == ("end", end["measurement"]["ticks"])
    (found,) = listed(database, "--run", "full")
    assert found["complete"]


@pytest.mark.parametrize("name", sorted(path.name for path in (ROOT / "inventories").iterdir()))
def test_every_inventory_has_hosts_with_what_the_main_job_needs(name: str) -> None:
    program = Path(sys.executable).with_name("ansible-inventory")
    line = [program, "-i", f"inventories/{name}", "--list"]
    told = json.loads(subprocess.run(line, cwd=ROOT, check=True, capture_output=True, text=True).stdout)
    hosts = told["_meta"]["hostvars"]
    assert hosts
    for host, variables in hosts.items():
        assert variables["results_site"] not in ("", "default"), host
        assert {"pcc_duration", "pcc_frequency"} <= variables.keys(), host
        assert variables.get("ansible_connection") == "local" or "ansible_user" in variables, host
