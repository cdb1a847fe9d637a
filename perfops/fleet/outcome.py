"""What came of a run: run.json in its folder, and what is home."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perfops.outputs.journals import MANIFEST, read

if TYPE_CHECKING:
    from perfops.outputs.summary import Summary

ASKED = ("SIGTERM", "SIGINT")  # what ends a collection before its time, where that was asked for
RECORDING = "collection.json"
ARRIVING = ".arriving"  # what the playbooks have of it


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a machine: `state` is complete, partial or lost; what is unknown is None."""

    name: str
    state: str
    samples: int | None
    gaps: int | None
    skew: float | None
    size: int | None
    reason: str


def read_run(folder: Path) -> dict[str, Any]:
    """run.json of a run's folder, {} where there is none that can be read."""
    return read(folder / MANIFEST)


def read_outcomes(folder: Path) -> list[Outcome]:
    """What run.json says of the machines, in the order of their names."""
    hosts = read_run(folder).get("hosts") or {}
    return [outcome(name, hosts[name]) for name in sorted(hosts)]


def outcome(name: str, told: dict[str, Any]) -> Outcome:
    """One machine of run.json."""
    return Outcome(
        name,
        state=str(told.get("state")),
        samples=told.get("samples"),
        gaps=told.get("gaps"),
        skew=told.get("skew_seconds"),
        size=told.get("bytes"),
        reason=str(told.get("reason") or ""),
    )


def bytes_home(folder: Path | None) -> int:
    """Bytes of the recordings that are home, or on their way."""
    if folder is None:
        return 0
    total = 0
    for path in (*folder.glob(f"*/{RECORDING}*"), *folder.glob(f"*/{ARRIVING}")):
        try:
            total += path.stat().st_size
        except OSError:  # renamed meanwhile
            continue
    return total


def facts_of(summary: "Summary", size: int, skew: float | None, *, asked: bool) -> dict[str, Any]:
    """What run.json says of the machine; `asked` where it was told to end before its time."""
    if not summary.complete:
        state, why = "partial", "cut short"
    elif summary.end_reason == "duration" or (asked and summary.end_reason in ASKED):
        state, why = "complete", ""
    else:
        state, why = "partial", f"ended early: {summary.end_reason}"
    return {
        "state": state,
        "samples": summary.snapshots,
        "gaps": summary.missed,
        "skew_seconds": None if skew is None else round(skew, 3),
        "bytes": size,
        "reason": why,
    }
