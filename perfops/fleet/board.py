"""Where each machine of a run stands, from the events of Ansible."""

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MODULE = "perfops.perfops.pcc"
WAIT = "perfops.perfops.wait"
OPEN = "perfops.perfops.open_run"
LOOKING = "Look for machines"  # a play on this machine, which is none of those under test
STAGES = {  # file of a task -> what is done there
    "open": "opening",
    "find": "opening",
    "preflight": "checking",
    "receiver": "checking",
    "pack": "installing",
    "install": "installing",
    "start": "starting",
    "fetch": "fetching",
    "process": "processing",
    "load": "loading",
    "verify": "verifying",
    "report": "reporting",
    "stop": "stopping",
    "clean": "cleaning",
}
SAMPLING = "sampling"
KEPT = 400  # lines of what Ansible said beside its tasks


@dataclass(slots=True)
class Machine:
    """A machine: `state` is going, done, lost, failed or unreachable; `ends` by the board's clock."""

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
    single: bool = False  # whether it is of one machine, and that is known
    machines: dict[str, Machine] = field(default_factory=dict)
    folder: Path | None = None
    said: deque[str] = field(default_factory=lambda: deque(maxlen=KEPT))
    clock: Callable[[], float] = time.monotonic

    def hear(self, event: Mapping[str, Any]) -> None:
        """Take an event in."""
        data = event.get("event_data") or {}
        kind, host = event.get("event", ""), data.get("host")
        if kind == "playbook_on_task_start":
            self.turn(data)
        elif kind == "playbook_on_stats":
            self.close(data)
        elif kind in ("error", "verbose", "warning"):
            self.said.extend(filter(str.strip, str(event.get("stdout", "")).splitlines()))
        elif data.get("play") == LOOKING:
            if kind == "runner_on_failed":
                self.said.append(f"error: {words(data.get('res') or {})}")
        elif host and kind.startswith("runner_on_"):
            self.advance(self.machines.setdefault(host, Machine(host)), kind, data)

    def turn(self, data: Mapping[str, Any]) -> None:
        """Ansible turns to a task: all machines that are still there do it, or have one do it for all."""
        stage = STAGES.get(Path(str(data.get("task_path", "")).rpartition(":")[0]).stem)
        if data.get("task_action") == WAIT:
            stage = SAMPLING
        for machine in self.going():
            machine.stage = stage or machine.stage

    def advance(self, machine: Machine, kind: str, data: Mapping[str, Any]) -> None:
        """A task begins or has ended on a machine."""
        result = data.get("res") or {}
        if kind in ("runner_on_failed", "runner_on_unreachable") and not data.get("ignore_errors"):
            machine.state = kind.rpartition("_")[2]
            machine.message = words(result)
        elif result.get("lost"):  # the others go on, and so does this one, as far as it can; the first reason counts
            machine.message = machine.message if machine.state == "lost" else words(result)
            machine.state = "lost"
        elif machine.state != "lost" or result.get("running") or result.get("path"):
            machine.state, machine.message = "going", ""
        if kind == "runner_on_ok":
            self.learn(machine, data, result)

    def learn(self, machine: Machine, data: Mapping[str, Any], result: Mapping[str, Any]) -> None:
        """What a result tells: that a machine samples, and where the run's folder is."""
        if data.get("task_action") == MODULE and result.get("running") and "remaining" in result:
            machine.ends = self.clock() + result["remaining"]
            machine.began = machine.ends - (result.get("duration") or result["remaining"])
        folder = Path(str(result.get("folder", "")))
        if data.get("task_action") == OPEN and self.run and folder.name == self.run:
            self.folder = folder

    def close(self, data: Mapping[str, Any]) -> None:
        """The end: who has failed is in the counts."""
        for machine in self.all():
            if machine.name in data.get("dark", {}):
                machine.state = "unreachable"
            elif machine.name in data.get("failures", {}):
                machine.state = "failed"
            else:
                machine.state, machine.stage, machine.message = "done", "done", ""

    def all(self) -> list[Machine]:
        """The machines that are known by now; others may be heard of meanwhile."""
        return list(self.machines.values())

    def going(self) -> list[Machine]:
        """Machines that have not failed and are not done."""
        return [machine for machine in self.all() if machine.state == "going"]

    def lost(self) -> list[Machine]:
        """Machines that have failed, could not be reached, or of which not all is home."""
        return [machine for machine in self.all() if machine.state not in ("going", "done")]


def words(result: Mapping[str, Any]) -> str:
    """Why a task has failed, in one line."""
    told = result.get("msg") or result.get("stderr") or result.get("module_stderr") or "no reason given"
    return " ".join(str(told).split())
