"""What was not as it should be in a collection: told at the top of its part, loudest first."""

from datetime import datetime
from typing import NamedTuple

from perfops.outputs.summary import Annotation
from perfops.report.units import length
from perfops.store.machines import Machine

WORDS = {  # an annotation's kind: what it is called, how the charts show it
    "reboot": ("reboot", " (dashed lines in the charts)"),
    "clock": ("clock change", " (dashed lines in the charts)"),
    "cut": ("cut", " (dashed lines in the charts)"),
    "gap": ("gap", " (shaded in the charts)"),
}


class Remark(NamedTuple):
    """A sentence, and details that can be unfolded; `severity` is `bad`, `warn` or `info`."""

    severity: str
    text: str
    details: tuple[str, ...] = ()


def remarks(machine: Machine, rows: dict[str, int]) -> list[Remark]:
    """All there is to say; `rows` counts the samples in the database by kind."""
    summary = machine.summary
    found = []
    if not machine.complete and summary.recorder == "pcc":
        found.append(Remark("bad", "Cut short: the recording has no end. It is good up to its last whole line."))
    elif not machine.complete:
        found.append(Remark("info", "Its recorder does not say whether it is complete."))
    elif summary.end_reason not in {None, "duration"}:
        found.append(Remark("warn", f"Ended before its time: {summary.end_reason}."))
    if summary.damaged_lines:
        found.append(Remark("bad", f"{counted(summary.damaged_lines, 'damaged line')} left out."))
    for kind, expected in summary.samples.items():
        if rows.get(kind, 0) != expected:
            text = (
                f"The database holds {rows.get(kind, 0)} of {expected} {kind} samples: what follows is not the whole."
            )
            found.append(Remark("bad", text))
    if summary.missed:
        share = 100 * summary.missed / max(summary.missed + (summary.ticks or 0), 1)
        found.append(Remark("warn", f"{counted(summary.missed, 'sample')} missed ({share:.2g} % of those due)."))
    found += [remark for kind in WORDS if (remark := of_kind(machine, kind))]
    if summary.warnings:
        found.append(
            Remark("warn", f"{counted(len(summary.warnings), 'remark')} of processing:", tuple(summary.warnings))
        )
    return found


def of_kind(machine: Machine, kind: str) -> Remark | None:
    """All annotations of a kind in one remark."""
    notes = [note for note in machine.annotations if note.kind == kind]
    if not notes:
        return None
    name, drawn = WORDS[kind]
    lost = sum((note.end - note.start).total_seconds() for note in notes if note.end)
    span = f", {length(lost)} in all" if lost else ""
    return Remark("warn", f"{counted(len(notes), name)}{span}{drawn}:", tuple(map(told, notes)))


def told(note: Annotation) -> str:
    """An annotation in one line."""
    until = f" – {moment(note.end)}" if note.end else ""
    return f"{moment(note.start)}{until}: {note.text}"


def counted(number: int, name: str) -> str:
    """A number of things."""
    return f"{number} {name}{'s' * (number != 1)}"


def moment(when: datetime) -> str:
    """A moment in UTC, to the second."""
    return f"{when:%Y-%m-%d %H:%M:%S}"
