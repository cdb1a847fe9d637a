"""What the actions on a machine of a run share: calls whose times bound its clock, and troubles that are noted."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.perfops.perfops.plugins.plugin_utils import journal, troubles
from ansible_collections.perfops.perfops.plugins.plugin_utils.clock import Bounds

display = Display()
SSH = 22  # where nothing is said


class MachineAction(ActionBase):
    """An action on one machine; with a journal a trouble is noted there and is no failure of the task."""

    TRANSFERS_FILES = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Do what act() does, and note what went wrong."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        self.variables = task_vars or {}
        self.bounds = Bounds()
        self.args = dict(self._task.args)
        place = self.args.pop("journal", None)
        self.journal = Path(place) if place and not self._task.check_mode else None
        self.tolerant = self.journal is not None
        unreachable = False
        try:
            done = self.act()
        except AnsibleConnectionFailure as error:
            unreachable = True
            done = {"failed": True, "msg": troubles.of_connection(str(error), self.address, self.user)}
        except OSError as error:
            done = {"failed": True, "msg": troubles.of_file(error)}
        if done.get("failed"):
            done = self.failed(done, unreachable)
        return result | done

    def act(self) -> dict[str, Any]:
        """What is to be done; the result."""
        raise NotImplementedError

    def failed(self, done: dict[str, Any], unreachable: bool) -> dict[str, Any]:
        """The result of a trouble: with a journal it is noted, for the table and the verdict at the end of the run."""
        if unreachable:
            done = done | {"unreachable": True, "failed": False}
        if not self.tolerant or self.journal is None:
            return done
        try:
            journal.note(self.journal, state="lost", reason=done["msg"], unreachable=unreachable)
        except OSError:
            return done
        display.warning(f"{self.name}: {done['msg']}")
        return {"changed": False, "lost": True, "msg": done["msg"]} | {
            key: done[key] for key in ("ansible_facts",) if key in done
        }

    def place(self) -> dict[str, Any]:
        """How this machine is reached, by which another one of its name is told from it."""
        context = self._play_context
        return {"host": context.remote_addr, "port": context.port or SSH, "user": context.remote_user}

    def other(self, known: dict[str, Any]) -> str:
        """Why what is noted is of another machine of this name, '' where it is of this one; a user may be another."""
        noted, here = known.get("address"), self.place()
        if not noted or all(noted.get(part) == here[part] for part in ("host", "port")):
            return ""
        return (
            f"the run knows {self.name} as {noted.get('host')} port {noted.get('port')}, and now it is {here['host']}"
            f" port {here['port']} (take another run name; if it is the same one, remove address from {self.journal})"
        )

    def note(self, **values: Any) -> None:
        """Note values in the journal, where there is one."""
        if self.journal is not None:
            journal.note(self.journal, **values)

    def call(self, module: str, **args: Any) -> dict[str, Any]:
        """Run a module there; a failure that is Ansible's own is told as a user can act on it."""
        sent = time.time()
        done: dict[str, Any] = self._execute_module(
            module_name=f"perfops.perfops.{module}", module_args=args, task_vars=self.variables
        )
        if "clock" in done:
            self.bounds = self.bounds.narrowed(sent, time.time(), done["clock"])
        elif done.get("failed") and ("module_stdout" in done or "minimum of Python" in str(done.get("msg"))):
            done["msg"] = self.why_no_module(done)
        return done

    def look_at_clock(self) -> None:
        """Ask for its time alone: that is quicker than any module, and so says it closer."""
        sent = time.time()
        asked = self._low_level_execute_command(f"{self.python} -c 'import time; print(time.time())'")
        if asked["rc"] == 0:
            moment = float(asked["stdout"].split()[-1])
            self.bounds = self.bounds.narrowed(sent, time.time(), [moment, moment])

    def why_no_module(self, done: dict[str, Any]) -> str:
        """Why a module did not run at all: most often there is no Python for it."""
        command = f"{self.python} -c 'import sys; print(\"%d.%d.%d\" % sys.version_info[:3])'"
        try:
            asked = self._low_level_execute_command(command)
        except AnsibleError as error:
            return str(error)
        version = asked["stdout"].strip() if asked["rc"] == 0 else ""
        if version and tuple(map(int, version.split(".")[:2])) >= (3, 8):
            return troubles.last_line(str(done.get("module_stderr") or done.get("module_stdout") or done["msg"]))
        return troubles.of_python(version, self.python, self.name)

    @property
    def name(self) -> str:
        """The machine's name in the inventory."""
        return str(self.variables.get("inventory_hostname", ""))

    @property
    def python(self) -> str:
        """The Python that modules run on there."""
        return (self._used_interpreter or "python3").lstrip("#!").strip()

    @property
    def address(self) -> str:
        """Where it is reached."""
        return str(self.variables.get("ansible_host") or self.name)

    @property
    def user(self) -> str:
        """Who connects."""
        return str(self.variables.get("ansible_user") or self._play_context.remote_user or "this user")
