"""What actions do on the controller: a run is opened, a command is run, and what cannot be done is told."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from fix_module import stopped_afterwards
from fix_pcc import pack
from fix_playbook import ROOT

REMEDY = "(see what is wrong there, and run this again)"
Results = dict[str, dict[str, Any]]


def act(folder: Path, tasks: dict[str, dict[str, Any]], *options: str) -> Results:
    """The result of each task, by its name."""
    folder.mkdir(exist_ok=True)
    steps = [
        {f"perfops.perfops.{action}": given, "register": name, "ignore_errors": True}
        for name, (action, given) in ((name, next(iter(task.items()))) for name, task in tasks.items())
    ]
    found = "{{ {" + ", ".join(f"'{name}': {name}" for name in tasks) + "} | to_json }}"
    tell = {"ansible.builtin.copy": {"content": found, "dest": str(folder / "found.json")}, "check_mode": False}
    vars_ = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "environment": {"TOLD_BY_TASK": "of the task"},
        "vars": vars_,
        "tasks": [*steps, tell],
    }
    (folder / "play.yml").write_text(json.dumps([play]), encoding="utf-8")
    program = Path(sys.executable).with_name("ansible-playbook")
    line = [program, "-i", "localhost,", folder / "play.yml", *options]
    done = subprocess.run(line, cwd=ROOT, env=os.environ | {"ANSIBLE_NOCOLOR": "1"}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    results: Results = json.loads((folder / "found.json").read_text(encoding="utf-8"))
    return results


def test_a_run_is_opened_once(tmp_path: Path) -> None:
    root = tmp_path / "results"
    damaged = root / "damaged"
    damaged.mkdir(parents=True)
    (damaged / "run.json").write_text('{"run": ', encoding="utf-8")
    (root / "nameless").mkdir()
    (root / "nameless" / "run.json").write_text("{}", encoding="utf-8")
    old = root / "old"  # as a version of before has left it
    old.mkdir()
    (old / "run.json").write_text('{"run": "old", "hosts": {"vm": {"state": "lost"}}}', encoding="utf-8")

    def task(run: str, **more: Any) -> dict[str, Any]:
        return {"open_run": {"run": run, "folder": str(root / run), **more}}

    found = act(
        tmp_path,
        {
            "first": task("one", mode="local"),
            "again": task("one", mode="local"),
            "other": task("one", mode="trickle"),
            "found": task("one", create=False),
            "absent": task("two", create=False),
            "unnamed": {"open_run": {"run": "", "folder": f"{root}/", "create": False}},
            "damaged": task("damaged", mode="local"),
            "streamed": task("old", mode="trickle"),
            "old": task("old", mode="local"),
            "no": task("three", create="no"),
            "bare": {"open_run": {"folder": str(root / "four")}},
            "nameless": task("nameless", create=False),
        },
    )
    told = json.loads((root / "one" / "run.json").read_text(encoding="utf-8"))
    assert told == {"run": "one", "mode": "local", "id": found["first"]["id"], "hosts": {}}
    assert UUID(told["id"]).version == 4
    assert [found[name]["changed"] for name in ("first", "again", "found")] == [True, False, False]
    for name in ("again", "found"):
        assert {key: found[name][key] for key in ("run", "mode", "id", "folder")} == {
            "run": "one", "mode": "local", "id": told["id"], "folder": str(root / "one"),
        }  # fmt: skip
    assert found["other"]["msg"] == (
        "the run one is one of collect.yml, not of trickle.yml (go on with that, or take another name)"
    )
    remedy = "(name one with -e perfops_run=NAME, or its folder's folder with -e results_root=FOLDER)"
    assert found["absent"]["msg"] == f"no run 'two' in {root} {remedy}"
    assert found["unnamed"]["msg"] == f"no run '' in {root} {remedy}"
    assert not (root / "two").exists()
    assert found["damaged"]["msg"].startswith(f"{damaged / 'run.json'}: ")
    assert found["damaged"]["msg"].endswith(
        "(mend it: it has the identity of what was sampled; or take another run name)"
    )
    assert found["streamed"]["msg"].startswith("the run old is one of collect.yml, not of trickle.yml (go on with")
    assert found["no"]["msg"] == f"no run 'three' in {root} {remedy}"
    assert not (root / "three").exists()
    assert "missing required arguments: run" in found["bare"]["msg"]
    assert found["nameless"]["msg"].endswith("run.json: it has no id (collect or trickle has not begun with it)")
    kept = json.loads((old / "run.json").read_text(encoding="utf-8"))
    assert (kept["id"], kept["hosts"]) == (found["old"]["id"], {"vm": {"state": "lost"}})


def test_two_that_open_a_run_at_a_time_get_one_identity(tmp_path: Path) -> None:
    def one(number: int) -> str:
        task = {"open_run": {"run": "both", "folder": str(tmp_path / "both"), "mode": "local"}}
        return str(act(tmp_path / str(number), {"opened": task})["opened"]["id"])

    with ThreadPoolExecutor(3) as pool:
        assert len(set(pool.map(one, range(3)))) == 1


def test_what_samples_already_goes_on_with_what_it_began_with(tmp_path: Path) -> None:
    about, packed = {"id": str(uuid4()), "home": str(tmp_path / "home")}, str(pack(tmp_path))

    def start(duration: str, frequency: str) -> dict[str, Any]:
        return {"pcc": {**about, "packed": packed, "duration": duration, "frequency": frequency}}

    with stopped_afterwards(tmp_path / "home"):
        found = act(
            tmp_path,
            {
                "first": start("1h", "250ms"),
                "again": start("60m", "250ms"),
                "other": start("2h", "1s"),
                "ended": {"pcc": {**about, "state": "stopped"}},
                "after": start("2h", "1s"),
            },
        )
    assert [found[name]["running"] for name in ("first", "again", "other", "after")] == [True, True, True, False]
    assert found["other"]["remark"] == (
        "what samples already goes on as it has begun, with a duration of 3600 s, not 7200 s and a frequency of 0.25 s,"
        " not 1 s (another run name samples anew)"
    )
    assert [found[name]["remark"] for name in ("first", "again", "after")] == ["", "", ""]


def test_a_command_is_run_where_ansible_runs(tmp_path: Path) -> None:
    code = "import sys; print(sys.stdin.read(), 'out'); print('err', file=sys.stderr); sys.exit(int(sys.argv[1]))"

    def task(*words: str, **more: Any) -> dict[str, Any]:
        return {"controller_command": {"argv": list(words), **more}}

    tasks = {
        "good": task(sys.executable, "-c", code, "0", folder=str(tmp_path / "made" / "deep")),
        "bad": task(sys.executable, "-c", code, "3"),
        "mute": task("false"),
        "told": task("printenv", "TOLD_BY_TASK"),
        "empty": {"controller_command": {}},
        "unknown": task("false", creates="/"),
        "lacking": task(str(tmp_path / "nothing")),
    }
    good = {name: tasks[name] for name in ("good", "bad", "mute", "lacking")}
    pretended = act(tmp_path, good, "--check")
    assert all(each["skipped"] and each["rc"] == 0 and not each["changed"] for each in pretended.values())
    assert not (tmp_path / "made").exists()
    found = act(tmp_path, tasks)
    assert (tmp_path / "made" / "deep").is_dir()
    good, bad = found["good"], found["bad"]
    assert (good["rc"], good["stdout_lines"], good["stderr"], good["failed"]) == (0, [" out"], "err", False)
    assert (bad["rc"], bad["stdout"], bad["msg"], bad["failed"]) == (3, " out", "err", True)
    assert (found["mute"]["rc"], found["mute"]["msg"]) == (1, "false ended with 1")
    assert found["told"]["stdout"] == "of the task"
    assert "missing required arguments: argv" in found["empty"]["msg"]
    assert "creates" in found["unknown"]["msg"]
    assert (found["lacking"]["rc"], found["lacking"]["failed"]) == (127, True)
    assert found["lacking"]["msg"] == f"{tmp_path / 'nothing'}: No such file or directory {REMEDY}"


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """A file stands where the folder would be: root may write anywhere else."""
    (tmp_path / "results").write_text("", encoding="utf-8")
    task = {"open_run": {"run": "one", "folder": str(tmp_path / "results" / "one"), "mode": "local"}}
    found = act(tmp_path, {"opened": task})["opened"]
    assert found["msg"] == f"{tmp_path / 'results' / 'one'}: Not a directory {REMEDY}"
