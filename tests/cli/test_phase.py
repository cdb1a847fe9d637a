"""perfops phase: what is written by a run's name is in the run's collections, whenever they are loaded."""

import json
from pathlib import Path

import pytest
from fix_command import perfops, refused, succeeded
from fix_database import MakeDatabase, connected
from fix_loaded import IDENTITY, START, load_recordings, record_machine
from fix_report import Page, report

from perfops.store.machines import find_machines

TICKS = 20  # 23:06:40 to 23:06:59
LINES = """
2026-01-09T23:06:30Z warm-up
2026-01-10T00:06:45+01:00   full load, 50 %
2026-01-09T23:06:50Z

2026-01-09T23:06:55.5 cool-down
2026-01-09T23:07:30 afterwards
"""
EXPECTED = {  # cut to the collection: what began before it, what lasts beyond it; what does not touch it is not there
    "warm-up": ("23:06:40", "23:06:45"),
    "full load, 50 %": ("23:06:45", "23:06:50"),
    "cool-down": ("23:06:55.500000", "23:06:59"),
}


def phases(url: str, run: str = "nightly") -> dict[str, tuple[str, str]]:
    """The phases of the one collection of a run: begin and end."""
    with connected(url) as connection:
        (machine,) = find_machines(connection, run)
    found = [note for note in machine.annotations if note.kind == "phase"]
    return {note.text: (f"{note.start.time()}", f"{note.end.time()}" if note.end else "-") for note in found}


