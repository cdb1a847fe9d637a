"""Revisions of the schema: each is reached from the one before, with what is in the database, and back again."""

from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from fix_database import MakeDatabase, connected
from fix_loaded import load_recordings, record_machine
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from perfops.catalogue import CONTAINER, KINDS
from perfops.errors import BadInputError, DatabaseError
from perfops.store import migrate, migrations
from perfops.store.connection import Connection
from perfops.store.copying import copy_file
from perfops.store.schema import metadata

VERSIONS = Path(migrations.__file__).with_name("versions")
FIRST = "0001"


def columns(conninfo: str, table: str) -> list[str]:
    """Names of a table's columns."""
    query = """
        SELECT column_name FROM information_schema.columns
         WHERE table_schema = 'public' AND table_name = %s ORDER BY ordinal_position"""
    with psycopg.connect(conninfo) as opened:
        return [name for (name,) in opened.execute(query, [table])]


def differences(conninfo: str) -> list[object]:
    """How the tables of a database differ from the schema in the code."""
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(conninfo), poolclass=NullPool)
    with engine.connect() as opened:
        return list(compare_metadata(MigrationContext.configure(opened), metadata))


def test_the_last_revision_is_the_one_the_program_needs() -> None:
    names = sorted(path.name[:4] for path in VERSIONS.glob("0*.py"))
    assert names == [f"{number:04}" for number in range(1, int(migrate.HEAD) + 1)]


def test_the_revisions_give_the_schema_of_the_code(database: str) -> None:
    assert differences(database) == []


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_table_has_the_columns_of_its_catalogue(kind, database: str) -> None:
    assert columns(database, kind.table) == ["collection_id", *kind.columns]


def test_rows_loaded_before_stay_and_have_nothing_in_the_new_columns(
    empty_databases: MakeDatabase, tmp_path: Path
) -> None:
    conninfo = empty_databases()
    migrate.upgrade(conninfo, FIRST)
    old = columns(conninfo, "system_sample")
    with psycopg.connect(conninfo) as opened:
        query = """INSERT INTO system_sample (collection_id, "timestamp", forks)
                   SELECT gen_random_uuid(), now(), number FROM generate_series(1, 9) number"""
        opened.execute(query)
    migrate.upgrade(conninfo)
    new = columns(conninfo, "system_sample")
    assert new[: len(old)] == old
    assert len(new) > len(old)
    with psycopg.connect(conninfo) as opened:
        found = opened.execute(f"SELECT sum(forks), count({new[-1]}) FROM system_sample").fetchone()
    assert found == (45, 0)
    assert differences(conninfo) == []
    migrate.downgrade(conninfo, FIRST)
    assert columns(conninfo, "system_sample") == old


def test_a_downgrade_to_nothing_leaves_nothing(empty_databases: MakeDatabase) -> None:
    conninfo = empty_databases()
    migrate.upgrade(conninfo)
    migrate.downgrade(conninfo, "base")
    with psycopg.connect(conninfo) as opened:
        query = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
        assert opened.execute(query).fetchall() == [("alembic_version",)]


OLDER = (
    "timestamp,container_id,container_name,runtime,cpu_percent,cpu_user_percent,cpu_system_percent,"
    "memory_current_bytes,memory_max_bytes,memory_percent,io_read_bytes,io_write_bytes,io_read_ops,io_write_ops,"
    "pids_current"
)


def test_a_file_made_before_a_column_was_there_is_loaded(connection: Connection, tmp_path: Path) -> None:
    path = tmp_path / "containers.csv"
    path.write_text(f"{OLDER}\n2026-01-10T20:35:10Z,abc,web,docker,1,2,3,4,5,6,7,8,9,10,11\n")
    identity = load_recordings(connection, tmp_path / "out", record_machine(tmp_path / "host.json")).collection
    assert copy_file(connection, CONTAINER, path, identity, lambda _: None) == 1
    found = connection.execute("SELECT pids_current, pids_max FROM container_sample").fetchone()
    assert found == (11, None)


@pytest.mark.parametrize(
    ("header", "told"),
    [
        (OLDER.replace(",runtime", ""), "has no column 'runtime'"),
        (f"{OLDER},pids_current", "has twice the column 'pids_current'"),
        (f"{OLDER},pids_most", "has an unknown column 'pids_most'"),
    ],
)
def test_columns_that_are_wrong_are_told(header: str, told: str, connection: Connection, tmp_path: Path) -> None:
    path = tmp_path / "containers.csv"
    path.write_text(f"{header}\n")
    identity = load_recordings(connection, tmp_path / "out", record_machine(tmp_path / "host.json")).collection
    with pytest.raises(BadInputError, match=told):
        copy_file(connection, CONTAINER, path, identity, lambda _: None)


def test_a_database_at_an_earlier_revision_is_told_with_the_remedy(empty_databases: MakeDatabase) -> None:
    conninfo = empty_databases()
    migrate.upgrade(conninfo, FIRST)
    told = r"schema 0001, and perfops needs \d{4} \(run perfops db upgrade\)"
    with pytest.raises(DatabaseError, match=told), connected(conninfo):
        pass
