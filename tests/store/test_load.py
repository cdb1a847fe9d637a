"""Loading: the tables hold what the CSV files hold, once, and a collection is there whole or not at all."""

import csv
import os
import random
import signal
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pytest
from fix_command import BIN, environment, perfops, succeeded
from fix_database import MakeDatabase, connected
from fix_loaded import IDENTITY, START, load_recordings, record_machine
from fix_pcc import wait_for
from fix_recordings import FOLDER, MEMINFO, NAMES, needs_recordings, record, write
from psycopg import sql

from perfops.catalogue import KINDS, Kind
from perfops.errors import BadInputError
from perfops.outputs.process import process_files
from perfops.store.connection import Connection
from perfops.store.load import load
from perfops.store.sources import find_source

SOAK = bool(os.environ.get("PERFOPS_SOAK"))
TABLES = ("collector", "collection", "annotation", *(kind.table for kind in KINDS))


def checksums(connection: Connection) -> dict[str, tuple[Any, ...]]:
    """Number of rows and a checksum of their contents, for each table."""
    found = {}
    for table in TABLES:
        query = sql.SQL("SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {} t")
        row = connection.execute(query.format(sql.Identifier(table))).fetchone()
        assert row is not None
        found[table] = row
    return found


def stored(connection: Connection, kind: Kind) -> list[tuple[Any, ...]]:
    """Rows of a kind without the collection's id, times as the CSV files have them."""
    columns = sql.SQL(", ").join(map(sql.Identifier, kind.columns))
    query = sql.SQL("SELECT {} FROM {} ORDER BY {}").format(columns, sql.Identifier(kind.table), columns)
    return [(f"{row[0]:%Y-%m-%dT%H:%M:%S.%f}"[:-3], *row[1:]) for row in connection.execute(query)]


def written(path: Path, kind: Kind) -> list[tuple[Any, ...]]:
    """Rows of a CSV file in the same shape and order."""
    names = 1 + len(kind.keys) + len(kind.details)
    with path.open(newline="") as file:
        rows = list(csv.reader(file))[1:]
    read = [
        (moment(row[0]), *row[1:names], *(float(value) if value else None for value in row[names:])) for row in rows
    ]
    return sorted(read, key=lambda row: row[:names])


def moment(stamp: str) -> str:
    """A timestamp of a CSV file to the millisecond."""
    return f"{datetime.fromisoformat(stamp):%Y-%m-%dT%H:%M:%S.%f}"[:-3]


@needs_recordings
@pytest.mark.parametrize("name", NAMES)
def test_the_tables_hold_every_number_of_the_csv_files(name: str, connection: Connection, tmp_path: Path) -> None:
    files = sorted((FOLDER / name).glob("*_collection.json"), reverse=True)
    load_recordings(connection, tmp_path, *files, collector=name, site="cloud")
    compared = 0
    for kind in KINDS:
        if (tmp_path / kind.file).exists():
            rows = sorted(stored(connection, kind), key=lambda row: row[: 1 + len(kind.keys) + len(kind.details)])
            assert rows == written(tmp_path / kind.file, kind), kind.name
            compared += sum(map(len, rows))
    assert compared > 10_000
    print(f"{name}: {compared} values compared")


@needs_recordings
def test_loading_again_changes_nothing(database: str, tmp_path: Path) -> None:
    files = sorted((FOLDER / "azure-d4-loadtest").glob("*_collection.json"), reverse=True)
    process_files(files, tmp_path)
    line = ("load", tmp_path, "--collector-name", "vm-01", "--site-name", "azure", "--db", database)
    assert "new rows: 125 host" in succeeded(perfops(*line))
    with connected(database) as connection:
        before = checksums(connection)
    assert before["host_sample"][0] == 125
    assert "new rows: 0;" in succeeded(perfops(*line))
    with connected(database) as connection:
        assert checksums(connection) == before


def test_a_longer_recording_adds_the_rest(connection: Connection, tmp_path: Path) -> None:
    load_recordings(connection, tmp_path / "a", record_machine(tmp_path / "short.json", 4, end=False))
    longer = record_machine(tmp_path / "long.json", 9)
    done = load_recordings(connection, tmp_path / "b", longer)
    assert (done.new, done.rows["host"], done.rows["cpu"]) == (False, 5, 15)
    after = checksums(connection)
    for table in TABLES:
        connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
    load_recordings(connection, tmp_path / "b", longer)
    alone = checksums(connection)
    for kind in KINDS:
        assert after[kind.table] == alone[kind.table]


