"""PostgreSQL for tests: an embedded server of their own, and as many fresh databases in it as they ask for."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from itertools import count
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from perfops.store import embedded, home, migrate
from perfops.store.connection import Connection, Target
from perfops.store.connection import database as open_database

ROOMY = Path("/var/tmp")  # pytest's own folders are private, and root's server runs as another account
TEMPLATE = "with_tables"

MakeDatabase = Callable[[], str]


@pytest.fixture(scope="session")
def server() -> Iterator[home.Home]:
    """The embedded server, started once for all tests of a process; PERFOPS_HOME names it, so no other is touched."""
    folder = Path(tempfile.mkdtemp(prefix="perfops-test-", dir=ROOMY))
    folder.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PERFOPS_HOME", str(folder))
        found = home.find_home()
        try:
            embedded.start(found)
            yield found
        finally:
            embedded.stop(found)
            shutil.rmtree(folder)


@pytest.fixture(scope="session")
def empty_databases(server: home.Home) -> MakeDatabase:
    """A function that makes a database without tables and returns its connection string."""
    numbers = count()

    def make() -> str:
        return create(server, f"empty_{next(numbers)}")

    return make


@pytest.fixture(scope="session")
def databases(server: home.Home) -> MakeDatabase:
    """A function that makes a database with perfops' tables, all of them empty, and returns its connection string."""
    numbers = count()
    migrate.upgrade(create(server, TEMPLATE))

    def make() -> str:
        return create(server, f"test_{next(numbers)}", TEMPLATE)

    return make


@pytest.fixture
def database(databases: MakeDatabase) -> str:
    """The connection string of a database with empty tables that no other test sees."""
    return databases()


@pytest.fixture
def connection(database: str) -> Iterator[Connection]:
    """A connection of perfops to this test's own database; what it does is committed at the end."""
    with connected(database) as opened:
        yield opened


def create(server: home.Home, name: str, template: str = "template1") -> str:
    """Make a database as a copy of another one that nobody is connected to; returns its connection string."""
    with psycopg.connect(embedded.conninfo(server), autocommit=True) as opened:
        query = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        opened.execute(query.format(sql.Identifier(name), sql.Identifier(template)))
    return embedded.conninfo(server, name)


def connected(conninfo: str) -> AbstractContextManager[Connection]:
    """`with connected(conninfo) as connection`: one transaction as perfops opens it, committed at the end."""
    return open_database(Target(conninfo, "the tests"))
