"""The module pcc_fetch from the controller's side: piece by piece, compared, named, and only then removed there."""

from __future__ import annotations

import math
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
        if self._task.check_mode:
            return self.call("pcc_fetch", **self.args)
        with parts.alone(self.folder):
            known = journal.read(self.journal) if self.journal else {}
            if other := self.other(known):
                self.tolerant = False  # what is noted of the other one stays
                return {"failed": True, "msg": other}
            if there := parts.at_home(self.folder, self.mode):
                return self.is_home(there, known, about)
            if known.get("pruned"):
                return {"changed": False, "msg": "its recording was pruned"}
            return self.fetch(known, about)

    def is_home(self, there: Path, known: dict[str, Any], about: dict[str, Any]) -> dict[str, Any]:
        """A recording is in the folder: nothing takes its place, and what the journal does not know is read from it."""
        host, end = outcomes.ends_of(there)
        if (identity := host.get("collection")) and identity != self.args["id"].lower():
            return {"failed": True, "msg": f"{there} is of another collection, {identity} (name another folder)"}
        found = about | {"home": str(there), "unreachable": False}
        if known.get("state") not in ("complete", "partial"):
            found |= outcomes.at_home(there, host, end, self.mode, asked=bool(known.get("stopped")))
        self.note(**found)
        if known.get("home") or self.is_same(there):
            self.remove({"keep_there": self.mode == "trickle"} | known)
        return {"changed": False, "msg": "it is home already"}

    def is_same(self, there: Path) -> bool:
        """Whether the machine has what is home, where no journal says so; of a stream there is nothing to compare."""
        if there.name != parts.RECORDING:
            return False
        try:
            facts = self.call("pcc_fetch", **self.args, offset=there.stat().st_size)
        except AnsibleConnectionFailure:
            return False
        return bool(facts.get("sha256")) and facts["sha256"] == parts.sha256(there)

    def fetch(self, known: dict[str, Any], about: dict[str, Any]) -> dict[str, Any]:
        """Bring it home. It is noted before the file has its name, which alone says that it is home."""
        if known.get("unreachable"):
            self.patience = 0.0  # it did not answer at the start: one more try
        facts = self.bring()
        if facts.get("failed"):
            return facts
        asked = journal.read(self.journal).get("stopped") if self.journal else False  # as late as that
        found = outcomes.outcome(facts, self.mode, asked=bool(asked))
        if not facts["finished"]:
            self.note(**{key: value for key, value in found.items() if key != "reason" or not known.get("reason")})
            return {"changed": False, "lost": True, "msg": found["reason"]}
        clock = self.bounds.together(known.get("skews"))  # as it was at the start
        begun = known.get("start_at") or journal.read(self.folder.parent / journal.MANIFEST).get("start_at")
        first = facts["started_at"] or -math.inf  # of a damaged first line nothing is known
        late = max(round(first - clock.offset - (begun or math.inf), 3), 0.0)
        said = facts["said"].replace("pcc: ", "", 1) if self.mode == "trickle" else ""
        home = self.folder / parts.NAMES[self.mode][0]
        found |= about | {"said": said, "home": str(home), "late_seconds": late}
        found |= {"skew_seconds": clock.offset, "skew_within": clock.within}
        found["reason"] = outcomes.with_remarks(found["reason"], clock.offset, late)
        self.note(**found, unreachable=False, removed=False)
        parts.settle(self.folder / PART, self.folder, self.mode)
        self.remove(found)
        return {"changed": True, "path": str(home), "msg": found["reason"] or found["state"]} | {
            key: facts[key] for key in ("total", "sha256", "samples", "ansible_facts") if key in facts
        }

    def bring(self) -> dict[str, Any]:
        """All pieces into the file that arrives; what it says of the collection in the end."""
        facts = self.patiently(offset=self.arrived())
        if facts.get("failed") or not facts["finished"]:
            return facts
        part = parts.Part(self.folder / PART)
        try:
            anew = True
            while True:
                part.add(facts["offset"], facts.pop("piece"))
                if facts["sha256"]:
                    part.force()
                    if facts["sha256"] == parts.sha256(part.path):  # as it lies there, not as it was written
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
        if self.keep or known.get("removed") or known.get("keep_there"):
            return
        home = {"home": self.args["home"]} if "home" in self.args else {}
        try:
            gone = self.call("pcc", state="absent", id=self.args["id"], **home)
        except AnsibleConnectionFailure:
            return
        self.note(removed=not gone.get("failed"))
