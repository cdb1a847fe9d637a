"""Containers: shares, levels, and what their control group does not tell."""

from itertools import permutations
from math import isnan
from typing import Any

import orjson
import pytest

from perfops.catalogue import CONTAINER
from perfops.samples import container
from perfops.samples.notes import Notes

NAMES = [metric.name for metric in CONTAINER.metrics]
FACTS = dict.fromkeys(container.COUNTERS, 100) | {"memory_current": 50, "memory_max": 200, "memory_anon": 30}
FACTS |= {"memory_file": 20, "pids_current": 7, "pids_max": 100, "container_id": "c" * 64, "runtime": "docker"}


def parse(**facts: Any) -> container.Container:
    return container.parse("container/docker/" + "c" * 12, orjson.dumps(FACTS | facts).decode())


def figures(seconds: float = 2.0, before: dict[str, Any] | None = None, **now: Any) -> tuple[dict[str, float], Notes]:
    notes = Notes()
    values = container.figures(parse(**before or {}), parse(**now), seconds, notes, "12:00")
    return dict(zip(NAMES, values, strict=True)), notes


def test_figures_of_a_container() -> None:
    now = {name: 100 + 1000 * place for place, name in enumerate(container.COUNTERS, 1)}
    found, notes = figures(**now)
    assert found == pytest.approx(
        {
            "cpu_percent": 0.05,
            "cpu_user_percent": 0.1,
            "cpu_system_percent": 0.15,
            "memory_current_bytes": 50,
            "memory_max_bytes": 200,
            "memory_percent": 25,
            "io_read_bytes": 2000,
            "io_write_bytes": 2500,
            "io_read_ops": 3000,
            "io_write_ops": 3500,
            "pids_current": 7,
            "cpu_throttled_percent": 0.4,
            "throttled_periods_percent": 90,
            "memory_anon_bytes": 30,
            "memory_file_bytes": 20,
            "pids_max": 100,
        }
    )
    assert not notes.counts


def test_what_is_null_or_absent_is_empty_and_never_nothing() -> None:
    absent = dict.fromkeys(("io_read_bytes", "cpu_user_usec", "memory_max", "memory_anon", "pids_max", "cpu_periods"))
    found, notes = figures(before=absent, **absent)
    empty = {name for name, value in found.items() if isnan(value)}
    assert empty == {
        *("io_read_bytes", "cpu_user_percent", "memory_max_bytes", "memory_percent", "memory_anon_bytes", "pids_max"),
        "throttled_periods_percent",
    }
    assert found["cpu_percent"] == 0
    assert not notes.counts


def test_a_counter_that_appears_has_no_value_yet() -> None:
    found, notes = figures(before={"io_read_bytes": None}, io_read_bytes=500, io_write_bytes=500)
    assert isnan(found["io_read_bytes"])
    assert found["io_write_bytes"] == 200
    assert not notes.counts


def test_where_a_counter_falls_there_is_no_rate_whatever_else_is_missing() -> None:
    for name, other in permutations(container.COUNTERS, 2):
        found, notes = figures(before={other: None}, **{name: 99})
        assert isnan(found["cpu_percent"])
        assert isnan(found["throttled_periods_percent"])
        assert list(notes.lines()) == ["container cccccccccccc: its counters fell at 12:00: no value for that interval"]


def test_periods_of_the_limit_that_did_not_pass_have_no_share() -> None:
    assert isnan(figures(cpu_throttled=100, cpu_periods=100)[0]["throttled_periods_percent"])


def test_no_share_of_periods_is_above_a_hundred() -> None:
    assert figures(cpu_throttled=120, cpu_periods=110)[0]["throttled_periods_percent"] == 100


def test_the_time_held_back_may_pass_that_of_one_core() -> None:
    assert figures(1.0, cpu_throttled_usec=2_000_100)[0]["cpu_throttled_percent"] == pytest.approx(200)


@pytest.mark.parametrize("limit", [None, 0, -1, 9223372036854771712, "max"])
def test_no_limit_is_no_share(limit: Any) -> None:
    found, _ = figures(memory_max=limit)
    assert isnan(found["memory_max_bytes"])
    assert isnan(found["memory_percent"])
