"""What the controller makes of what a machine says: clocks, outcomes, pieces; and that its plugins are documented."""

import base64
import gzip
import json
import os
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import pytest
import yaml
from fix_module import COLLECTIONS, ROOT, run_module
from fix_pcc import interpreters

CALL = """
import json, sys
from dataclasses import asdict
from pathlib import Path
from ansible_collections.perfops.perfops.plugins.plugin_utils import clock, journal, outcomes, parts
print(json.dumps(eval(sys.stdin.read())))
"""
ENDED: dict[str, Any] = {
    "running": False, "finished": True, "complete": True, "restarted": False, "reason": "duration", "ticks": 11,
    "missed": 0, "duration": 10.0, "frequency": 1.0, "refused": 0, "lost": 0, "said": "pcc: 11 ticks", "total": 99,
}  # fmt: skip

CUT: dict[str, Any] = {"complete": False, "ticks": None}


def evaluate(text: str) -> Any:
    """The value of an expression with the controller's modules in it."""
    done = subprocess.run(
        [sys.executable, "-c", CALL],
        input=text,
        env=os.environ | {"PYTHONPATH": str(COLLECTIONS)},
        check=True,
        capture_output=True,
        text=True,
    )
    return json.loads(done.stdout)


def test_the_closest_call_bounds_a_clock() -> None:
    bounds = "clock.Bounds().narrowed(100, 110, [405, 406])"
    assert evaluate(f"asdict({bounds})") == {"least": 296, "most": 305}
    assert evaluate(f"asdict({bounds}.narrowed(200, 201, [500.5, 500.5]))") == {"least": 299.5, "most": 300.5}
    assert evaluate(f"[{bounds}.narrowed(200, 201, [500.5, 500.5]).offset, {bounds}.offset]") == [300.0, 300.5]
    assert evaluate("clock.Bounds().narrowed(100, 110, [101, 109]).offset") == 0
    # One that was set between two calls: the later call counts, and what was known at the start for the start.
    assert evaluate(f"asdict({bounds}.narrowed(200, 201, [200.5, 200.5]))") == {"least": -0.5, "most": 0.5}
    assert evaluate("clock.Bounds(-0.5, 0.5).together([299, 301]).offset") == 300


@pytest.mark.parametrize(
    ("facts", "mode", "state", "gaps", "reason"),
    [
        ({}, "local", "complete", 0, ""),
        ({"reason": "SIGTERM", "missed": 2}, "local", "partial", 2, "ended early: SIGTERM"),
        ({"reason": "max-bytes"}, "local", "partial", 0, "ended early: max-bytes"),
        (CUT | {"samples": 4}, "local", "partial", 7, "cut short: the collector was killed"),
        (CUT | {"restarted": True}, "trickle", "partial", 0, "cut short: the machine was started anew"),
        (CUT | {"kept": ["x"]}, "trickle", "partial", 0, "cut short: the collector was killed; what was refused"),
        ({"refused": 3, "lost": 3}, "trickle", "partial", 0, "the receiver has refused 3 samples"),
        ({"lost": 5}, "trickle", "partial", 0, "5 samples found no room in its spool"),
        ({"left": ["x"], "sent": 4, "ticks": 11}, "trickle", "complete", 0, "7 of 11 samples did not reach"),
        ({"left": ["x"], "sent": 11, "ticks": 11}, "trickle", "complete", 0, ""),
        ({"running": True, "finished": False}, "local", "lost", 0, "it still samples after its time"),
        ({"finished": False}, "local", "lost", 0, "nothing of it is on the machine"),
    ],
)  # fmt: skip
def test_the_outcome_of_a_machine(facts: dict[str, Any], mode: str, state: str, gaps: int, reason: str) -> None:
    found = evaluate(f"outcomes.outcome({ENDED | facts!r}, {mode!r})")
    assert (found["state"], found["gaps"]) == (state, gaps)
    assert found["reason"].startswith(reason)
    assert bool(found["reason"]) == bool(reason)


def test_what_was_refused_before_a_kill_stays_on_the_machine(tmp_path: Path) -> None:
    identity = "0b6c54b5-6d1e-4d1c-9d2a-0a6f3b7f4c11"
    spool = tmp_path / "spool" / identity
    (spool / "quarantine").mkdir(parents=True)
    for name in ("00000007.json", "00000006.full", "quarantine/00000003.json", "quarantine/00000003.reason"):
        (spool / name).touch()
    facts = run_module(id=identity, state="finished", home=str(tmp_path), timeout=0)
    assert facts["kept"] == [str(spool / name) for name in ("quarantine/00000003.json", "00000006.full")]
    cut = ENDED | CUT | {"refused": None}
    for kept in (facts["kept"], []):
        assert evaluate(f"outcomes.outcome({cut | {'kept': kept}!r}, 'trickle')['keep_there']") == bool(kept)


