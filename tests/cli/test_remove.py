"""perfops remove: a collection or a run is gone from every table, and loading it again brings it back."""

from pathlib import Path

from fix_command import perfops
from fix_database import connected
from fix_loaded import IDENTITY

from perfops.catalogue import KINDS

OTHER = IDENTITY.replace("0d8f", "aaaa")
TABLES = ("collection", "annotation", *(kind.table for kind in KINDS))


def rows(url: str) -> dict[str, int]:
    """The number of rows of each table."""
    with connected(url) as connection:
        counted = ((table, connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()) for table in TABLES)
        return {table: row[0] for table, row in counted if row}


def test_one_collection_goes_and_comes_back(loaded: str, tmp_path: Path) -> None:
    before = rows(loaded)
    done = perfops("remove", OTHER, "--yes", "--db", loaded)
    assert (done.returncode, done.stderr) == (0, "")
    told = f"{OTHER} (vm-02, azure): removed rows: 5 host, 5 system, 15 cpu, 10 disk, 10 net\n"
    assert done.stdout == told
    assert rows(loaded) == {table: count // 2 for table, count in before.items()}
    again = perfops("load", tmp_path / "vm-02", "--site-name", "azure", "--run", "nightly", "--db", loaded)
    assert again.returncode == 0, again.stderr
    assert rows(loaded) == before


def test_a_whole_run_goes(loaded: str) -> None:
    assert perfops("remove", "nightly", "--yes", "--db", loaded).returncode == 0
    assert set(rows(loaded).values()) == {0}


def test_without_an_answer_nothing_is_removed(loaded: str) -> None:
    before = rows(loaded)
    done = perfops("remove", "nightly", "--db", loaded)
    assert done.returncode == 1
    assert "remove 2 collection(s) of nightly: vm-01 (azure), vm-02 (azure)?" in done.stdout
    assert rows(loaded) == before


def test_what_is_not_there_is_told(loaded: str) -> None:
    done = perfops("remove", "weekly", "--yes", "--db", loaded)
    assert (done.returncode, "no run or collection 'weekly'" in done.stderr) == (2, True)