def test_a_collection_of_another_machine_is_refused_and_nothing_changes(database: str, tmp_path: Path) -> None:
    path = record_machine(tmp_path / "a.json")
    with connected(database) as connection:
        load_recordings(connection, tmp_path / "a", path, site="azure")
        before = checksums(connection)
    done = perfops("load", path, "--collector-name", "other", "--site-name", "azure", "--db", database)
    assert done.returncode == 2
    assert f"the collection {IDENTITY} is loaded already, of the collector 'vm-01' in site 'azure'" in done.stderr
    with connected(database) as connection:
        assert checksums(connection) == before


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("x", "host.csv line 4, cpu_user: bad value 'x' (process the collection again)"),
        ("50,50", "host.csv line 4: extra data after last expected column (process the collection again)"),
    ],
)
def test_a_bad_row_is_named_and_nothing_is_loaded(wrong: str, told: str, database: str, tmp_path: Path) -> None:
    process_files([record_machine(tmp_path / "a.json")], tmp_path)
    host = tmp_path / "host.csv"
    lines = host.read_text().splitlines()
    stamp, _, rest = lines[3].split(",", 2)
    lines[3] = f"{stamp},{wrong},{rest}"
    host.write_text("\n".join(lines) + "\n")
    done = perfops("load", tmp_path, "--db", database)
    assert (done.returncode, done.stderr) == (2, f"perfops: {tmp_path}/{told}\n")
    with connected(database) as connection:
        assert {count for count, _ in checksums(connection).values()} == {0}


def test_names_with_commas_quotes_and_line_ends_survive(connection: Connection, tmp_path: Path) -> None:
    name = 'odd, "quoted"\nname'
    container = {"container_id": "c" * 64, "container_name": name, "runtime": "docker", "memory_current": 1}
    lines = [record(100 + n, "container/docker/" + "c" * 12, container | {"cpu_usage_usec": n}) for n in range(3)]
    lines += [record(100, "/proc/meminfo", MEMINFO)]
    load_recordings(connection, tmp_path, write(tmp_path / "a.json", lines), collector="vm")
    rows = connection.execute("SELECT DISTINCT container_name, runtime FROM container_sample").fetchall()
    assert rows == [(name, "docker")]


def test_a_host_csv_alone_may_have_its_columns_in_any_order(connection: Connection, tmp_path: Path) -> None:
    process_files([record_machine(tmp_path / "a.json")], tmp_path / "out")
    with (tmp_path / "out" / "host.csv").open(newline="") as file:
        rows = [row[::-1] for row in csv.reader(file)]
    alone = tmp_path / "alone.csv"
    with alone.open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    done = load(connection, find_source(alone), collector="vm", site="lab")
    assert done.rows["host"] == 5
    (kind,) = (kind for kind in KINDS if kind.name == "host")
    assert stored(connection, kind) == written(tmp_path / "out" / "host.csv", kind)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda text: text.replace("cpu_idle,", "", 1), "has no column 'cpu_idle'"),
        (lambda text: text.replace("cpu_idle,", "cpu_idle,more,", 1), "has an unknown column 'more'"),
        (lambda text: text.replace("cpu_idle,", "cpu_idle,cpu_idle,", 1), "has twice the column 'cpu_idle'"),
        (lambda text: text.splitlines()[0] + "\n", "has no rows"),
    ],
)
def test_a_host_csv_of_another_shape_is_refused(change: Any, told: str, tmp_path: Path) -> None:
    process_files([record_machine(tmp_path / "a.json")], tmp_path / "out")
    path = tmp_path / "host.csv"
    path.write_text(change((tmp_path / "out" / "host.csv").read_text()))
    with pytest.raises(BadInputError, match=told):
        find_source(path)


