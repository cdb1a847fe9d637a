"""What was not as it should be stands at the top of a machine's part, loudest first."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from perfops.outputs.summary import Annotation, Summary
from perfops.report.remarks import remarks, state
from perfops.store.machines import Machine

START = datetime(2026, 1, 10, 20, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    """So many seconds after the start."""
    return START + timedelta(seconds=seconds)


def machine(notes: tuple[Annotation, ...] = (), state_: str = "complete", **facts: Any) -> Machine:
    """A collection of 11 ticks in 10 s, whole but for what is given."""
    given = {"recorder": "pcc", "complete": True, "end_reason": "duration", "ticks": 11, "missed": 0} | facts
    summary = Summary(
        collection=None,
        fingerprint="x",
        start=START,
        end=at(10),
        frequency=1,
        snapshots=11,
        segments=1,
        samples={"host": 10},
        annotations=list(notes),
        **given,
    )
    return Machine(
        UUID(int=1), "vm", "vm", "lab", None, "local", START, at(10), 1, given["complete"], state_, {}, summary, notes
    )


WHOLE = {"host": 10}


def test_of_a_whole_recording_there_is_nothing_to_say() -> None:
    assert remarks(machine(), WHOLE) == []
    assert state([]) == ("good", "complete")


@pytest.mark.parametrize(
    ("facts", "rows", "severity", "text", "brief"),
    [
        ({"state_": "cut short"}, WHOLE, "bad", "Cut short: the recording has no end.", "cut short"),
        ({"state_": "end unknown"}, WHOLE, "info", "does not say whether it", "end unknown"),
        ({"state_": "no end"}, WHOLE, "bad", "The stream has no end:", "no end"),
        ({"state_": "late"}, WHOLE, "info", "It streams, and nothing has come for a while.", "late"),
        ({"state_": "live"}, WHOLE, "info", "It streams. This is as far as it has come.", "live"),
        (
            {"state_": "ended early", "end_reason": "SIGTERM"},
            WHOLE,
            "warn",
            "Ended before its time: SIGTERM.",
            "ended early",
        ),
        (
            {"state_": "ended early", "end_reason": "min-free"},
            WHOLE,
            "warn",
            "Ended before its time: the disk was filling up (--min-free).",
            "ended early",
        ),
        ({"damaged_lines": 1}, WHOLE, "bad", "1 damaged line left out.", "1 damaged line"),
        ({"damaged_lines": 3}, WHOLE, "bad", "3 damaged lines left out.", "3 damaged lines"),
        ({}, {"host": 7}, "bad", "The database holds 7 of 10 host samples", "host samples missing"),
        ({}, {}, "bad", "The database holds 0 of 10 host samples", "host samples missing"),
        ({"missed": 1}, WHOLE, "warn", "1 tick missed (8.33 % of those due).", "1 tick missed"),
    ],
)
def test_what_is_wrong_is_told(
    facts: dict[str, Any], rows: dict[str, int], severity: str, text: str, brief: str
) -> None:
    found = remarks(machine(**facts), rows)
    assert [(remark.severity, remark.brief, remark.details) for remark in found] == [(severity, brief, ())]
    assert text in found[0].text


def test_annotations_of_a_kind_are_one_remark_with_their_times() -> None:
    notes = (
        Annotation(kind="gap", start=at(1), end=at(3), text="1 ticks missed: late"),
        Annotation(kind="reboot", start=at(5), text="started anew"),
        Annotation(kind="gap", start=at(6), end=at(9), text="2 ticks missed: late"),
        Annotation(kind="clock", start=at(7), text="the wall clock is 2.5 s ahead"),
        Annotation(kind="phase", start=at(8), text="warm-up"),
    )
    found = {remark.brief: remark for remark in remarks(machine(notes), WHOLE)}
    assert list(found) == ["1 reboot", "1 clock change", "2 gaps"]
    assert found["2 gaps"].text.startswith("2 gaps, 5 s in all")
    assert found["2 gaps"].details == (
        "2026-01-10 20:00:01 – 2026-01-10 20:00:03: 1 ticks missed: late",
        "2026-01-10 20:00:06 – 2026-01-10 20:00:09: 2 ticks missed: late",
    )
    assert found["1 reboot"].details == ("2026-01-10 20:00:05: started anew",)


def test_the_loudest_comes_first_and_is_the_state() -> None:
    notes = (Annotation(kind="gap", start=at(1), end=at(3), text="lost"),)
    found = remarks(
        machine(notes, "ended early", end_reason="SIGTERM", damaged_lines=2, warnings=["one", "two"]), {"host": 9}
    )
    severities = [remark.severity for remark in found]
    assert severities == ["bad", "bad", "warn", "warn", "warn"]
    assert state(found) == ("bad", "2 damaged lines, host samples missing")
    assert found[-1].details == ("one", "two")
