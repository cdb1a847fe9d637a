"""The module pcc_fetch from the controller's side: piece by piece, compared, named, and only then removed there."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleConnectionFailure
from ansible_collections.perfops.perfops.plugins.plugin_utils import journal, outcomes, parts
from ansible_collections.perfops.perfops.plugins.plugin_utils.machine import MachineAction

PAUSE = 1.0  # seconds between two tries to reach a machine
PART = ".arriving"


class ActionModule(MachineAction):
    """The module, called as often as there are pieces."""

    def act(self) -> dict[str, Any]:
        """Bring it home, and remove it there."""
        self.keep = self.args.pop("keep", False)
        self.patience = float(self.args.pop("patience", 30))
        self.folder = Path(self.args.pop("folder"))
        self.mode = self.args.get("mode", "local")
        about = {name: self.args.pop(name, self.name) for name in ("collector", "site")} | {"mode": self.mode}
        known = journal.read(self.journal) if self.journal else {}
        if Path(known.get("home") or "/nowhere/at/all").is_file():
            self.note(**about)
            self.remove(known)
            return {"changed": False, "msg": "it is home already"}
        if known.get("unreachable"):
            self.patience = 0.0  # it did not answer at the start: one more try
        facts = self.bring()
        if facts.get("failed") or self._task.check_mode:
            return facts
        found = outcomes.outcome(facts, self.mode)
        if not facts["finished"]:
            self.note(**{key: value for key, value in found.items() if key != "reason" or not known.get("reason")})
            return {"changed": False, "lost": True, "msg": found["reason"]}
        home = parts.settle(self.folder / PART, self.folder, self.mode)
        late = facts["started_at"] - self.bounds.offset - (known.get("start_at") or facts["started_at"])
        said = facts["said"].replace("pcc: ", "", 1) if self.mode == "trickle" else ""
        found |= about | {"said": said}
        found |= {"home": str(home), "late_seconds": round(late, 3), "skew_seconds": self.skew(known)}
        self.note(**found, unreachable=False, removed=False)
        self.remove(found)
        return {"changed": True, "path": str(home), "msg": found["reason"] or found["state"]} | {
            key: facts[key] for key in ("total", "sha256", "samples", "ansible_facts") if key in facts
        }

    def skew(self, known: dict[str, Any]) -> float:
        """How far its clock is off: as it was at the start, where that is known."""
        first = known.get("skew_seconds")
        return self.bounds.offset if first is None else float(first)

    def bring(self) -> dict[str, Any]:
        """All pieces into the file that arrives; what it says of the collection in the end."""
        if self._task.check_mode:
            return self.call("pcc_fetch", **self.args)
        facts = self.patiently(offset=self.arrived())
        if facts.get("failed") or not facts["finished"]:
            return facts
        part = parts.Part(self.folder / PART)
        try:
            anew = True
            while True:
                part.add(facts["offset"], facts.pop("piece"))
                if facts["sha256"]:
                    if facts["sha256"] == part.summed.hexdigest():
                        return facts
                    if not anew:
                        return {"failed": True, "msg": "it arrives other than it was sent (run this again)"}
                    anew = False
                    part.begin_anew()
                facts = self.patiently(offset=part.size)
                if facts.get("failed"):
                    return facts
        finally:
            part.close()

    def arrived(self) -> int:
        """Bytes that have arrived already."""
        part = self.folder / PART
        return part.stat().st_size if part.exists() else 0

    def patiently(self, offset: int) -> dict[str, Any]:
        """The next piece; a machine that does not answer has `patience` seconds to come back."""
        deadline = time.monotonic() + self.patience
        while True:
            try:
                return self.call("pcc_fetch", **self.args, offset=offset)
            except AnsibleConnectionFailure:
                if time.monotonic() >= deadline:
                    raise
                time.sleep(PAUSE)

    def remove(self, known: dict[str, Any]) -> None:
        """Remove it there; a machine that cannot be reached any more keeps it for the next time."""
        if self.keep or known.get("removed") or known.get("keep_there") or self._task.check_mode:
            return
        home = {"home": self.args["home"]} if "home" in self.args else {}
        try:
            gone = self.call("pcc", state="absent", id=self.args["id"], **home)
        except AnsibleConnectionFailure:
            return
        self.note(removed=not gone.get("failed"))
