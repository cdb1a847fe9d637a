"""The main job streamed: rows are in the database while it runs, and what could not be sent is there in the end."""

import json
from pathlib import Path
from typing import Any

import pytest
from fix_command import perfops
from fix_pcc import read
from fix_playbook import LOCAL, play, write_inventory
from fix_sshd import free_port
from fix_stream import make_key, receiving

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
    key = make_key(tmp_path)
    with receiving(database, tmp_path) as port:
        known = {"PCC_SERVER": f"127.0.0.1:{port}", "PCC_APIKEY": key}
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
