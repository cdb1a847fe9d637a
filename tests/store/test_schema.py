"""The tables: what the models and the catalogue say is what the revisions make."""

import re
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from fix_command import perfops, succeeded
from fix_database import MakeDatabase
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from perfops.catalogue import KINDS
from perfops.store import migrate, migrations
from perfops.store.schema import metadata

REVISIONS = sorted(path.name[:4] for path in Path(str(migrations.__file__)).parent.glob("versions/0*.py"))


def columns(url: str) -> list[tuple[object, ...]]:
    """Every column of the schema with its type and whether it may be empty."""
    query = """
        SELECT table_name, column_name, data_type, is_nullable, ordinal_position FROM information_schema.columns
         WHERE table_schema = 'public' ORDER BY 1, 2"""
    with psycopg.connect(url) as connection:
        return connection.execute(query).fetchall()


def differences(url: str) -> list[object]:
    """What alembic would change to bring a database to the models."""
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(url), poolclass=NullPool)
    with engine.connect() as connection:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))


def test_head_is_the_last_revision() -> None:
    assert REVISIONS[-1] == migrate.HEAD


@pytest.mark.parametrize("revision", ["base", *REVISIONS])
def test_from_every_earlier_revision_to_the_models(revision: str, empty_databases: MakeDatabase) -> None:
    url = empty_databases()
    if revision != "base":
        migrate.upgrade(url, revision)
    migrate.upgrade(url)
    assert differences(url) == []
    fresh = empty_databases()
    migrate.upgrade(fresh)
    assert [row[:4] for row in columns(url)] == [row[:4] for row in columns(fresh)]


def test_down_to_nothing_and_up_again(empty_databases: MakeDatabase) -> None:
    url = empty_databases()
    migrate.upgrade(url)
    before = columns(url)
    migrate.downgrade(url, "base")
    assert {row[0] for row in columns(url)} == {"alembic_version"}
    migrate.upgrade(url)
    assert columns(url) == before


def test_the_sample_tables_are_the_catalogues(database: str) -> None:
    found: dict[str, set[str]] = {}
    for table, column, *_ in columns(database):
        found.setdefault(str(table), set()).add(str(column))
    for kind in KINDS:
        assert found[kind.table] == {"collection_id", *kind.columns}


def test_sample_tables_have_no_foreign_key_trigger_or_sequence(database: str) -> None:
    with psycopg.connect(database) as connection:
        tables = [kind.table for kind in KINDS]
        query = "SELECT conrelid::regclass::text, contype FROM pg_constraint WHERE conrelid::regclass::text = ANY(%s)"
        kinds = {str(contype) for _, contype in connection.execute(query, [tables])}
        assert kinds <= {"p", "n"}
        query = "SELECT count(*) FROM pg_trigger WHERE tgrelid::regclass::text = ANY(%s)"
        assert connection.execute(query, [tables]).fetchone() == (0,)


def test_init_and_upgrade_on_the_command_line(empty_databases: MakeDatabase, database: str) -> None:
    url = empty_databases()
    told = succeeded(perfops("db", "init", "--db", url))
    assert re.search(rf"schema {migrate.HEAD} \(before: none\)$", told)
    assert told.count("\n") == 1
    assert differences(url) == []
    again = succeeded(perfops("db", "upgrade", "--db", url))
    assert again.rstrip().endswith(f"schema {migrate.HEAD}, nothing to do but to make its views anew")


def test_a_newer_schema_is_left_alone(databases: MakeDatabase) -> None:
    url = databases()
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    for command in (("list",), ("db", "upgrade")):
        done = perfops(*command, "--db", url)
        assert done.returncode == 4
        assert "has the schema 9999, newer than" in done.stderr
        assert done.stderr.count("\n") == 1
