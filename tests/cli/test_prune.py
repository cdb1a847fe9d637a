"""perfops prune: what is old goes from the database and the folder of results, and nothing that is not loaded."""

import json
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from fix_command import environment, perfops, refused, succeeded
from fix_database import MakeDatabase, connected
from fix_loaded import START, load_recordings, record_machine

from perfops.store.phases import Mark, write_marks

RUNS = ("run-1", "run-2", "run-3")  # a day apart, the first the oldest; all of January 2026
IDENTITY = "77777777-2222-4333-8444-{:012x}"
DAY = 86_400


class Place:
    """A folder of results and the database that they were loaded into."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder, self.results = url, folder, folder / "results"
        for number, run in enumerate(RUNS):
            for machine, site in (("vm-01", "azure"), ("vm-02", "oci")):
                path = self.recorded(run, machine, 2 * number + (machine == "vm-02"))
                with connected(url) as connection:
                    load_recordings(connection, path.parent, path, collector=machine, site=site, run=run)

    def recorded(self, run: str, machine: str, number: int) -> Path:
        """A recording that a playbook has brought home."""
        place = self.results / run / machine
        place.mkdir(parents=True)
        (self.results / run / "run.json").write_text("{}")
        (self.results / run / "report.html").write_text("x")
        start = START + DAY * (number // 2)
        return record_machine(
            place / "collection.json", identity=IDENTITY.format(number), hostname=machine, start=start
        )

    def prune(self, *words: str, **options: Any) -> Any:
        """The command, in the folder that `results` is in."""
        env = environment(PERFOPS_DATABASE_URL=self.url)
        return perfops("prune", *words, cwd=self.folder, env=env, **options)

    def told(self, *words: str) -> dict[tuple[str, str, str], str | None]:
        """What is asked to go, and why it stays, None where it went."""
        rows = json.loads(succeeded(self.prune(*words, "--yes", "--json")))
        assert all(row["removed"] == (row["kept"] is None and "--dry-run" not in words) for row in rows)
        assert all(row["bytes"] > 0 for row in rows)
        return {(row["place"], row["run"], row["machine"]): row["kept"] for row in rows}

    def here(self) -> tuple[set[str], set[str]]:
        """Runs and machines that are in the folder, and in the database."""
        with connected(self.url) as connection:
            rows = connection.execute(
                "SELECT run || '/' || name FROM collection JOIN collector c ON c.id = collector_id"
            )
            stored = {row[0] for row in rows}
        return {f"{path.parent.name}/{path.name}" for path in self.results.glob("*/*") if path.is_dir()}, stored


@pytest.fixture
def place(databases: MakeDatabase, tmp_path: Path) -> Place:
    """Three runs of two machines."""
    return Place(databases(), tmp_path)


BOTH = {f"{run}/vm-0{number}" for run in RUNS for number in (1, 2)}


def test_what_would_go_is_listed_with_its_size_and_stays(place: Place) -> None:
    text = succeeded(place.prune("--keep", "2", "--dry-run"))
    lines = [line.split() for line in text.splitlines()]
    assert [(line[0], line[1], line[2], line[-1]) for line in lines[1:5]] == [
        ("run-1", machine, where, "goes") for where in ("results", "database") for machine in ("vm-01", "vm-02")
    ]
    assert [" ".join(line[:3]) for line in lines[5:]] == ["database: 2 of", "results: 2 of"]
    assert place.here() == (BOTH, BOTH)


def test_without_an_answer_nothing_goes_and_without_a_condition_nothing_is_asked(place: Place) -> None:
    assert place.prune("--keep", "1").returncode == 1
    assert place.prune("--keep", "1", input="n\n").returncode == 1
    code, text = refused(place.prune("--yes"))
    assert (code, text) == (2, "say what is to go (try --older-than 30d, --keep 20 or --run NAME)")
    assert place.here() == (BOTH, BOTH)


def test_by_count_age_run_and_site(place: Place) -> None:
    assert place.told("--older-than", "10000d") == {}
    gone = place.told("--older-than", "1d", "--keep", "2")  # all are older, and the newest two stay
    assert gone == {(where, "run-1", f"vm-0{n}"): None for where in ("results", "database") for n in (1, 2)}
    left = {name for name in BOTH if not name.startswith("run-1")}
    assert place.here() == (left, left)
    assert not (place.results / "run-1").exists()
    with connected(place.url) as connection:
        write_marks(connection, "run-2", [Mark(datetime.now(UTC), "steady")])
    journals = place.results / "run-2" / ".hosts"  # of a third machine that is not home yet
    journals.mkdir()
    for number in (1, 2, 3):
        (journals / f"vm-0{number}.json").write_text("{}")
    place.told("--run", "run-2", "--site", "oci")
    assert place.here() == (left - {"run-2/vm-02"} | {"run-2/.hosts"}, left - {"run-2/vm-02"})
    place.told("--run", "run-2", "--site", "azure", "--only", "results")
    noted = {path.stem: json.loads(path.read_text()).get("pruned") for path in journals.iterdir()}
    assert noted == {"vm-01": True, "vm-02": True, "vm-03": None}  # who goes on with it samples the third alone
    assert (place.results / "run-2" / "run.json").exists()
    place.told("--run", "run-2", "--only", "database")
    with connected(place.url) as connection:  # for what the third machine brings
        assert connection.execute("SELECT name FROM phase").fetchall() == [("steady",)]
    place.told("--run", "run-3", "--only", "database")
    assert place.here() == ({"run-2/.hosts", "run-3/vm-01", "run-3/vm-02"}, set())


def test_only_what_perfops_made_goes(place: Place) -> None:
    """The log of Ansible and what is on its way are of perfops, a load generator's file beside them is not."""
    (place.results / "run-1" / "ansible.log").write_text("x")
    folders = [place.results / run / "vm-01" for run in ("run-1", "run-2")]
    for folder in folders:
        (folder / "spool").mkdir()
        for name in ("spool/00000001.json", "spool/host.csv", ".arriving"):
            (folder / name).write_text("")
    file = folders[1] / "jmeter.jtl"
    file.write_text("mine")
    done = place.prune("--keep", "1", "--yes")
    assert (done.returncode, done.stderr) == (
        0,
        f"{file.parent.relative_to(place.folder)} stays: perfops did not make jmeter.jtl\n",
    )
    assert [path for path in place.results.rglob("*") if "run-3" not in path.parts and path.is_file()] == [file]
    assert place.told("--older-than", "1d", "--run", "run-2") == {}  # nobody's business here


