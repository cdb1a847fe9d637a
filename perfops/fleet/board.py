"""Where each machine of a run stands, from the events of Ansible."""

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MODULE = "perfops.perfops.pcc"
STAGES = {  # file of a task -> what is done there
    "open": "opening",
    "preflight": "checking",
    "install": "installing",
    "run": "starting",
    "fetch": "fetching",
    "leftovers": "fetching",
    "process": "processing",
    "load": "loading",
    "verify": "verifying",
    "report": "reporting",
    "stop": "stopping",
    "clean": "cleaning",
}
ALL = ("verifying", "reporting")  # done once, for all machines
SAMPLING = "sampling"
KEPT = 400  # lines of what Ansible said beside its tasks


@dataclass(slots=True)
class Machine:
    """A machine: `state` is going, done, failed or unreachable; `note` how far it is; `ends` by the board's clock."""

    name: str
    stage: str = "waiting"
    state: str = "going"
    message: str = ""
    note: str = ""
    began: float | None = None
    ends: float | None = None


@dataclass(slots=True)
class Board:
    """The machines of a run by name, its folder as soon as it is known, and the last words of Ansible itself."""

    run: str | None = None
    machines: dict[str, Machine] = field(default_factory=dict)
    folder: Path | None = None
    said: deque[str] = field(default_factory=lambda: deque(maxlen=KEPT))
    clock: Callable[[], float] = time.monotonic

    def hear(self, event: Mapping[str, Any]) -> None:
        """Take an event in."""
        data = event.get("event_data") or {}
        kind, host = event.get("event", ""), data.get("host")
        stage = STAGES.get(Path(str(data.get("task_path", "")).rpartition(":")[0]).stem)
        if kind == "playbook_on_task_start" and stage in ALL:
            for machine in self.going():
                machine.stage = stage or machine.stage
        elif kind == "playbook_on_stats":
            self.close(data)
        elif kind in ("error", "verbose", "warning"):
            self.said.extend(filter(str.strip, str(event.get("stdout", "")).splitlines()))
        elif host and kind.startswith("runner_on_"):
            self.advance(self.machines.setdefault(host, Machine(host)), kind, stage, data)

    def advance(self, machine: Machine, kind: str, stage: str | None, data: Mapping[str, Any]) -> None:
        """A task begins or has ended on a machine."""
        result = data.get("res") or {}
        if kind == "runner_on_start":
            if stage and not (machine.stage == SAMPLING and stage == "starting"):
                machine.stage = stage
        elif kind == "runner_on_failed" and not data.get("ignore_errors"):
            machine.state, machine.message = "failed", words(result)
            return
        elif kind == "runner_on_unreachable":
            machine.state, machine.message = "unreachable", words(result)
            return
        machine.state, machine.message = "going", ""
        if kind == "runner_on_ok":
            self.learn(machine, data, result)

    def learn(self, machine: Machine, data: Mapping[str, Any], result: Mapping[str, Any]) -> None:
        """What a result tells: that a machine samples, and where the run's folder is."""
        if data.get("task_action") == MODULE and result.get("running") and result.get("duration"):
            since = time.time() - (result.get("started_at") or 0)  # by two clocks: believed where it can be
            since = since if 0 <= since <= result["duration"] else 0.0
            machine.stage = SAMPLING
            machine.began = self.clock() - since
            machine.ends = machine.began + result["duration"]
        for name in ("dest", "path"):
            path = Path(str(result.get(name, "")))
            if self.run and path.name == "run.json" and path.parent.name == self.run:
                self.folder = path.parent

    def close(self, data: Mapping[str, Any]) -> None:
        """The end: who has failed is in the counts."""
        for name in data.get("processed", {}):
            machine = self.machines.setdefault(name, Machine(name))
            if name in data.get("dark", {}):
                machine.state = "unreachable"
            elif name in data.get("failures", {}):
                machine.state = "failed"
            else:
                machine.state, machine.stage = "done", "done"

    def going(self) -> list[Machine]:
        """Machines that have not failed and are not done."""
        return [machine for machine in self.machines.values() if machine.state == "going"]

    def lost(self) -> list[Machine]:
        """Machines that have failed or could not be reached."""
        return [machine for machine in self.machines.values() if machine.state in ("failed", "unreachable")]


def words(result: Mapping[str, Any]) -> str:
    """Why a task has failed, in one line."""
    told = result.get("msg") or result.get("stderr") or result.get("module_stderr") or "no reason given"
    return " ".join(str(told).split())
