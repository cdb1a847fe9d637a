"""`perfops report` writes one file, whole, where it was asked to, and says in one line what it cannot do."""

from pathlib import Path

import pytest
from fix_command import environment, perfops, refused, succeeded
from fix_database import MakeDatabase, connected
from fix_loaded import IDENTITY, load_recordings, record_machine


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory, databases: MakeDatabase) -> str:
    """A database with one machine in the run `night/1`."""
    folder, url = tmp_path_factory.mktemp("loaded"), databases()
    with connected(url) as connection:
        path = record_machine(folder / "x.json", 6)
        load_recordings(connection, folder / "csv", path, collector="vm", site="lab", run="night/1")
    return url


def test_the_report_of_a_run_is_written_and_its_path_printed(loaded: str, tmp_path: Path) -> None:
    done = perfops("report", "night/1", "--output", tmp_path / "night.html", "--db", loaded)
    assert succeeded(done) == f"{tmp_path / 'night.html'}\n"
    assert "<h1>night/1</h1>" in (tmp_path / "night.html").read_text(encoding="utf-8")


def test_without_a_name_the_file_is_called_after_the_run(loaded: str, tmp_path: Path) -> None:
    done = perfops("report", "night/1", cwd=tmp_path, env=environment(PERFOPS_DATABASE_URL=loaded))
    assert succeeded(done) == f"{tmp_path / 'report-night-1.html'}\n"
    assert [path.name for path in tmp_path.iterdir()] == ["report-night-1.html"]


def test_a_collection_is_asked_for_by_its_id_and_titled_by_its_machine(loaded: str, tmp_path: Path) -> None:
    succeeded(perfops("report", IDENTITY[:8], "--output", tmp_path / "x.html", "--db", loaded))
    assert "<h1>vm</h1>" in (tmp_path / "x.html").read_text(encoding="utf-8")


def test_an_unknown_run_is_refused_and_an_older_report_stays(loaded: str, tmp_path: Path) -> None:
    old = tmp_path / "old.html"
    old.write_text("old", encoding="utf-8")
    done = perfops("report", "nigth", "--output", old, "--db", loaded)
    assert refused(done) == (2, "no run or collection 'nigth' in the database (did you mean night/1?)")
    assert old.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [old]


def test_a_folder_is_no_file_to_write(loaded: str, tmp_path: Path) -> None:
    done = perfops("report", "night/1", "--output", tmp_path, "--db", loaded)
    assert refused(done) == (2, f"{tmp_path} is a folder (give a file: --output {tmp_path / 'report.html'})")


def test_a_missing_folder_is_told_before_the_database_is_asked(tmp_path: Path) -> None:
    path = tmp_path / "no" / "x.html"
    done = perfops("report", "night/1", "--output", path, "--db", "postgresql:///?host=/nowhere")
    assert refused(done) == (2, f"no such folder: {path.parent} (make it, or name another file in --output)")


def test_a_file_that_cannot_be_written_leaves_nothing_behind(loaded: str) -> None:
    done = perfops("report", "night/1", "--output", "/proc/x.html", "--db", loaded)
    code, message = refused(done)
    assert code == 3
    assert message.startswith("cannot write /proc/x.html: ")
    assert message.endswith(" (name another place in --output)")


def test_a_database_that_is_not_there_is_told(tmp_path: Path) -> None:
    done = perfops("report", "x", "--output", tmp_path / "x.html", "--db", f"postgresql:///?host={tmp_path}")
    code, message = refused(done)
    assert code == 4
    assert message.startswith("cannot connect to the database ")