def test_what_is_not_wholly_loaded_stays_and_it_is_said_why(place: Place) -> None:
    os.utime(place.recorded("run-0", "vm-01", 20), (START, START))
    stale = place.results / "run-1" / "vm-01" / "collection.json"
    os.utime(stale, (stale.stat().st_atime, stale.stat().st_mtime + 60))
    with connected(place.url) as connection:
        connection.execute("DELETE FROM host_sample WHERE collection_id = %s", [IDENTITY.format(1)])
        connection.execute("DELETE FROM collection WHERE id = %s", [IDENTITY.format(2)])
        query = "UPDATE collection SET mode = 'trickle', complete = false, loaded_at = now() WHERE id = %s"
        connection.execute(query, [IDENTITY.format(5)])
    (place.results / "mine").mkdir()  # nothing of a playbook
    (place.results / "mine" / "notes").mkdir()
    assert place.told("--older-than", "1d") == {
        ("results", "run-0", "vm-01"): "its recording is not processed",
        ("results", "run-1", "vm-01"): "its recording is not processed",
        ("results", "run-1", "vm-02"): "its books do not close: host: 5 rows by processing, 0 in the database",
        ("results", "run-2", "vm-01"): "it is not loaded",
        ("results", "run-2", "vm-02"): None,
        ("results", "run-3", "vm-01"): None,
        ("results", "run-3", "vm-02"): "its stream has no end in the database",
        ("database", "run-1", "vm-01"): "its folder stays",
        ("database", "run-1", "vm-02"): "its folder stays",
        ("database", "run-2", "vm-02"): None,
        ("database", "run-3", "vm-01"): None,
        ("database", "run-3", "vm-02"): "it streams",
    }
    kept = {"run-1/vm-01", "run-1/vm-02", "run-3/vm-02"}
    journals = {"run-2/.hosts", "run-3/.hosts"}  # which say of a machine that went that it is not to be sampled again
    assert place.here() == (kept | journals | {"run-0/vm-01", "run-2/vm-01", "mine/notes"}, kept)


def test_a_longer_recording_than_is_loaded_stays(place: Place) -> None:
    folder = place.results / "run-1" / "vm-01"
    path = record_machine(folder / "collection.json", 30, identity=IDENTITY.format(0), hostname="vm-01")
    succeeded(perfops("process", path, "--outdir", folder))
    told = place.told("--run", "run-1", "--only", "results")
    assert told["results", "run-1", "vm-01"] == "the database has 5 of its 29 host samples"


def test_what_is_loaded_at_this_moment_stays(place: Place) -> None:
    with psycopg.connect(place.url) as loading:
        loading.execute("SELECT 1 FROM collection WHERE id = %s FOR UPDATE", [IDENTITY.format(0)])
        done = place.prune("--run", "run-1", "--only", "database", "--yes")
        assert succeeded(done).endswith("removed 1\nvm-01 of run-1 stays: it is being loaded\n")
    assert place.here()[1] == BOTH - {"run-1/vm-02"}


def test_phases_go_with_the_last_collection_of_their_run(place: Place) -> None:
    with connected(place.url) as connection:
        for run in RUNS:
            write_marks(connection, run, [Mark(connection.execute("SELECT now()").fetchone()[0], "steady")])  # type: ignore[index]
    place.told("--run", "run-1")
    place.told("--run", "run-2", "--site", "oci")
    with connected(place.url) as connection:
        assert connection.execute("SELECT run FROM phase ORDER BY run").fetchall() == [("run-2",), ("run-3",)]


def test_a_database_without_results_is_pruned_and_a_folder_that_is_named_must_be_there(place: Place) -> None:
    shutil.rmtree(place.results)
    assert set(place.told("--keep", "2")) == {("database", "run-1", "vm-01"), ("database", "run-1", "vm-02")}
    code, text = refused(place.prune("--keep", "1", "--results", "elsewhere", "--yes"))
    assert (code, text) == (3, "cannot read elsewhere: No such file or directory (see --results)")
