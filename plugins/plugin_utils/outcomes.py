"""How a machine of a run came out: complete, partial or lost, and why; and the table of them all."""

from __future__ import annotations

from typing import Any

IN_ORDER = ("duration", "SIGTERM", "SIGINT")  # what ends a collection as it was meant to
FIELDS = ("state", "samples", "gaps", "skew_seconds", "bytes", "reason")
AGAIN = "wait, and run this again with the same run name"


def outcome(facts: dict[str, Any], mode: str) -> dict[str, Any]:
    """The state of a collection, from what the module says of it."""
    samples = facts.get("samples", facts["ticks"])
    found = {"samples": samples, "gaps": facts["missed"], "bytes": facts.get("total", 0), "keep_there": False}
    if facts["running"]:
        return found | {"state": "lost", "reason": f"it still samples after its time ({AGAIN})"}
    if not facts["finished"]:
        return found | {"state": "lost", "reason": "nothing of it is on the machine (run this again to sample it)"}
    if not facts["complete"]:
        why = "the machine was started anew" if facts["restarted"] else "the collector was killed"
        if samples is not None and facts["frequency"]:
            found["gaps"] = max(round(facts["duration"] / facts["frequency"]) + 1 - samples, 0)
        return found | {"state": "partial", "reason": f"cut short: {why}"}
    if mode == "trickle" and facts["refused"]:
        text = f"the receiver has refused {facts['refused']} samples; they are kept there, with the reasons"
        return found | {"state": "partial", "keep_there": True, "reason": f"{text}; it said: {facts['said']}"}
    if mode == "trickle" and facts["lost"]:
        return found | {"state": "partial", "reason": f"{facts['lost']} samples found no room in its spool"}
    if facts["reason"] not in IN_ORDER:
        return found | {"state": "partial", "reason": f"ended early: {facts['reason']}"}
    return found | {"state": "complete", "reason": ""}


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
