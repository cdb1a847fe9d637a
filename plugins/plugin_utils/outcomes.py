"""How a machine of a run came out: complete, partial or lost, and why; and the table of them all."""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING, Any

from ansible_collections.perfops.perfops.plugins.module_utils import collections, stream
from ansible_collections.perfops.perfops.plugins.plugin_utils.clock import OFF

if TYPE_CHECKING:
    from pathlib import Path

ASKED = ("SIGTERM", "SIGINT")  # what ends a collection as it was meant to where that was asked for
FIELDS = ("state", "samples", "gaps", "skew_seconds", "skew_within", "late_seconds", "bytes", "reason")
LATE = 1.5  # seconds; a start lies on a whole second, and clocks are compared as closely as a call is quick
AGAIN = "wait, and run this again with the same run name"


def outcome(facts: dict[str, Any], mode: str, *, asked: bool = False) -> dict[str, Any]:
    """The state of a collection, from what the module says of it; `asked` where its run was ended before its time."""
    samples = facts.get("samples", facts["ticks"])
    kept = mode == "trickle" and bool(facts.get("kept"))
    found = {"samples": samples, "gaps": facts["missed"], "bytes": facts.get("total", 0), "keep_there": kept}
    if facts["running"]:
        return found | {"state": "lost", "reason": f"it still samples after its time ({AGAIN})"}
    if not facts["finished"]:
        return found | {"state": "lost", "reason": "nothing of it is on the machine (run this again to sample it)"}
    if not facts["complete"]:
        why = "the machine was started anew" if facts["restarted"] else "the collector was killed"
        if samples is not None and facts["frequency"] and facts["duration"]:
            found["gaps"] = max(round(facts["duration"] / facts["frequency"]) + 1 - samples, 0)
        refused = "; what was refused or found no room is kept there" if kept else ""
        return found | {"state": "partial", "reason": f"cut short: {why}{refused}"}
    if mode == "trickle" and facts["refused"]:
        text = f"the receiver has refused {facts['refused']} samples; they are kept there, with the reasons"
        return found | {"state": "partial", "keep_there": True, "reason": f"{text}; it said: {facts['said']}"}
    if mode == "trickle" and facts["lost"]:
        return found | {"state": "partial", "reason": f"{facts['lost']} samples found no room in its spool"}
    if facts["reason"] != "duration" and not (asked and facts["reason"] in ASKED):
        return found | {"state": "partial", "reason": f"ended early: {facts['reason']}"}
    return found | {"state": "complete", "reason": unsent(facts) if mode == "trickle" else ""}


def unsent(facts: dict[str, Any]) -> str:
    """What did not reach the receiver, of a stream that ended in order: it is brought home instead."""
    if not facts.get("left") or None in (facts.get("sent"), facts["ticks"]):
        return ""
    count = facts["ticks"] - facts["sent"] - (facts.get("lost") or 0)
    return f"{count} of {facts['ticks']} samples did not reach the receiver, and were fetched" if count > 0 else ""


def ends_of(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The host record and the end record of a recording that is home, packed or not; {} for what is not there."""
    if path.suffix != ".gz":
        return collections.first_record(path, "host"), collections.last_record(path, "end")
    first = last = b""
    try:
        with gzip.open(path, "rb") as file:
            for line in file:
                first, last = first or line, line
    except (OSError, EOFError, zlib.error):  # cut short, or no packed file
        last = b""
    return collections.measurement(first, "host"), collections.measurement(last, "end")


def at_home(path: Path, host: dict[str, Any], end: dict[str, Any], mode: str, *, asked: bool = False) -> dict[str, Any]:
    """The state of a collection by its file alone, as where its journal is lost."""
    facts = dict.fromkeys(("reason", "ticks", "missed", "refused", "lost", "duration", "frequency"), None)
    facts |= {key: host.get(key) for key in ("duration", "frequency")} | end
    facts |= {"running": False, "finished": True, "complete": bool(end), "restarted": False, "said": "see the report"}
    facts["total"] = path.stat().st_size
    if not end and mode != "trickle" and path.suffix != ".gz":
        facts["samples"] = stream.count_samples(path)
    found = outcome(facts, mode, asked=asked)
    del found["keep_there"]  # that was to be seen on the machine
    return found


def with_remarks(reason: str, skew: float, late: float = 0.0) -> str:
    """The reason, and a word on a clock that is off by so many seconds, and on a begin that is so late in its run."""
    remarks = [reason] if reason else []
    if abs(skew) > OFF:
        side = "ahead" if skew > 0 else "behind"
        remarks.append(f"its clock is {abs(skew):.1f} s {side}, and its start was corrected for that")
    if late > LATE:
        remarks.append(f"began {late:.1f} s late")
    return "; ".join(remarks)


def public(known: dict[str, Any]) -> dict[str, Any]:
    """What run.json says of a machine."""
    found = {name: known.get(name) for name in FIELDS}
    found["state"] = known["state"] if known.get("state") in ("complete", "partial") else "lost"
    found["reason"] = known.get("reason") or ("" if found["state"] == "complete" else "it was not asked")
    return found


def table(hosts: dict[str, dict[str, Any]]) -> list[str]:
    """One line a machine, in columns; those that are not complete come last."""
    order = {"complete": 0, "partial": 1, "lost": 2}
    rows = [("machine", "state", "samples", "gaps", "skew", "bytes", "reason")]
    for name, facts in sorted(hosts.items(), key=lambda each: (order[each[1]["state"]], each[0])):
        skew = facts["skew_seconds"]
        rows.append(
            (
                name,
                facts["state"],
                *("-" if facts[field] is None else str(facts[field]) for field in ("samples", "gaps")),
                "-" if skew is None else f"{skew:+.1f}s" if skew else "0s",
                "-" if facts["bytes"] is None else str(facts["bytes"]),
                facts["reason"],
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    return ["  ".join([*map(str.ljust, row, widths), row[-1]]).rstrip() for row in rows]