def test_a_machine_that_begins_later_than_its_run_is_late(tmp_path: Path) -> None:
    """The first start of a run stays its start, also when the run is gone on with."""
    (tmp_path / "run.json").write_text(json.dumps({"run": "r", "hosts": {}}))
    text = f"[journal.first_start(Path({str(tmp_path)!r}), each) for each in (None, 100.0, 160.0, None)]"
    assert evaluate(text) == [None, 100.0, 100.0, 100.0]
    assert json.loads((tmp_path / "run.json").read_text()) == {"run": "r", "hosts": {}, "start_at": 100.0}
    assert evaluate("[outcomes.with_remarks('', 0.0, late) for late in (1.0, 60.0)]") == ["", "began 60.0 s late"]


def test_a_signal_is_an_end_in_order_where_the_run_was_ended() -> None:
    """Also a machine that is shut down sends one."""
    facts = ENDED | {"reason": "SIGTERM"}
    assert evaluate(f"[outcomes.outcome({facts!r}, 'local', asked=each)['state'] for each in (True, False)]") == [
        "complete",
        "partial",
    ]


def test_no_recording_takes_the_place_of_another(tmp_path: Path) -> None:
    for name in ("collection.json", "collection.json.gz"):
        (tmp_path / name).write_text("first")
        (tmp_path / ".arriving").write_text("second")
        folder = f"Path({str(tmp_path)!r})"
        assert evaluate(f"parts.at_home({folder}, 'local').name") == name
        with pytest.raises(subprocess.CalledProcessError) as refused:
            evaluate(f"str(parts.settle({folder} / '.arriving', {folder}, 'local'))")
        assert "it is there already, and stays" in refused.value.stderr
        assert (tmp_path / name).read_text() == "first"
        (tmp_path / name).unlink()
    assert evaluate(f"parts.settle({folder} / '.arriving', {folder}, 'local').name") == "collection.json"


@pytest.mark.parametrize("packed", [False, True])
def test_a_recording_says_itself_how_it_came_out(tmp_path: Path, packed: bool) -> None:
    lines = [
        {"timestamp": 100.0, "subsystem": "host", "measurement": json.dumps({"duration": 10.0, "frequency": 1.0})},
        {"timestamp": 110.0, "subsystem": "end", "measurement": json.dumps(ENDED)},
    ]
    content = "".join(json.dumps(line) + "\n" for line in lines).encode()
    path = tmp_path / ("collection.json" + ".gz" * packed)
    path.write_bytes(gzip.compress(content) if packed else content)
    found = evaluate(f"outcomes.at_home(p := Path({str(path)!r}), *outcomes.ends_of(p), 'local')")
    assert (found["state"], found["samples"], found["bytes"]) == ("complete", 11, path.stat().st_size)
    path.write_bytes(path.read_bytes()[:-30])
    assert evaluate(f"outcomes.at_home(p := Path({str(path)!r}), *outcomes.ends_of(p), 'local')")["state"] == "partial"


def test_a_piece_that_does_not_follow_what_is_there_begins_anew(tmp_path: Path) -> None:
    pieces = [base64.b64encode(zlib.compress(text)).decode() for text in (b"one", b"two")]
    text = f"[part.add(0, {pieces[0]!r}), part.add(3, {pieces[1]!r}), part.size, part.add(0, {pieces[1]!r}), part.size]"
    place = tmp_path / "part"
    assert evaluate(f"(lambda part: {text})(parts.Part(Path({str(place)!r})))")[2::2] == [6, 3]
    assert place.read_bytes() == b"two"


@pytest.mark.parametrize("name", ["pcc", "pcc_fetch", "wait", "outcome", "open_run", "controller_command", "examine"])
def test_they_are_in_the_collections_documentation(name: str) -> None:
    program = Path(sys.executable).with_name("ansible-doc")
    line = [program, "-j", f"perfops.perfops.{name}"]
    done = subprocess.run(line, cwd=ROOT, check=True, capture_output=True, text=True)
    doc = json.loads(done.stdout)[f"perfops.perfops.{name}"]
    assert doc["doc"]["short_description"]
    assert doc["examples"]
    assert doc["return"]


def test_the_documented_options_of_pcc_fetch_are_those_of_the_code() -> None:
    code = "import json; from ansible_collections.perfops.perfops.plugins.modules import pcc_fetch as m; "
    code += "print(json.dumps([m.DOCUMENTATION, m.OPTIONS]))"
    environment = os.environ | {"PYTHONPATH": str(COLLECTIONS)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True, text=True)
    text, options = json.loads(done.stdout)
    documented = yaml.safe_load(text)["options"]
    for entry in documented.values():
        del entry["description"]
    assert documented == options


def test_pcc_fetch_is_for_python_3_8() -> None:
    python = interpreters().get("3.8")
    if python is None:
        pytest.skip("no Python 3.8 on this machine")
    code = "import ast, sys; ast.parse(open(sys.argv[1], encoding='utf-8').read())"
    subprocess.run([python, "-c", code, ROOT / "plugins" / "modules" / "pcc_fetch.py"], check=True)
