"""Wait on the controller for the planned end of a run's collections: no machine is asked for that."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.perfops.perfops.plugins.plugin_utils import journal

LOOK = 0.5  # seconds between two looks: somebody may stop a run


class ActionModule(ActionBase):
    """Reads the journals of the machines until the last end they name."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Wait, and say how long it was."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        folder, hosts = Path(self._task.args["folder"], journal.FOLDER), self._task.args["hosts"]
        begun = time.time()
        while not self._task.check_mode and (left := self.until(folder, hosts) - time.time()) > 0:
            time.sleep(min(left, LOOK))
        return result | {"changed": False, "seconds": round(time.time() - begun, 1)}

    def until(self, folder: Path, hosts: list[str]) -> float:
        """The latest end, in Unix seconds."""
        noted = (journal.read(folder / f"{host}.json") for host in hosts)
        return max((each.get("ends_at") or 0.0 for each in noted if each.get("state") == "running"), default=0.0)
