"""The module pcc from the controller's side: it brings the program, and knows how far the machine's clock is off."""

from __future__ import annotations

import base64
import hashlib
import time
from pathlib import Path
from typing import Any

from ansible_collections.perfops.perfops.plugins.module_utils.commands import going_on
from ansible_collections.perfops.perfops.plugins.plugin_utils import journal, parts
from ansible_collections.perfops.perfops.plugins.plugin_utils.clock import OFF
from ansible_collections.perfops.perfops.plugins.plugin_utils.machine import MachineAction, display

CALLS = 3  # the first, one with what that needed, and one more where the clock has been set in between


class ActionModule(MachineAction):
    """The module, with a journal and the program in it."""

    def act(self) -> dict[str, Any]:
        """Run the module; to start, as often as it needs something."""
        packed, trust = self.args.pop("packed", None), self.args.pop("trust", None)
        if self.args.get("state", "started") != "started":
            self.tolerant = False
            return self.stop() if self.args["state"] == "stopped" else self.call("pcc", **self.args)
        known = journal.read(self.journal) if self.journal else {}
        if other := self.other(known):
            self.tolerant = False  # what is noted of the other one stays
            return {"failed": True, "msg": other}
        if known.get("pruned"):
            return {"changed": False, "before": self.name, "msg": "its recording was pruned: nothing is sampled anew"}
        if self.is_home(known):
            return {"changed": False, "before": self.name, "msg": "it is home already: nothing is sampled anew"}
        done = self.start(packed, trust)
        if done.get("failed"):
            return done
        remark = going_on(self.args, done) if done.get("running") and not done.get("changed") else ""
        if remark:  # what has ended is fetched, whatever is asked for
            display.warning(remark)
        self.note(start_at=self.first_start(known, new=bool(done.get("changed"))), address=self.place())
        skew = self.bounds.offset
        if abs(skew) > OFF:
            display.warning(f"{self.name}: its clock is {skew:+.1f} s off; its start is corrected for that")
        ends_at = time.time() + done["remaining"]
        skews = [self.bounds.least, self.bounds.most]
        self.note(state="running", reason="", skews=skews, ends_at=ends_at, unreachable=False)
        return done | {"skew_seconds": skew, "remark": remark}

    def stop(self) -> dict[str, Any]:
        """End it, and note that this was asked for: before, as somebody may wait for its end to bring it home."""
        known = journal.read(self.journal) if self.journal else {}
        if known:
            self.note(stopped=True)
        done = self.call("pcc", **self.args)
        if done.get("changed"):
            self.note(ends_at=time.time(), stopped=True)
        elif known and not done.get("failed"):
            self.note(stopped=known.get("stopped", False))
        return done

    def is_home(self, known: dict[str, Any]) -> bool:
        """Whether the recording lies in the folder of this run, wherever that is now and whatever the journal knows."""
        if self.journal is None:
            return False
        if self.journal.parent.name != journal.FOLDER:  # a journal of one's own says alone where it would be
            return bool(known.get("home")) and Path(known["home"]).is_file()
        named = self._templar.template(self.variables.get("results_collector"))
        mode = self.args.get("mode", "local")
        folders = {name for name in (self.name, named, known.get("collector")) if name}
        return any(parts.at_home(self.journal.parent.parent / name, mode) for name in folders)

    def first_start(self, known: dict[str, Any], *, new: bool) -> float | None:
        """When its run began, of which it may be late; where this machine runs already, its own start is not this."""
        given = self.args.get("start_at")
        start_at = float(given) if new and given is not None else known.get("start_at")
        if self.journal is None or self.journal.parent.name != journal.FOLDER:
            return start_at
        return journal.first_start(self.journal.parent.parent, start_at)

    def start(self, packed: str | None, trust: str | None) -> dict[str, Any]:
        """Start it; the program goes along where the one there is not this one."""
        args = dict(self.args)
        content = Path(packed).read_bytes() if packed and not self._task.check_mode else b""
        if content:
            args["program_sha256"] = hashlib.sha256(content).hexdigest()
        if trust:
            args["certificates"] = base64.b64encode(Path(trust).read_bytes()).decode("ascii")
        for _ in range(CALLS):
            done = self.call("pcc", **args, sent_at=time.time())
            needs = done.get("needs", [])
            if done.get("failed") or not needs:
                return done
            if "program" in needs:
                args["program_content"] = base64.b64encode(content).decode("ascii")
            if "clock_offset" in needs:
                self.look_at_clock()
            args["clock_offset"] = self.bounds.offset
        return done | {"failed": True, "msg": f"it goes on to need {', '.join(needs)} (run this again)"}
