"""A controller that is killed in any stage of a run, and the same command again; and a run that is ended early."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from fix_command import perfops
from fix_database import MakeDatabase
from fix_hosts import Network, hosts, missing, sweep
from fix_pcc import check_books, read, tick_count, wait_for
from fix_playbook import ROOT, command, play, write_inventory

STAGES = ("Start the collection", "Wait for the end", "Bring the collection home", "Load all of them into PostgreSQL")
MORE = ("Pack the collector", "Turn all of them into CSV files", "Draw the report", "Say how it came out")
SOAK = os.environ.get("PERFOPS_SOAK") == "1"


@pytest.fixture(scope="module")
def network() -> Iterator[Network]:
    """Two machines."""
    if why := missing():
        pytest.skip(why)
    sweep()
    with hosts("one", "two") as made:
        yield made


@pytest.fixture(scope="module")
def url(databases: MakeDatabase) -> str:
    """One database for the runs of this module."""
    return databases()


def kill_at(stage: str, line: list[str], environment: dict[str, str]) -> str:
    """Run a playbook, and kill it with all it has started here when a stage begins; what it has said."""
    told = []
    with subprocess.Popen(
        line,
        cwd=ROOT,
        env=environment | {"PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as run:
        assert run.stdout is not None
        for row in run.stdout:
            told.append(row)
            if row.startswith("TASK") and stage in row:
                break
        os.killpg(run.pid, signal.SIGKILL)
    return "".join(told)


def test_a_controller_that_is_killed_in_every_stage_of_a_run(network: Network, url: str, tmp_path: Path) -> None:
    """One run: each time it gets one stage further, and in the end all is there once."""
    inventory = write_inventory(
        tmp_path / "hosts.yml", {host.name: host.variables() for host in network.hosts}, results_site="lab"
    )
    settings = {"pcc_duration": "6s", "pcc_frequency": "250ms", "perfops_run": "cut", "pcc_lead": 2}
    settings |= {"results_root": str(tmp_path / "results")}
    line, environment = command("collect", inventory, url=url, environment=network.environment(), **settings)
    pids = set()
    for stage in sorted(STAGES + MORE * SOAK, key=(MORE[:1] + STAGES[:3] + MORE[1:2] + STAGES[3:] + MORE[2:]).index):
        told = kill_at(stage, line, environment)
        assert stage in told, told
        for host in network.hosts:
            for path in (host.root() / "root" / ".perfops" / "collections").glob("*/collection.json"):
                if tick_count(path):
                    pids.add((host.name, json.loads(read_first(path)["measurement"])["pid"]))
    done = subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout
    found = json.loads((tmp_path / "results" / "cut" / "run.json").read_text(encoding="utf-8"))["hosts"]
    assert {name: facts["state"] for name, facts in found.items()} == {"one": "complete", "two": "complete"}
    listed = json.loads(perfops("list", "--json", "--db", url, "--run", "cut").stdout)
    assert sorted(each["collector"] for each in listed) == ["one", "two"]
    assert perfops("verify", "cut", "--db", url).returncode == 0
    for host in network.hosts:
        records = read(tmp_path / "results" / "cut" / host.name / "collection.json")
        end = check_books(records, 0.25, 24)
        assert (end["reason"], end["ticks"] + end["missed"]) == ("duration", 25)
        assert (host.name, records[0]["measurement"]["pid"]) in pids
        assert [path.name for path in (host.root() / "root" / ".perfops").iterdir()] == ["pcc"]
    assert len(pids) == 2  # nothing was sampled twice


def read_first(path: Path) -> dict[str, str]:
    """The first record of a collection that may still be written."""
    found: dict[str, str] = json.loads(path.read_bytes().splitlines()[0])
    return found


def test_a_run_that_is_ended_before_its_time(network: Network, url: str, tmp_path: Path) -> None:
    """Whoever waits for it waits no longer, and brings home what there is, with its end."""
    inventory = write_inventory(
        tmp_path / "hosts.yml", {host.name: host.variables() for host in network.hosts}, results_site="lab"
    )
    settings = {"perfops_run": "ended", "results_root": str(tmp_path / "results")}
    more = {"pcc_duration": "1h", "pcc_frequency": "250ms", "pcc_lead": 2}
    line, environment = command("collect", inventory, url=url, environment=network.environment(), **settings, **more)
    with subprocess.Popen(line, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as run:
        try:
            files = [host.root() / "root" / ".perfops" / "collections" for host in network.hosts]
            wait_for("samples", lambda: all(any(map(tick_count, each.glob("*/collection.json"))) for each in files), 90)
            none = play("stop", inventory, environment=network.environment(), **settings | {"perfops_run": "x"})
            assert none.returncode == 2
            assert f"no run 'x' in {tmp_path / 'results'}" in " ".join(none.stdout.split())
            stopped = play("stop", inventory, environment=network.environment(), **settings)
            assert stopped.returncode == 0, stopped.stdout
            told, _ = run.communicate(timeout=120)
        finally:
            run.kill()
    assert run.returncode == 0, told
    found = json.loads((tmp_path / "results" / "ended" / "run.json").read_text(encoding="utf-8"))["hosts"]
    for host in network.hosts:
        end = check_books(read(tmp_path / "results" / "ended" / host.name / "collection.json"), 0.25)
        assert end["reason"] == "SIGTERM"
        assert (found[host.name]["state"], found[host.name]["samples"]) == ("complete", end["ticks"])
