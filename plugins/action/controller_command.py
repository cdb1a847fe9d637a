"""A command on the controller, begun by Ansible itself: a module would be packed first, and start another Python."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path
from typing import Any, ClassVar

from ansible_collections.perfops.perfops.plugins.plugin_utils import troubles
from ansible_collections.perfops.perfops.plugins.plugin_utils.controller import ControllerAction


class ActionModule(ControllerAction):
    """Runs it where Ansible runs, as its user, in its environment and the task's; the result is that of `command`."""

    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = {
        "argv": {"type": "list", "elements": "str", "required": True},
        "folder": {"type": "path"},
    }

    def act(self, given: dict[str, Any]) -> dict[str, Any]:
        """What it said, and its exit code."""
        line = given["argv"]
        told = {"cmd": line, "rc": 0, "stdout": "", "stderr": ""}
        if self._task.check_mode:
            return told | {"changed": False, "skipped": True, "msg": "not run in check mode"}
        try:
            if given["folder"]:
                Path(given["folder"]).mkdir(parents=True, exist_ok=True)
            done = subprocess.run(
                line,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                env=os.environ | self.environment(),
            )
        except OSError as error:
            return told | {"failed": True, "rc": 127, "msg": troubles.of_file(error)}
        told |= {"rc": done.returncode, "stdout": done.stdout.rstrip(), "stderr": done.stderr.rstrip()}
        told |= {f"{name}_lines": told[name].splitlines() for name in ("stdout", "stderr")}
        if done.returncode:
            told |= {"failed": True, "msg": told["stderr"] or f"{shlex.join(line)} ended with {done.returncode}"}
        return {"changed": True, **told}

    def environment(self) -> dict[str, str]:
        """What the task, its block and its play have as `environment`."""
        found: dict[str, Any] = {}
        self._compute_environment_string(found)
        return {name: str(value) for name, value in found.items()}
