"""perfops verify: exit code 0 where the books close, 1 and the differences where they do not."""

import json
from pathlib import Path

from fix_command import perfops
from fix_database import connected
from fix_loaded import IDENTITY, load_recordings, record_machine

OTHER = IDENTITY.replace("0d8f", "aaaa")


def change(url: str, statement: str) -> None:
    """Run a statement in the database, committed."""
    with connected(url) as connection:
        connection.execute(statement.encode())


def test_a_line_for_each_collection_that_closes(loaded: str) -> None:
    done = perfops("verify", "nightly", "--db", loaded)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        f"closes  {name} (azure) {identity}: 6 snapshots, rows: 5 host, 5 system, 15 cpu, 10 disk, 10 net; 2 missed"
        for name, identity in (("vm-01", IDENTITY), ("vm-02", OTHER))
    ]


def test_a_row_that_is_missing_is_found_and_loading_again_brings_it_back(loaded: str, tmp_path: Path) -> None:
    change(loaded, f"DELETE FROM disk_sample WHERE collection_id = '{OTHER}' AND device = 'sda'")
    done = perfops("verify", "nightly", "--db", loaded)
    assert done.returncode == 1
    first, second, difference = done.stdout.splitlines()
    assert first.startswith("closes  vm-01 ")
    assert second.startswith("differs  vm-02 ")
    assert difference == "  disk: 10 rows by processing, 5 in the database"
    assert done.stderr == (
        "perfops: the books of 1 of 2 collections do not close (where rows are missing, load the recording again: that"
        " adds what is not there)\n"
    )
    again = perfops("load", tmp_path / "vm-02", "--site-name", "azure", "--db", loaded)
    assert again.returncode == 0, again.stderr
    assert perfops("verify", "nightly", "--db", loaded).returncode == 0


def test_a_row_too_many_is_found(loaded: str) -> None:
    change(
        loaded,
        "INSERT INTO host_sample (collection_id, timestamp)"
        f" SELECT collection_id, max(timestamp) + interval '1 s' FROM host_sample"
        f" WHERE collection_id = '{IDENTITY}' GROUP BY 1",
    )
    done = perfops("verify", IDENTITY, "--db", loaded)
    assert done.returncode == 1
    assert [line.strip() for line in done.stdout.splitlines()[1:]] == [
        "host: 5 rows by processing, 6 in the database",
        "host: 1 rows before the start or after the end",
        "host: 6 snapshots in 1 segment make 5 rows, 6 in the database",
    ]
    assert perfops("verify", OTHER, "--db", loaded).returncode == 0


def test_a_collection_without_an_end_record_says_so(loaded: str, tmp_path: Path) -> None:
    path = record_machine(tmp_path / "cut.json", identity=IDENTITY.replace("0d8f", "bbbb"), end=False)
    with connected(loaded) as connection:
        load_recordings(connection, tmp_path / "cut", path, run="cut")
    done = perfops("verify", "cut", "--db", loaded)
    assert done.returncode == 0
    assert done.stdout.endswith("10 net; 0 missed; no end record: cut short\n")


def test_the_json_has_these_keys(loaded: str) -> None:
    change(loaded, f"DELETE FROM annotation WHERE collection_id = '{OTHER}'")
    done = perfops("verify", "nightly", "--json", "--db", loaded)
    assert done.returncode == 1
    first, second = json.loads(done.stdout)
    assert list(first) == ["collection", "run", "collector", "site", "end", "closes", "checks", "notes"]
    assert (first["collection"], first["closes"], second["closes"]) == (IDENTITY, True, False)
    assert all(check["closes"] for check in first["checks"])
    assert [check for check in second["checks"] if not check["closes"]] == [
        {"check": "missed", "kind": None, "expected": 2, "found": 0, "closes": False}
    ]


def test_no_such_run_is_one_line(loaded: str) -> None:
    done = perfops("verify", "nighty", "--db", loaded)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "perfops: no run or collection 'nighty' in the database (did you mean nightly?)\n"
