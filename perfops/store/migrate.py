"""The schema's revisions: from nothing or any earlier one to the one this program knows."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from perfops.errors import DatabaseError

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0004"  # a test holds it to the last file of migrations/versions
REVISION = re.compile(r"\d{4}")  # how those of perfops are named
ALWAYS: dict[str, Any] = {  # settings of every connection: texts are texts also where the database says SQL_ASCII
    "client_encoding": "utf8",
    "fallback_application_name": "perfops",
}
MAINTENANCE = "postgres"  # the database to be in while another one is made

Connection = psycopg.Connection[tuple[Any, ...]]


def current(connection: Connection) -> str | None:
    """Revision of the schema of a database, None where there is none."""
    found = connection.execute("SELECT to_regclass('alembic_version')").fetchone()
    if found is None or found[0] is None:
        return None
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return None if row is None else str(row[0])


def check(found: str | None, where: str) -> None:
    """DatabaseError where the schema of a database, `where`, is not this program's."""
    if found is None:
        raise DatabaseError(f"{where} has no tables of perfops yet (run perfops db init)")
    check_not_newer(found, where)
    if found != HEAD:
        raise DatabaseError(f"{where} has the schema {found}, and perfops needs {HEAD} (run perfops db upgrade)")


def check_not_newer(found: str | None, where: str) -> None:
    """DatabaseError where the schema of a database is one that this program cannot know."""
    if found is not None and not REVISION.fullmatch(found):
        raise DatabaseError(
            f"{where} holds the tables of another program, by its alembic_version {found!r}"
            " (name a database of perfops' own)"
        )
    if (found or "") > HEAD:
        raise DatabaseError(f"{where} has the schema {found}, newer than {HEAD} of this perfops (upgrade perfops)")


def upgrade(conninfo: str, revision: str = "head") -> None:
    """Bring the schema to `revision` in one transaction; when two do it at once, the second finds nothing to do.

    psycopg's errors are the caller's to explain, here as below.
    """
    from alembic import command

    with configured(conninfo) as config:
        command.upgrade(config, revision)


def downgrade(conninfo: str, revision: str) -> None:
    """Take the schema back to an earlier `revision`, `base` for none, in one transaction."""
    from alembic import command

    with configured(conninfo) as config:
        command.downgrade(config, revision)


def revise(conninfo: str, message: str) -> None:
    """Write the next file of migrations/versions: how schema.py differs from a database at HEAD."""
    from alembic import command

    with configured(conninfo) as config:
        command.revision(config, message, autogenerate=True, rev_id=f"{int(HEAD) + 1:04}")


@contextmanager
def configured(conninfo: str) -> Iterator["Config"]:
    """Alembic's configuration: the scripts of this package, and connections as libpq makes them."""
    from alembic.config import Config
    from sqlalchemy import create_engine
    from sqlalchemy.exc import DBAPIError
    from sqlalchemy.pool import NullPool

    config = Config()
    config.set_main_option("script_location", "perfops.store:migrations")
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.attributes["engine"] = create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(conninfo, **ALWAYS), poolclass=NullPool
    )
    try:
        yield config
    except DBAPIError as error:
        raise (error.orig or error) from error


def make_database(conninfo: str) -> bool:
    """Make the database a connection string names where it is missing; False where it was there already."""
    try:
        psycopg.connect(conninfo, **ALWAYS).close()
    except psycopg.OperationalError as error:
        if error.pgconn is None:
            raise
        name = error.pgconn.db.decode()
        try:
            connection = psycopg.connect(conninfo, dbname=MAINTENANCE, autocommit=True, **ALWAYS)
        except psycopg.OperationalError:
            raise error from None
        with connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
                raise
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return True
    return False
