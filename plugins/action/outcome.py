"""How a run came out: the table of its machines, and for one machine whether that is a failure."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.perfops.perfops.plugins.plugin_utils import journal, outcomes, troubles

display = Display()


class ActionModule(ActionBase):
    """With `host` the verdict on it, else the table of all `hosts`, which goes into the run's manifest, too."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Say it."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        folder = Path(self._task.args["folder"])
        if self._task.check_mode:
            return result
        if host := self._task.args.get("host"):
            return result | self.verdict(folder, host)
        return result | self.told(folder, self._task.args["hosts"])

    def verdict(self, folder: Path, host: str) -> dict[str, Any]:
        """A failure where not all of it is home."""
        known = journal.read(folder / journal.FOLDER / f"{host}.json")
        found = outcomes.public(known)
        if found["state"] == "complete":
            return {"changed": False}
        trouble = "unreachable" if known.get("unreachable") else "failed"
        return {trouble: True, "msg": f"{found['state']}: {found['reason']}"}

    def told(self, folder: Path, hosts: list[str]) -> dict[str, Any]:
        """The table, and what to do about what is not home."""
        known = {host: journal.read(folder / journal.FOLDER / f"{host}.json") for host in hosts}
        found = {host: outcomes.public(each) for host, each in known.items()}
        place = folder / journal.MANIFEST
        manifest = json.loads(place.read_text(encoding="utf-8"))
        manifest["hosts"] = manifest.get("hosts", {}) | found
        try:
            journal.write_manifest(folder, manifest)
        except OSError as error:
            return {"failed": True, "msg": troubles.of_file(error)}
        lines = list(self._task.args.get("told") or []) + outcomes.table(found)
        before = self._task.args.get("before") or []
        lines += [f"{host}: was home already, nothing was sampled anew" for host in before]
        again = f"run the same command again with -e perfops_run={manifest['run']}"
        lines += [f"{host}: NOT HOME ({again})" for host, each in found.items() if each["state"] == "lost"]
        if (report := Path(self._task.args["report"])).is_file():
            lines.append(f"report: {report}")
        display.display("\n".join(lines))  # as it is: a result would be wrapped and quoted
        return {"changed": False, "machines": found}
