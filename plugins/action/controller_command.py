"""A command on the controller, begun by Ansible itself: a module would be packed first, and start another Python."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.perfops.perfops.plugins.plugin_utils import troubles


class ActionModule(ActionBase):
    """Runs it where Ansible runs, as its user and with its environment; the result is that of `command`."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """What it said, and its exit code."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        line = [str(word) for word in self._task.args["argv"]]
        told = {"cmd": line, "rc": 0, "stdout": "", "stderr": ""}
        if self._task.check_mode:
            return result | told | {"changed": False, "skipped": True, "msg": "not run in check mode"}
        try:
            if folder := self._task.args.get("folder"):
                Path(folder).mkdir(parents=True, exist_ok=True)
            done = subprocess.run(line, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
        except OSError as error:
            return result | told | {"failed": True, "rc": 127, "msg": troubles.of_file(error)}
        told |= {"rc": done.returncode, "stdout": done.stdout.rstrip(), "stderr": done.stderr.rstrip()}
        told |= {f"{name}_lines": told[name].splitlines() for name in ("stdout", "stderr")}
        if done.returncode:
            told |= {"failed": True, "msg": told["stderr"] or f"{line[0]} ended with {done.returncode}"}
        return result | {"changed": True, **told}
