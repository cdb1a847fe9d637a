"""Locks that others hold: a second upgrade waits for the first, and neither waits for ever."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from fix_database import connected
from fix_pcc import wait_for
from psycopg.conninfo import make_conninfo

from perfops.cli.db import migrated
from perfops.errors import DatabaseError
from perfops.store import locks, migrate, scaleout
from perfops.store.connection import Target
from perfops.store.grants import grant_reader

READER = "holder"
UPGRADE, SCALE_OUT = 0x706572666F7073, scaleout.LOCK  # the first is of migrations/env.py, which only alembic can import
SHORT = 0.2


@pytest.fixture
def reader(database: str) -> str:
    """A connection string of a role that can only read."""
    with connected(database) as owner:
        grant_reader(owner, READER, None)
    return make_conninfo(database, user=READER)


def test_a_reader_that_holds_the_lock_of_upgrades_is_named(
    database: str, reader: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "PATIENCE", SHORT)
    with psycopg.connect(reader) as held:
        held.execute("SELECT pg_advisory_lock(%s)", [UPGRADE])
        pid = held.info.backend_pid
        with pytest.raises(DatabaseError) as told:
            migrated(Target(database, "the tests"))
    assert str(told.value) == (
        f"the upgrade of the tables waited 0.2 s for another one, in the session {pid} of the role 'holder'"
        f" (try again when it is done, or end it as a superuser: SELECT pg_terminate_backend({pid}))"
    )


def test_a_reader_that_holds_the_lock_of_scaling_out_is_named(
    database: str, reader: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "PATIENCE", SHORT)
    with psycopg.connect(reader) as held, connected(database) as owner:
        held.execute("SELECT pg_advisory_lock(%s)", [SCALE_OUT])
        with pytest.raises(DatabaseError, match=r"^the move of the tables waited 0.2 s .* of the role 'holder' "):
            scaleout.carry_out(owner, "citus", print)


def test_a_transaction_that_has_read_the_views_holds_nobody_up_for_ever(
    database: str, reader: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "PATIENCE", SHORT)
    with psycopg.connect(reader) as held:
        held.execute("SELECT count(*) FROM perfops_views.collection")
        with pytest.raises(DatabaseError, match=r"lock timeout \(end who uses its tables or views, by pg_stat"):
            migrated(Target(database, "the tests"))
        with pytest.raises(DatabaseError, match="lock timeout"), connected(database) as owner:
            grant_reader(owner, READER, None)
    migrated(Target(database, "the tests"))


def test_an_upgrade_at_the_same_time_is_waited_for(database: str) -> None:
    with psycopg.connect(database) as first, psycopg.connect(database, autocommit=True) as looker:
        first.execute("SELECT pg_advisory_xact_lock(%s)", [UPGRADE])
        query = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        with ThreadPoolExecutor(1) as pool:
            second = pool.submit(migrate.upgrade, database)
            wait_for("the second upgrade to wait", lambda: looker.execute(query).fetchone() == (1,))
            first.commit()
            assert second.result(timeout=30) is None