@pytest.fixture(scope="module")
def written(databases: MakeDatabase, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database whose phases were written before the collection was loaded."""
    url, folder = databases(), tmp_path_factory.mktemp("phases")
    (folder / "phases.txt").write_text(LINES)
    done = perfops("phase", "nightly", "--lines", folder / "phases.txt", "--db", url)
    assert succeeded(done) == "nightly: 5 begins and ends of phases; nothing of the run is loaded yet\n"
    with connected(url) as connection:
        path = record_machine(folder / "vm.json", TICKS, hostname="vm-01")
        load_recordings(connection, folder / "vm", path, site="azure", run="nightly")
    return url


def test_phases_written_before_the_collection_is_loaded_are_its(written: str) -> None:
    assert phases(written) == EXPECTED


def test_lookers_on_see_them_in_the_views(written: str) -> None:
    with connected(written) as connection:
        query = "SELECT text, timestamp::time::text, ended_at::time::text FROM perfops_views.annotation ORDER BY 2"
        found = {text: (start, end) for text, start, end in connection.execute(query)}
        whole = connection.execute("SELECT name, ended_at::time::text FROM perfops_views.phase").fetchall()
    assert found == {name: (start.removesuffix("00000"), end) for name, (start, end) in EXPECTED.items()}
    assert set(whole) >= {("cool-down", "23:07:30"), ("afterwards", None)}


def test_they_are_listed_whole(written: str) -> None:
    rows = [line.split("  ") for line in succeeded(perfops("phase", "nightly", "--db", written)).splitlines()]
    assert [row[0] for row in rows] == ["phase", "warm-up", "full load, 50 %", "cool-down", "afterwards"]
    assert " ".join(rows[1][1:]).split() == ["2026-01-09", "23:06:30", "2026-01-09", "23:06:45", "15", "s"]
    assert " ".join(rows[4][1:]).split()[-2:] == ["-", "lasts"]
    told = json.loads(succeeded(perfops("phase", "nightly", "--json", "--db", written)))
    assert told[1] == {
        "phase": "full load, 50 %",
        "start": "2026-01-09T23:06:45+00:00",
        "end": "2026-01-09T23:06:50+00:00",
    }


def test_percentiles_are_of_the_samples_within(written: str) -> None:
    (told,) = json.loads(succeeded(perfops("show", "nightly", "--phase", "warm-up", "--json", "--db", written)))
    (host,) = told["devices"]
    assert (host["samples"], host["metrics"]["cpu_user"]["size"]) == (
        5,
        5,
    )  # of 23:06:41 to :45: each of the second before
    (load,) = json.loads(succeeded(perfops("show", "nightly", "--phase", "full load, 50 %", "--json", "--db", written)))
    assert load["devices"][0]["samples"] == 5
    text = succeeded(
        perfops("show", "nightly", "--kind", "disk", "--device", "sda", "--phase", "warm-up", "--db", written)
    )
    assert text.startswith("vm-01 (azure), warm-up: 2026-01-09 23:06:40 – 23:06:45 UTC\n\ndisk sda: 5 samples\n")
    assert "read_bytes" in text
    code, told = refused(perfops("show", "nightly", "--phase", "warmup", "--db", written))
    assert (code, "vm-01 has no phase 'warmup' (warm-up, full load, 50 %, cool-down;" in told) == (2, True)


def test_the_report_has_a_row_and_a_mark_for_each(written: str) -> None:
    page = Page(report(written, "nightly"))
    marks = [mark for mark in page.data["machines"][0]["marks"] if mark["kind"] == "phase"]
    assert [(mark["text"], mark["from"] - START, mark["to"] - START) for mark in marks] == [
        ("warm-up", 0, 5),
        ("full load, 50 %", 5, 10),
        ("cool-down", 15.5, 19),
    ]
    (table,) = page.all("table.compared phases")
    assert "warm-up 2026-01-09 23:06:40 – 23:06:45 5 s 35 % 35 %" in table.replace("\u00a0", " ")


def test_now_is_when_nothing_else_is_said_and_a_name_with_end_must_be_the_one_that_lasts(database: str) -> None:
    assert succeeded(perfops("phase", "r", "steady", "--db", database)).startswith("r: steady at 20")
    code, told = refused(perfops("phase", "r", "warm-up", "--end", "--db", database))
    assert (code, told.startswith("no phase 'warm-up' of the run 'r' lasts then ('steady' does;")) == (2, True)
    assert succeeded(perfops("phase", "r", "steady", "--end", "--db", database)).startswith("r: the phase ends at 20")
    (found,) = json.loads(succeeded(perfops("phase", "r", "--json", "--db", database)))
    assert found["phase"] == "steady"
    assert found["start"] < found["end"]


def test_a_moment_is_written_anew_and_all_can_be_cleared(database: str) -> None:
    for name in ("stedy", "steady"):
        succeeded(perfops("phase", "r", name, "--at", "2026-01-09T23:06:41", "--db", database))
    assert "steady" in succeeded(perfops("phase", "r", "--db", database))
    assert "stedy" not in succeeded(perfops("phase", "r", "--db", database))
    assert succeeded(perfops("phase", "r", "--clear", "--db", database)) == "r: no phases\n"
    assert (
        succeeded(perfops("phase", "r", "--db", database))
        == "the run 'r' has no phases (perfops phase r NAME begins one)\n"
    )


def test_they_stay_when_a_run_is_removed_and_are_there_again_with_it(database: str, tmp_path: Path) -> None:
    perfops("phase", "nightly", "--lines", "-", "--db", database, input=LINES)
    path = record_machine(tmp_path / "vm.json", TICKS, hostname="vm-01")
    for _ in range(2):
        with connected(database) as connection:
            load_recordings(connection, tmp_path / "vm", path, run="nightly")
        assert phases(database) == EXPECTED
        succeeded(perfops("remove", IDENTITY, "--yes", "--db", database))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("r", "steady", "--at", "noon"), "bad value for --at: 'noon' is no time (try 2026-01-10T20:35:10Z)"),
        (("r", ""), "bad value for NAME: '' (try a short name in one line, such as warm-up)"),
        ((" ", "a"), "bad value for RUN: ' ' (try a short name in one line, such as warm-up)"),
        (("r", "a\nb"), "bad value for NAME: 'a\\nb' (try a short name in one line, such as warm-up)"),
        (("r", "--at", "2026-01-09"), "--at says when, and nothing says what (give the NAME of a phase, or --end)"),
        (("r", "--clear", "--end"), "NAME or --end, --lines and --clear say different things (give one of them)"),
        (
            ("r", "--lines", "/nowhere"),
            "cannot read /nowhere: No such file or directory (give a file of times and names)",
        ),
    ],
)
def test_what_cannot_be_used_is_told(words: tuple[str, ...], told: str) -> None:
    assert refused(perfops("phase", *words)) == (2, told)


def test_of_a_file_with_a_bad_line_nothing_is_written(database: str, tmp_path: Path) -> None:
    path = tmp_path / "phases.txt"
    path.write_text("2026-01-09T23:06:41 a\nwarm-up 2026-01-09T23:06:42\n")
    told = "bad value for --lines, line 2: 'warm-up' is no time (try 2026-01-10T20:35:10Z)"
    assert refused(perfops("phase", "r", "--lines", path, "--db", database)) == (2, told)
    assert json.loads(succeeded(perfops("phase", "r", "--json", "--db", database))) == []
    assert refused(perfops("phase", "r", "--lines", "-", "--db", database, input=path.read_text())) == (2, told)
    assert len(json.loads(succeeded(perfops("phase", "r", "--json", "--db", database)))) == 1
