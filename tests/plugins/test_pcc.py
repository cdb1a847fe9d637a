"""The module: what it starts goes on alone, what is there is not started again, and what it returns is true."""

import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import yaml
from fix_fake_receiver import receiving
from fix_module import COLLECTIONS, ROOT, run_module, stopped_afterwards
from fix_pcc import interpreters, pack, read, tick_count, wait_for
from fix_sshd import free_port

MODULE = ROOT / "plugins" / "modules" / "pcc.py"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home folder with the packed sampler in it."""
    folder = tmp_path / "home"
    folder.mkdir()
    pack(folder)
    with stopped_afterwards(folder):
        yield folder


def started(home: Path, **options: Any) -> dict[str, Any]:
    """Start a collection, and be sure that it has."""
    result = run_module(id=str(uuid4()), home=str(home), **({"duration": "10m", "frequency": "50ms"} | options))
    assert result.get("failed") is not True, result
    return result


def tree(folder: Path) -> dict[str, tuple[int, int]]:
    """Names, sizes and modes of all in a folder."""
    found = {}
    for path in sorted(folder.rglob("*")):
        state = path.lstat()
        found[str(path.relative_to(folder))] = (state.st_size if path.is_file() else 0, stat.S_IMODE(state.st_mode))
    return found


def test_what_it_starts_goes_on_when_the_module_has_ended(home: Path) -> None:
    result = started(home, labels={"build": "42"}, identifier="vm-01")
    assert (result["changed"], result["running"], result["finished"], result["complete"]) == (True, True, False, False)
    assert os.getsid(result["pid"]) == result["pid"]
    for stream in (0, 1, 2):
        assert Path(f"/proc/{result['pid']}/fd/{stream}").resolve() in {Path("/dev/null"), Path(result["log"])}
    before = tick_count(Path(result["collection"]))
    wait_for("more ticks", lambda: tick_count(Path(result["collection"])) > before + 2)
    host = read_host(Path(result["collection"]))
    assert (host["collection"], host["identifier"], host["labels"]) == (result["id"], "vm-01", {"build": "42"})
    assert result["started_at"] == host["timestamp"]


def read_host(path: Path) -> dict[str, Any]:
    """The host record of a collection that may still be written."""
    record = json.loads(path.read_bytes().splitlines()[0])
    return json.loads(record["measurement"]) | {"timestamp": record["timestamp"]}


def test_an_id_that_runs_is_not_started_again(home: Path) -> None:
    first = started(home)
    again = run_module(id=first["id"].upper(), home=str(home))
    assert (again["changed"], again["pid"]) == (False, first["pid"])


def test_an_id_that_has_ended_is_not_started_again(home: Path) -> None:
    first = started(home, duration="100ms")
    ended = run_module(id=first["id"], home=str(home), state="finished")
    content = Path(first["collection"]).read_bytes()
    again = run_module(id=first["id"], home=str(home))
    assert (again["changed"], again["finished"], again["ticks"]) == (False, True, ended["ticks"])
    assert Path(first["collection"]).read_bytes() == content


def test_finished_waits_for_the_end_and_returns_what_the_end_record_says(home: Path) -> None:
    first = started(home, duration="500ms")
    ended = run_module(id=first["id"], home=str(home), state="finished", timeout=30)
    assert (ended["changed"], ended["finished"], ended["complete"], ended["reason"]) == (False, True, True, "duration")
    end = read(Path(first["collection"]))[-1]["measurement"]
    for name in ("ticks", "missed", "cpu_seconds", "peak_memory_kib"):
        assert ended[name] == end[name], name
    assert ended["ticks"] + ended["missed"] == 11
    assert ended["size"] == Path(first["collection"]).stat().st_size
    assert ended["said"].startswith(f"pcc: {ended['ticks']} ticks, {ended['missed']} missed,")


def test_a_look_without_waiting(home: Path) -> None:
    first = started(home)
    seen = run_module(id=first["id"], home=str(home), state="finished", timeout=0)
    assert (seen["running"], seen["finished"], seen["ticks"]) == (True, False, None)


def test_an_id_nobody_has_started_is_neither_running_nor_finished(home: Path) -> None:
    seen = run_module(id=str(uuid4()), home=str(home), state="finished", timeout=0)
    assert (seen["changed"], seen["running"], seen["finished"], seen["size"]) == (False, False, False, 0)


def test_stopped_ends_it_with_its_last_sample_written(home: Path) -> None:
    first = started(home)
    ended = run_module(id=first["id"], home=str(home), state="stopped")
    assert (ended["changed"], ended["complete"], ended["reason"]) == (True, True, "SIGTERM")
    assert read(Path(first["collection"]))[-1]["subsystem"] == "end"
    assert run_module(id=first["id"], home=str(home), state="stopped")["changed"] is False


def test_one_that_was_killed_is_finished_and_not_complete(home: Path) -> None:
    first = started(home)
    os.kill(first["pid"], signal.SIGKILL)
    seen = run_module(id=first["id"], home=str(home), state="finished")
    assert (seen["finished"], seen["complete"], seen["reason"]) == (True, False, None)
    assert run_module(id=first["id"], home=str(home))["changed"] is False


def test_absent_stops_it_and_leaves_nothing(home: Path) -> None:
    before = tree(home)
    first = started(home)
    gone = run_module(id=first["id"], home=str(home), state="absent")
    assert (gone["changed"], gone["running"], gone["finished"]) == (True, False, False)
    assert tree(home) == before
    assert run_module(id=first["id"], home=str(home), state="absent")["changed"] is False


def test_cleared_takes_what_is_known_and_leaves_what_others_put_there(home: Path) -> None:
    (home / "receiver-ca.pem").write_text("PEM")
    (home / ".pcc.4711").write_text("half of it")
    for name in ("mine.txt", "collections/notes/mine.txt", "spool/mine.txt"):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text("mine")
    first = started(home, duration="100ms")
    run_module(id=first["id"], home=str(home), state="finished")
    there = tree(home)
    kept = run_module(home=str(home), state="cleared")
    assert (kept["changed"], kept["collections"]) == (False, [first["id"]])
    assert tree(home) == there
    assert run_module(home=str(home), state="absent")["collections"] == [first["id"]]
    assert run_module(home=str(home), state="cleared", check=True)["changed"] is True
    assert (home / "pcc").exists()
    assert run_module(home=str(home), state="cleared")["changed"] is True
    files = {str(path.relative_to(home)) for path in home.rglob("*") if path.is_file()}
    assert files == {"mine.txt", "collections/notes/mine.txt", "spool/mine.txt"}
    again = run_module(home=str(home), state="cleared")
    assert (again["changed"], again["collections"]) == (False, [])


@pytest.mark.parametrize("state", ["stopped", "absent"])
def test_without_an_id_all_of_this_home_are_meant(state: str, home: Path, tmp_path: Path) -> None:
    both = {started(home)["id"], started(home)["id"]}
    elsewhere = tmp_path / "elsewhere"
    with stopped_afterwards(elsewhere):
        other = started(elsewhere, program=str(home / "pcc"))
        result = run_module(home=str(home), state=state)
        assert (result["changed"], set(result["collections"])) == (True, both)
        for each in both:
            seen = run_module(id=each, home=str(home), state="finished", timeout=0)
            assert (seen["running"], seen["finished"]) == (False, state == "stopped")
        assert run_module(id=other["id"], home=str(elsewhere), state="finished", timeout=0)["running"] is True
        again = run_module(home=str(home), state=state)
        assert (again["changed"], again["collections"]) == (False, [])


def test_check_mode_says_what_would_change_and_changes_nothing(home: Path) -> None:
    before = tree(home)
    assert run_module(check=True, id=str(uuid4()), home=str(home))["changed"] is True
    assert tree(home) == before
    first = started(home)
    for state, changed in (("started", False), ("finished", False), ("stopped", True), ("absent", True)):
        assert run_module(check=True, id=first["id"], home=str(home), state=state)["changed"] is changed, state
        assert run_module(id=first["id"], home=str(home), state="finished", timeout=0)["running"] is True


def test_a_start_that_came_to_nothing_is_started_anew(home: Path) -> None:
    identity = str(uuid4())
    folder = home / "collections" / identity
    folder.mkdir(parents=True)
    (folder / "collection.json").write_bytes(b"")
    result = run_module(id=identity, home=str(home), frequency="50ms")
    assert (result["changed"], result["running"]) == (True, True)


@pytest.mark.parametrize("damaged", [b"", b"{}\n", b'{"timestamp": 1, "subsys'])
def test_a_recording_whose_first_line_is_damaged_is_not_sampled_over(damaged: bytes, home: Path) -> None:
    first = started(home, duration="200ms")
    run_module(id=first["id"], home=str(home), state="finished")
    recording = Path(first["collection"])
    _, *rest = recording.read_bytes().splitlines(keepends=True)
    recording.write_bytes(damaged + b"".join(rest))
    again = run_module(id=first["id"], home=str(home))
    assert (again["changed"], again["finished"], again["started_at"]) == (False, True, None)
    assert recording.read_bytes() == damaged + b"".join(rest)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"id": "42"}, "bad value for id: '42' (try the output of uuidgen)"),
        ({"frequency": "5x"}, "pcc: bad value for --frequency: '5x' (try 5s)"),
        ({"duration": "1s", "frequency": "5s"}, "pcc: bad value for --duration: '1s' is shorter than the frequency"),
        ({"labels": {"a": "x,y"}}, "bad label 'a': 'x,y' (no commas, and no '=' in keys)"),
        ({"labels": {"a=b": "x"}}, "bad label 'a=b': 'x'"),
        ({"program": "/nowhere/pcc"}, "no collector at /nowhere/pcc (put it there with the role perfops.perfops.pcc)"),
        ({"home": "/proc/nowhere", "program": str(MODULE)}, "cannot start"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(options: dict[str, Any], text: str, home: Path) -> None:
    before = tree(home)
    result = run_module(**({"id": str(uuid4()), "home": str(home)} | options))
    assert result["failed"] is True
    assert result["msg"].startswith(text)
    assert "\n" not in result["msg"]
    assert tree(home) == before


def test_variables_of_the_sampler_that_lie_around_do_not_count(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PCC_FREQUENCY", "9s")
    monkeypatch.setenv("PCC_LABELS", "stray=1")
    host = read_host(Path(started(home)["collection"]))
    assert (host["frequency"], host["labels"]) == (0.05, {})


CANARY = "canary-key"  # what the receiver of these tests takes
STREAM: dict[str, Any] = {"mode": "trickle", "apikey": CANARY, "batch": "200ms", "flush": "0s"}


def test_trickle_sends_meanwhile_and_is_followed_like_any_other(home: Path) -> None:
    with receiving() as receiver:
        first = started(home, **STREAM | {"server": f"127.0.0.1:{receiver.port}", "duration": "1s", "flush": "20s"})
        assert (first["mode"], first["running"], first["sent"]) == ("trickle", True, None)
        ended = run_module(id=first["id"], home=str(home), state="finished", timeout=30)
        assert (ended["finished"], ended["complete"], ended["reason"]) == (True, True, "duration")
        assert ended["ticks"] + ended["missed"] == 21
        assert (ended["sent"], ended["lost"], ended["left"]) == (ended["ticks"], 0, [])
        assert set(receiver.commits) == {first["id"]}
        assert len(receiver.batches) > 1
        assert len(receiver.committed.ticks) == ended["ticks"]
    assert [record["subsystem"] for record in read(Path(ended["collection"]))] == ["host", "end"]
    assert not (home / "spool").exists() or not list((home / "spool").iterdir())
    assert run_module(id=first["id"], home=str(home), **STREAM, server="127.0.0.1:1")["changed"] is False


def test_what_could_not_be_sent_is_named_and_is_a_collection(home: Path) -> None:
    first = started(home, **STREAM, server=f"127.0.0.1:{free_port()}", duration="1s")
    ended = run_module(id=first["id"], home=str(home), state="finished", timeout=30)
    assert (ended["complete"], ended["sent"], ended["lost"]) == (True, 0, 0)
    assert ended["left"] == sorted(ended["left"])
    files = [Path(path) for path in ended["left"]]
    assert len(files) > 1
    stamps = {record["timestamp"] for file in files for record in read(file) if record["subsystem"] == "/proc/stat"}
    assert len(stamps) == ended["ticks"]
    assert read(files[-1])[-1]["subsystem"] == "end"


@pytest.mark.parametrize("named", [True, False], ids=["by its id", "all"])
def test_absent_takes_what_was_not_sent_along(named: bool, home: Path) -> None:
    before = tree(home)
    first = started(home, **STREAM, server=f"127.0.0.1:{free_port()}")
    wait_for("a segment", lambda: list((home / "spool" / first["id"]).glob("*.json")))
    run_module(**({"id": first["id"]} if named else {}), home=str(home), state="absent", check=True)
    assert (home / "spool" / first["id"]).is_dir()
    assert run_module(**({"id": first["id"]} if named else {}), home=str(home), state="absent")["changed"] is True
    assert tree(home) == before


def test_a_spool_alone_counts_as_a_collection(home: Path) -> None:
    identity = str(uuid4())
    (home / "spool" / identity).mkdir(parents=True)
    assert run_module(home=str(home), state="absent", check=True)["collections"] == [identity]
    assert run_module(home=str(home), state="absent")["collections"] == [identity]
    assert not (home / "spool").exists()


def test_the_key_is_in_no_process_list_no_file_and_no_answer(home: Path) -> None:
    first = started(home, **STREAM, server=f"127.0.0.1:{free_port()}")
    wait_for("a segment", lambda: list((home / "spool" / first["id"]).glob("*.json")))
    process = Path(f"/proc/{first['pid']}")
    assert CANARY.encode() not in (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
    seen = run_module(id=first["id"], home=str(home), **STREAM, server="127.0.0.1:1")
    failed = run_module(id=str(uuid4()), home=str(home), **STREAM | {"batch": CANARY}, server="127.0.0.1:1")
    assert failed["failed"] is True
    assert CANARY not in json.dumps([first, seen, failed])
    for path in filter(Path.is_file, home.rglob("*")):
        assert CANARY.encode() not in path.read_bytes(), path


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"server": "127.0.0.1:1", "apikey": None}, "mode trickle needs apikey (give the receiver's address and a key"),
        ({"apikey": "key"}, "mode trickle needs server"),
        ({"server": "127.0.0.1:1", "batch": "5x"}, "pcc: bad value for --batch: '5x' (try 10s)"),
        ({"server": "127.0.0.1:1", "spool_max": "9"}, "pcc: bad value for --spool-max: '9'"),
        ({"server": "127.0.0.1:1", "cafile": "/nowhere.pem"}, "pcc: cannot read --cafile /nowhere.pem"),
    ],
)
def test_what_trickle_needs_is_said_and_nothing_is_left(options: dict[str, Any], text: str, home: Path) -> None:
    before = tree(home)
    result = run_module(**({"id": str(uuid4()), "home": str(home)} | STREAM | options))
    assert result["failed"] is True
    assert result["msg"].startswith(text)
    assert tree(home) == before


TYPES = {"str": str, "int": int, "bool": bool, "float": float, "list": list}


def test_it_returns_what_it_documents(home: Path) -> None:
    documented = yaml.safe_load(module_source()["RETURN"])
    documented = {
        name: entry for name, entry in documented.items() if not entry["returned"].startswith("by the action")
    }
    one = {name for name, entry in documented.items() if entry["returned"] == "with O(id)"}
    first = started(home, duration="100ms")
    local = run_module(id=first["id"], home=str(home), state="finished")
    assert (local["mode"], local["sent"], local["lost"], local["left"]) == ("local", None, None, [])
    streamed = started(home, **STREAM, server=f"127.0.0.1:{free_port()}", duration="100ms")
    ended = run_module(id=streamed["id"], home=str(home), state="finished")
    for result in (first, local, ended, run_module(id=str(uuid4()), home=str(home), state="stopped")):
        assert result.keys() - {"changed", "invocation"} == one
        for name in one:
            kind = TYPES[documented[name]["type"]]
            assert result[name] is None or type(result[name]) in {kind, *([int] if kind is float else [])}, name
    for name in one - {"pid"}:
        assert ended[name] is not None, name
    every = run_module(home=str(home), state="absent")
    assert every.keys() - {"changed", "invocation"} == documented.keys() - one


def module_source() -> dict[str, Any]:
    """The names at the top of the module."""
    code = "import json; from ansible_collections.perfops.perfops.plugins.modules import pcc as m; "
    code += "print(json.dumps({n: getattr(m, n) for n in ('DOCUMENTATION', 'EXAMPLES', 'RETURN', 'OPTIONS')}))"
    environment = os.environ | {"PYTHONPATH": str(COLLECTIONS)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_documented_options_are_those_of_the_code() -> None:
    source = module_source()
    documented = yaml.safe_load(source["DOCUMENTATION"])["options"]
    for entry in documented.values():
        del entry["description"]
    secret = {name for name, entry in source["OPTIONS"].items() if entry.pop("no_log", False)}
    assert documented == source["OPTIONS"]
    assert secret == {"apikey", "program_content", "certificates"}


def test_the_examples_are_tasks_of_this_module_with_its_options() -> None:
    source = module_source()
    for task in yaml.safe_load(source["EXAMPLES"]):
        assert task["perfops.perfops.pcc"].keys() <= source["OPTIONS"].keys()


def test_it_is_in_the_collections_documentation() -> None:
    program = Path(sys.executable).with_name("ansible-doc")
    done = subprocess.run([program, "-j", "perfops.perfops.pcc"], cwd=ROOT, check=True, capture_output=True, text=True)
    doc = json.loads(done.stdout)["perfops.perfops.pcc"]["doc"]
    assert doc["short_description"] == "Sample /proc of a machine with perfops' collector"


@pytest.mark.parametrize(
    "path", [MODULE, *sorted((ROOT / "plugins" / "module_utils").glob("*.py"))], ids=lambda p: p.stem
)
def test_its_files_are_for_python_3_8(path: Path) -> None:
    python = interpreters().get("3.8")
    if python is None:
        pytest.skip("no Python 3.8 on this machine")
    code = "import ast, sys; ast.parse(open(sys.argv[1], encoding='utf-8').read())"
    subprocess.run([python, "-c", code, path], check=True)
