"""The callback that writes the plays of somebody's load test as phases, in a real ansible-playbook."""

import json
import os
import signal
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from fix_command import perfops, succeeded
from fix_pcc import wait_for
from fix_playbook import ROOT

LOAD_TEST = """
- name: Warm up
  hosts: localhost
  gather_facts: false
  vars: {user: me}
  tasks:
    - {ansible.builtin.debug: {msg: hello}, changed_when: true, notify: Say goodbye}
    - {name: Named, ansible.builtin.debug: {msg: hello}, vars: {perfops_phase: "steady, {{ user }}"}}
    - {name: Not named, ansible.builtin.debug: {msg: hello}}
    - name: Loads
      ansible.builtin.include_tasks: load.yml
      loop: [50, 100]
      vars: {perfops_phase: "load {{ item }} %"}
    - vars: {perfops_phase: ""}
      block:
        - {name: In no phase, ansible.builtin.debug: {msg: hello}}
  handlers:
    - {name: Say goodbye, ansible.builtin.debug: {msg: goodbye}, vars: {perfops_phase: goodbye}}
- name: Cool down
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Last
      ansible.builtin.command: sleep {{ seconds | default(0) }}
      changed_when: false
"""
NAMES = ["Warm up", "steady, me", "load 50 %", "load 100 %", "goodbye", "Cool down"]
LOAD = "- {name: One, ansible.builtin.debug: {msg: x}}\n- {name: Two, ansible.builtin.debug: {msg: x}}\n"


@pytest.fixture
def playbook(tmp_path: Path) -> Path:
    """A load test."""
    (tmp_path / "load.yml").write_text(LOAD)
    (tmp_path / "test.yml").write_text(LOAD_TEST)
    return tmp_path / "test.yml"


def started(playbook: Path, url: str, *options: str, run: str = "nightly") -> subprocess.Popen[str]:
    """The load test with the callback."""
    variables = {
        "ANSIBLE_CALLBACKS_ENABLED": "perfops.perfops.phases",
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".collections"),
        "ANSIBLE_NOCOLOR": "1",
        "PERFOPS_DATABASE_URL": url,
        "PERFOPS_RUN": run,
    }
    line = [str(Path(sys.executable).with_name("ansible-playbook")), str(playbook), "-i", "localhost,", "-c", "local"]
    return subprocess.Popen(
        [*line, "-e", f"ansible_python_interpreter={sys.executable}", *options],
        env=os.environ | variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=playbook.parent,
        start_new_session=True,
    )


def phases(url: str) -> list[dict[str, str]]:
    """What is written of the run."""
    found: list[dict[str, str]] = json.loads(succeeded(perfops("phase", "nightly", "--json", "--db", url)))
    return found


def test_plays_and_named_tasks_are_phases_that_follow_each_other(playbook: Path, database: str) -> None:
    running = started(playbook, database)
    told, _ = running.communicate(timeout=120)
    assert running.returncode == 0, told
    assert "[WARNING]: perfops" not in told
    found = phases(database)
    assert [each["phase"] for each in found] == NAMES
    assert all(each["start"] < each["end"] for each in found)
    joined = [one["end"] == two["start"] for one, two in pairwise(found)]
    assert joined == [True, True, True, False, True]  # the block in no phase stands before the handler


def test_a_playbook_that_is_stopped_has_ended_its_phase(playbook: Path, database: str) -> None:
    with started(playbook, database, "-e", "seconds=300") as running:
        try:
            wait_for("the last phase", lambda: phases(database)[-1:] and phases(database)[-1]["phase"] == "Cool down")
            os.killpg(running.pid, signal.SIGINT)
            running.communicate(timeout=60)
        finally:
            if running.poll() is None:
                os.killpg(running.pid, signal.SIGKILL)
    assert phases(database)[-1]["end"] is not None


@pytest.mark.parametrize(
    ("url", "run", "why"),
    [("postgresql://127.0.0.1:1/x", "nightly", "Connection refused"), ("", "", "no run is named (set PERFOPS_RUN)")],
)
def test_a_load_test_is_not_harmed_by_what_is_missing(playbook: Path, url: str, run: str, why: str) -> None:
    running = started(playbook, url, run=run)
    told, _ = running.communicate(timeout=120)
    assert running.returncode == 0, told
    assert told.count("[WARNING]: perfops: the phases of this playbook are not all written") == 1
    assert why in " ".join(told.split())