def test_labels_and_run_are_kept_and_can_be_added_to(connection: Connection, tmp_path: Path) -> None:
    path = record_machine(tmp_path / "a.json", labels={"build": "1", "kind": "nightly"})
    load_recordings(connection, tmp_path / "out", path, labels={"build": "2"}, run="first")
    query = "SELECT labels, run FROM collection"
    assert connection.execute(query).fetchone() == ({"build": "2", "kind": "nightly"}, "first")
    again = load_recordings(connection, tmp_path / "out", path, labels={"more": "3"})
    assert again.moved_from is None
    assert connection.execute(query).fetchone() == ({"build": "2", "kind": "nightly", "more": "3"}, "first")
    assert load_recordings(connection, tmp_path / "out", path, run="second").moved_from == "first"
    assert connection.execute(query).fetchone() == ({"build": "2", "kind": "nightly", "more": "3"}, "second")


def test_a_machine_that_is_in_the_run_already_is_told(database: str, tmp_path: Path) -> None:
    """Under the name of an older run a machine's new collection would be shown beside the old one."""
    told = []
    for number, run in enumerate(("first", "first", "second", "first")):
        identity = str(uuid5(NAMESPACE_URL, str(number)))
        path = record_machine(tmp_path / f"{number}.json", identity=identity, start=START + 100 * number)
        told.append(succeeded(perfops("load", path, "--run", run, "--db", database)))
    for text, beside in zip(told, ("", "; beside 1 more of vm-01 in this run", "", "; beside 2 more"), strict=True):
        assert beside in text
        assert bool(beside) == ("beside" in text)
    assert "beside" not in succeeded(perfops("load", path, "--run", "first", "--db", database))  # nothing is new


def test_two_loads_at_the_same_time_give_the_contents_of_one(databases: MakeDatabase, tmp_path: Path) -> None:
    process_files([record_machine(tmp_path / "a.json", 2000)], tmp_path)
    once, twice = databases(), databases()
    succeeded(perfops("load", tmp_path, "--db", once))
    line = [BIN / "perfops", "load", tmp_path, "--db", twice]
    both = [
        subprocess.Popen(line, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    told = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    found = []
    for url in (once, twice):
        with connected(url) as connection:
            sums = checksums(connection)
            found.append({kind.table: sums[kind.table] for kind in KINDS})
    assert found[0] == found[1]


@pytest.mark.soak
def test_a_load_that_is_killed_leaves_nothing_or_all(databases: MakeDatabase, tmp_path: Path) -> None:
    """kill -9 at a random moment; the next load completes, and the contents are those of a load that was let alone."""
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    moments = random.Random(seed)
    process_files([record_machine(tmp_path / "a.json", 20_000)], tmp_path)
    untouched, database = databases(), databases()
    whole = counts_after_load(untouched, tmp_path)
    line = [BIN / "perfops", "load", tmp_path, "--db", database]
    outcomes = set()
    for number in range(100 if SOAK else 6):
        with subprocess.Popen(line, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            if number % 2:
                wait_for("rows on their way", lambda: copies(database) or process.poll() is not None)
            try:
                process.wait(moments.uniform(0.0, 0.5 if number % 2 else 1.5))
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
        with connected(database) as connection:
            found = settled_counts(connection)
        outcomes.add(found["host_sample"])
        assert found in (dict.fromkeys(TABLES, 0), whole)
        if number % 3 == 2:
            assert counts_after_load(database, tmp_path) == whole
        with connected(database) as connection:
            for table in TABLES:
                connection.execute(sql.SQL("TRUNCATE {}").format(sql.Identifier(table)))
    print(f"outcomes: {outcomes}")


def copies(database: str) -> bool:
    """Whether somebody copies rows into a database."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'COPY%'"
    with connected(database) as connection:
        return connection.execute(query).fetchone() != (0,)


def counts_after_load(database: str, folder: Path) -> dict[str, int]:
    """Rows of every table after a load that nobody disturbs."""
    succeeded(perfops("load", folder, "--db", database))
    with connected(database) as connection:
        return {table: count for table, (count, _) in checksums(connection).items()}


def settled_counts(connection: Connection) -> dict[str, int]:
    """Rows of every table, once the server has noticed that the killed client is gone."""
    query = """
        SELECT count(*) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"""
    while connection.execute(query).fetchone() != (0,):
        connection.rollback()
        connection.execute("SELECT pg_sleep(0.01)")
    connection.rollback()
    return {table: count for table, (count, _) in checksums(connection).items()}
