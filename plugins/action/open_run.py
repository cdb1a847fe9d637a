"""The folder of a run on the controller, with its identity; nothing else is asked for that, so it takes no time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar
from uuid import NAMESPACE_URL, uuid4, uuid5

from ansible_collections.perfops.perfops.plugins.plugin_utils import journal, parts, troubles
from ansible_collections.perfops.perfops.plugins.plugin_utils.controller import ControllerAction

PLAYBOOKS = {"local": "collect.yml", "trickle": "trickle.yml"}


class ActionModule(ControllerAction):
    """Makes it where it is not there, or with `create` false says that there is none."""

    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = {
        "run": {"type": "str", "required": True},
        "folder": {"type": "path", "required": True},
        "mode": {"type": "str", "choices": list(PLAYBOOKS)},
        "create": {"type": "bool", "default": True},
    }

    def act(self, given: dict[str, Any]) -> dict[str, Any]:
        """What run.json says of the run."""
        run, folder, mode = given["run"], Path(given["folder"]), given["mode"]
        place = folder / journal.MANIFEST
        changed = given["create"] and not place.is_file()
        try:
            if given["create"] and not self._task.check_mode:
                known, changed = self.opened(run, folder, mode or "local")
            elif given["create"]:
                known = {"id": str(uuid5(NAMESPACE_URL, run))} | (read(place) or {"mode": mode or "local"})
            elif run and place.is_file():
                known = read(place)
            else:
                return {"failed": True, "msg": missing(run, folder)}
        except OSError as error:
            return {"failed": True, "msg": troubles.of_file(error)}
        except ValueError as error:
            remedy = "mend it: it has the identity of what was sampled; or take another run name"
            return {"failed": True, "msg": f"{place}: {error} ({remedy})"}
        found = {"run": run, "mode": known.get("mode", "local"), "id": known.get("id")}
        if not found["id"]:
            return {"failed": True, "msg": f"{place}: it has no id (collect or trickle has not begun with it)"}
        if mode and found["mode"] != mode:
            one, other = (PLAYBOOKS.get(each, each) for each in (found["mode"], mode))
            msg = f"the run {run} is one of {one}, not of {other} (go on with that, or take another name)"
            return {"failed": True, "msg": msg}
        return {"changed": changed, "folder": str(folder), **found}

    def opened(self, run: str, folder: Path, mode: str) -> tuple[dict[str, Any], bool]:
        """What run.json says, and whether it said nothing before; two that open a run at a time get one identity."""
        with parts.alone(folder):
            known = read(folder / journal.MANIFEST)
            if known.get("id"):
                return known, False
            before = {"mode": "local"} if known else {}  # where it says none, it was collect.yml
            known = {"run": run, "mode": mode, "hosts": {}} | before | known | {"id": str(uuid4())}
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
