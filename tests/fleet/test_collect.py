"""`perfops collect` and its like: the playbooks, with their progress shown."""

import json
import os
import signal
import subprocess
from pathlib import Path

from fix_controller import Controller
from fix_pcc import read, tick_count, wait_for
from fix_playbook import LOCAL, write_inventory
from fix_secrets import Watch, files_with
from fix_sshd import free_port

from perfops.cli.playing import all_home, remark, was_home
from perfops.fleet.board import Board

CANARY = "canary-5b21c0de"
LOST = {"state": "lost", "samples": None, "gaps": None, "skew_seconds": None, "bytes": None, "reason": "away"}


def test_a_run_that_is_interrupted_and_gone_on_with(controller: Controller) -> None:
    """Ctrl-C says what goes on and how to come back; the same run brings all of it home, and no secret is left."""
    folder, home = controller.folder, controller.folder / "home"
    write_inventory(folder / "hosts.yml", {"vm-01": LOCAL}, pcc_home=str(home), pcc_labels={"cloud": "none"})
    line = ("--run", "cut", "-i", "hosts.yml", "--label", "build=42", "--duration", "8s", "--site", "the lab")
    watch = Watch(CANARY)
    watch.start()
    process = controller.start("collect", *line, PCC_APIKEY=CANARY)
    wait_for("a sample", lambda: any(map(tick_count, home.glob("collections/*/collection.json"))), 120)
    said = ""
    while "1 sampling" not in said:
        said = process.stderr.readline() if process.stderr else ""
        assert said or process.poll() is None
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted here; 1 machine samples on, to the end of the time asked for" in err
    resume, stop = (each.partition(": ")[2] for each in err.splitlines()[-2:])
    assert stop == "perfops stop cut -i hosts.yml"
    assert not ansible_left(process.pid)

    done = subprocess.run(
        ["bash", "-c", resume],
        cwd=folder,
        env=controller.environment(PCC_APIKEY=CANARY, PATH=f"{controller.bin}:{os.environ['PATH']}"),
        capture_output=True,
        text=True,
    )
    watch.stop()
    assert done.returncode == 0, done.stderr
    results = folder / "results" / "cut"
    assert done.stdout.splitlines()[-1] == str(results / "report.html")
    (file,) = results.glob("*/collection.json")
    records = read(file)
    assert records[0]["measurement"]["labels"] == {"cloud": "none", "build": "42"}
    assert records[-1]["measurement"]["reason"] == "duration"
    (row,) = json.loads(controller.perfops("list", "--json").stdout)
    assert (row["run"], row["collector"], row["site"]) == ("cut", "vm-01", "the lab")
    log = (results / "ansible.log").read_text()
    assert log.count("\n# ") == 1  # both times are in it
    assert "PLAY RECAP" in log
    assert "\033" not in log
    assert watch.looks
    assert not watch.found
    assert not files_with(CANARY, folder)
    assert not [path for path in Path("/tmp").glob("perfops-ansible-*") if files_with(CANARY, path)]


def ansible_left(group: int) -> list[str]:
    """Processes of Ansible that a command has started and left."""
    told = subprocess.run(["ps", "-o", "args", "-s", str(group)], capture_output=True, text=True).stdout.splitlines()
    return [line for line in told if "ansible-playbook" in line]


def test_a_machine_that_was_home_before_is_heard_of() -> None:
    told = {"event": "runner_on_ok", "event_data": {"host": "vm-01", "res": {"changed": False, "before": "vm-01"}}}
    assert was_home(told) == "vm-01"
    assert was_home({"event": "runner_on_ok", "event_data": {"host": "vm-01", "res": {"changed": True}}}) == ""


def test_what_a_machine_has_to_remark_is_heard() -> None:
    told = {"event": "runner_on_ok", "event_data": {"host": "vm-01", "res": {"remark": "it goes on"}}}
    assert remark(told) == "it goes on"
    assert remark({"event": "runner_on_ok", "event_data": {"host": "vm-01", "res": {"remark": ""}}}) == ""
    assert remark({"event": "verbose", "stdout": "x"}) == ""


def test_a_run_that_is_home_is_not_to_be_gone_on_with(tmp_path: Path) -> None:
    """Also where a recording is partial: more cannot come of it."""
    board = Board("first", folder=tmp_path)
    assert not all_home(board)
    for states, home in ((("complete", "partial"), True), (("complete", "lost"), False)):
        told = {"hosts": {str(number): {"state": state} for number, state in enumerate(states)}}
        (tmp_path / "run.json").write_text(json.dumps(told), encoding="utf-8")
        assert all_home(board) is home


def test_what_fails_is_named_and_the_exit_code_is_ansibles(controller: Controller) -> None:
    folder = controller.folder
    away = {"ansible_host": "127.0.0.1", "ansible_port": free_port()}
    write_inventory(folder / "hosts.yml", {"vm-01": LOCAL, "dead": away}, pcc_home=str(folder / "home"))
    done = controller.perfops("deploy", "-i", "hosts.yml")
    assert done.returncode == 4
    assert "perfops: dead unreachable: " in done.stderr
    assert (folder / "home" / "pcc").is_file()
    (folder / "results" / "none").mkdir(parents=True)
    about = {"run": "none", "mode": "local", "id": "0b6c54b5-6d1e-4d1c-9d2a-0a6f3b7f4c11", "hosts": {"vm-01": LOST}}
    (folder / "results" / "none" / "run.json").write_text(json.dumps(about), encoding="utf-8")
    done = controller.perfops("stop", "none", "-i", "hosts.yml", "--limit", "vm-01", "--results", "results")
    said, *more = done.stdout.splitlines()
    assert (done.returncode, said, len(more)) == (0, "vm-01: nothing was sampling", 1)
    assert more[0].startswith("bring it home: perfops collect --run none -i hosts.yml")
    assert not (folder / "results" / "none" / ".hosts").exists()
    done = controller.perfops("stop", "none", "-i", "hosts.yml", "--results", "results")
    again = "perfops: the same command again ends the rest; bring it home: perfops collect --run none -i hosts.yml"
    assert (done.returncode, again in done.stderr) == (4, True)
    done = controller.perfops("clean", "-i", "hosts.yml", "--limit", "vm-01")
    assert (done.returncode, done.stdout) == (0, "1 machine done\n")
    assert not (folder / "home").exists()
    for words, code, text in (
        (("-i", "nowhere"), 2, "perfops: no such inventory: nowhere (try -i inventories/azure"),
        (("-i", "hosts.yml", "--limit", "nobody"), 1, "Specified inventory, host pattern and/or --limit leaves us"),
        (("-i", "hosts.yml", "-e", "oops"), 2, "perfops: bad value for -e: 'oops' is no KEY=VALUE"),
        (("-i", "hosts.yml", "--", "--no-such-option"), 2, "unrecognized arguments: --no-such-option"),
    ):
        done = controller.perfops("deploy", *words)
        assert done.returncode == code, done.stderr
        assert text in " ".join(done.stderr.split())
