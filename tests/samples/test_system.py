"""The system row's smaller sources: load averages, open files, tasks."""

from math import isnan

import pytest
from fix_recordings import stat

from perfops.samples import cpu, files, system


def test_open_files_are_those_in_use() -> None:
    assert files.parse("2326\t26\t2466170\n") == (2300,)
    assert files.parse("5 9 100\n") == (0,)


@pytest.mark.parametrize("text", ["", "1 2\n", "1 2 x\n", f"{'9' * 30} 0 1\n"])
def test_open_files_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        files.parse(text)


def test_the_three_load_averages() -> None:
    assert system.parse_load("0.42 0.37 0.29 2/318 4711\n") == (0.42, 0.37, 0.29)


@pytest.mark.parametrize("text", ["", "0.4 0.3\n", "-1 0 0\n", "nan 0 0\n", "1e999 0 0\n", "a b c\n"])
def test_load_averages_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        system.parse_load(text)


def test_a_negative_number_of_tasks_is_none() -> None:
    parsed = cpu.parse(stat("1 2 3 4", running=-1, blocked=3))
    running, blocked, *_ = system.scheduler(parsed, parsed, 1.0)
    assert isnan(running)
    assert blocked == 3
