"""The folder of a run on the controller, with its identity; nothing else is asked for that, so it takes no time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

from ansible.plugins.action import ActionBase
from ansible_collections.perfops.perfops.plugins.plugin_utils import journal, parts, troubles

PLAYBOOKS = {"local": "collect.yml", "trickle": "trickle.yml"}


class ActionModule(ActionBase):
    """Makes it where it is not there, or with `create` false says that there is none."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """What run.json says of the run."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        given = self._task.args
        run, folder, mode = str(given["run"]), Path(given["folder"]), given.get("mode")
        place = folder / journal.MANIFEST
        try:
            if not given.get("create", True):
                if not run or not place.is_file():
                    return result | {"failed": True, "msg": missing(run, folder)}
                known, changed = read(place), False
            elif self._task.check_mode:
                known, changed = read(place), not place.is_file()
            else:
                known, changed = self.opened(run, folder, mode or "local")
        except OSError as error:
            return result | {"failed": True, "msg": troubles.of_file(error)}
        except ValueError as error:
            return result | {"failed": True, "msg": f"{place}: {error} (take another run name)"}
        known = {"run": run, "mode": mode or "local", "id": str(uuid5(NAMESPACE_URL, run))} | known
        if mode and known["mode"] != mode:
            one, other = (PLAYBOOKS.get(each, each) for each in (known["mode"], mode))
            msg = f"the run {run} is one of {one}, not of {other} (go on with that, or take another name)"
            return result | {"failed": True, "msg": msg}
        named = {name: known[name] for name in ("run", "mode", "id")}
        return result | {"changed": changed, "folder": str(folder), **named}

    def opened(self, run: str, folder: Path, mode: str) -> tuple[dict[str, Any], bool]:
        """What run.json says, and whether it said nothing before; two that open a run at a time get one identity."""
        with parts.alone(folder):
            known = read(folder / journal.MANIFEST)
            if known.get("id"):
                return known, False
            known = {"run": run, "mode": mode, "hosts": {}} | known | {"id": str(uuid4())}
            journal.write_manifest(folder, known)
        return known, True


def read(place: Path) -> dict[str, Any]:
    """What run.json says, {} where it is not there; ValueError where it is damaged."""
    try:
        known = json.loads(place.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    if not isinstance(known, dict):
        raise ValueError("no JSON object")  # noqa: TRY004 - as what is no JSON at all
    return known


def missing(run: str, folder: Path) -> str:
    """That there is no such run."""
    root = folder.parent if run else folder
    return (
        f"no run '{run}' in {root} (name one with -e perfops_run=NAME, or its folder's folder with"
        " -e results_root=FOLDER)"
    )
