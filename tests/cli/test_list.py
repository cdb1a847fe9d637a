"""perfops list: a table for people, JSON for programs, and a remedy where there is nothing."""

import json
from pathlib import Path

import pytest
from fix_command import perfops
from fix_database import MakeDatabase, connected
from fix_loaded import IDENTITY, START, load_recordings, record_machine
from fix_terminal import on_terminal

RULES = "─━│┃"  # what tables are drawn with


@pytest.fixture(scope="module")
def loaded(databases: MakeDatabase, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database with three collections."""
    url, folder = databases(), tmp_path_factory.mktemp("list")
    with connected(url) as connection:
        for number, run in enumerate(("monday", "tuesday", "tuesday")):
            identity = IDENTITY.replace("0d8f1a52", f"{number:08}")
            labels = {"build": f"4{number}"}
            start = START + 3600 * number
            path = record_machine(folder / f"{number}.json", identity=identity, start=start, labels=labels, missed=2)
            load_recordings(connection, folder / str(number), path, site="azure", run=run, collector=f"vm-0{number}")
    return url


def test_nothing_loaded_is_told_with_the_remedy(database: str) -> None:
    done = perfops("list", "--db", database)
    assert (done.returncode, done.stdout) == (0, "nothing is loaded yet (try perfops load RECORDING)\n")
    done = perfops("list", "--db", database, "--json")
    assert (done.returncode, json.loads(done.stdout)) == (0, [])


def test_nothing_that_matches_is_told_apart_from_nothing_at_all(loaded: str) -> None:
    done = perfops("list", "--db", loaded, "--run", "friday")
    assert (done.returncode, done.stdout) == (0, "no collection matches (perfops list shows the newest of all)\n")


def test_a_line_a_collection_in_plain_columns(loaded: str) -> None:
    done = perfops("list", "--db", loaded)
    assert done.returncode == 0, done.stderr
    head, *lines = done.stdout.splitlines()
    assert " ".join(head.split()) == "run collector site start length every samples missed gaps mode state id"
    assert [line.split()[:2] for line in lines] == [["tuesday", "vm-02"], ["tuesday", "vm-01"], ["monday", "vm-00"]]
    assert " ".join(lines[0].split()[2:]) == "azure 2026-01-10 01:06 7 s 1 s 5 2 1 local complete 00000002"
    assert not set(RULES) & set(done.stdout)


def test_the_short_id_stands_for_the_collection(loaded: str) -> None:
    short = perfops("list", "--db", loaded, "--run", "monday").stdout.split()[-1]
    assert perfops("show", short, "--db", loaded, "--rows", "0").returncode == 0


def test_a_terminal_that_is_wide_enough_gets_a_drawn_table_and_a_narrow_one_whole_values(loaded: str) -> None:
    wide, narrow = (on_terminal("list", "--db", loaded, columns=columns) for columns in (160, 60))
    assert set(RULES) & set(wide)
    assert not set(RULES) & set(narrow)
    for value in ("vm-00", "2026-01-09 23:06", "complete", "00000001"):
        assert value in wide
        assert value in narrow


def test_what_is_left_out_is_told(loaded: str) -> None:
    lines = perfops("list", "--db", loaded, "--limit", "2").stdout.splitlines()
    assert len(lines) == 1 + 2 + 1
    assert lines[-1] == "2 of 3 collections (--limit 3 for all)"


def test_options_narrow_the_list(loaded: str) -> None:
    options = ["--collector", "vm-01", "--site", "azure", "--run", "tuesday", "--label", "build=41"]
    (found,) = json.loads(perfops("list", "--db", loaded, "--json", *options).stdout)
    assert found["collector"] == "vm-01"


def test_the_json_has_these_keys(loaded: str) -> None:
    found = json.loads(perfops("list", "--db", loaded, "--json", "--run", "monday").stdout)
    assert found == [
        {
            "collection": IDENTITY.replace("0d8f1a52", "00000000"),
            "run": "monday",
            "collector": "vm-00",
            "site": "azure",
            "mode": "local",
            "start": "2026-01-09T23:06:40+00:00",
            "end": "2026-01-09T23:06:47+00:00",
            "seconds": 7.0,
            "frequency": 1.0,
            "state": "complete",
            "complete": True,
            "end_reason": "duration",
            "labels": {"build": "40"},
            "snapshots": 6,
            "samples": {"host": 5, "system": 5, "cpu": 15, "disk": 10, "net": 10},
            "missed": 2,
            "gaps": 1,
        }
    ]


def test_a_label_that_is_none_is_one_line(tmp_path: Path) -> None:
    done = perfops("list", "--label", "nightly")
    assert (done.returncode, done.stderr) == (2, "perfops: bad value for --label: 'nightly' (try build=42)\n")
