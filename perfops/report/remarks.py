"""What was not as it should be in a collection: told at the top of its part, loudest first."""

from datetime import datetime
from typing import NamedTuple

from perfops.outputs.summary import Annotation
from perfops.report.units import figures, length
from perfops.store.machines import Machine
from perfops.store.states import COMPLETE, CUT_SHORT, ENDED_EARLY, LATE, LIVE, NO_END, UNKNOWN

SEVERITIES = ("bad", "warn", "info")
ENDS = {  # what an end record says, in words; signals are told by their names
    "max-bytes": "the recording had reached its largest size (--max-bytes)",
    "min-free": "the disk was filling up (--min-free)",
}
STATES = {  # what is to be said of a state, and how loud
    CUT_SHORT: ("bad", "Cut short: the recording has no end. It is good up to its last whole line."),
    NO_END: ("bad", "The stream has no end: it was killed, or what the machine has left is not here."),
    ENDED_EARLY: ("warn", "Ended before its time: {reason}."),
    UNKNOWN: ("info", "Its recorder does not say whether it is complete."),
    LATE: ("info", "It streams, and nothing has come for a while. This is as far as it has come."),
    LIVE: ("info", "It streams. This is as far as it has come."),
}
WORDS = {  # an annotation's kind: what it is called, how the charts show it
    "reboot": ("reboot", " (dashed lines in the charts)"),
    "clock": ("clock change", " (dashed lines in the charts)"),
    "cut": ("cut", " (dashed lines in the charts)"),
    "gap": ("gap", " (shaded in the charts)"),
}


class Remark(NamedTuple):
    """A sentence, the same in a few words, and details that can be unfolded; `severity` is one of SEVERITIES."""

    severity: str
    text: str
    brief: str
    details: tuple[str, ...] = ()


def remarks(machine: Machine, rows: dict[str, int]) -> list[Remark]:
    """All there is to say; `rows` counts the samples in the database by kind."""
    summary = machine.summary
    found = []
    if machine.state in STATES:
        severity, text = STATES[machine.state]
        reason = ENDS.get(summary.end_reason or "", summary.end_reason)
        found.append(Remark(severity, text.format(reason=reason), machine.state))
    if summary.damaged_lines:
        lines = counted(summary.damaged_lines, "damaged line")
        found.append(Remark("bad", f"{lines} left out.", lines))
    for kind, expected in summary.samples.items():
        if rows.get(kind, 0) != expected:
            text = f"The database holds {rows.get(kind, 0)} of {expected} {kind} samples: this is not the whole."
            found.append(Remark("bad", text, f"{kind} samples missing"))
    if summary.missed:
        share = 100 * summary.missed / max(summary.missed + (summary.ticks or 0), 1)
        ticks = f"{counted(summary.missed, 'tick')} missed"
        found.append(Remark("warn", f"{ticks} ({figures(share)} % of those due).", ticks))
    found += [remark for kind in WORDS if (remark := of_kind(machine, kind))]
    if summary.warnings:
        notes = counted(len(summary.warnings), "remark")
        found.append(Remark("warn", f"{notes} of processing:", notes, tuple(summary.warnings)))
    return sorted(found, key=lambda remark: SEVERITIES.index(remark.severity))


def state(told: list[Remark]) -> tuple[str, str]:
    """The severity of the loudest remark, `good` where there is none, and all of that severity in a few words."""
    if not told:
        return "good", COMPLETE
    severity = told[0].severity
    return severity, ", ".join(remark.brief for remark in told if remark.severity == severity)


def of_kind(machine: Machine, kind: str) -> Remark | None:
    """All annotations of a kind in one remark."""
    notes = [note for note in machine.annotations if note.kind == kind]
    if not notes:
        return None
    name, drawn = WORDS[kind]
    lost = sum((note.end - note.start).total_seconds() for note in notes if note.end)
    span = f", {length(lost)} in all" if lost else ""
    number = counted(len(notes), name)
    return Remark("warn", f"{number}{span}{drawn}:", number, tuple(map(told, notes)))


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


def span(start: datetime, end: datetime) -> str:
    """From when to when, the day told once where it is the same."""
    return f"{moment(start)} – {f'{end:%H:%M:%S}' if start.date() == end.date() else moment(end)}"
