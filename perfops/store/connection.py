"""Which database, and a connection to it whose failures are one line with a remedy."""

import logging
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict

from perfops.errors import BadInputError, DatabaseError, MachineError, PerfopsError
from perfops.store import embedded, home, migrate
from perfops.store.migrate import ALWAYS

VARIABLE = "PERFOPS_DATABASE_URL"
LIBPQ_VARIABLES = ("PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGUSER", "PGSERVICE")

Connection = psycopg.Connection[tuple[Any, ...]]
logging.getLogger("psycopg").addHandler(logging.NullHandler())  # what it has to say comes as an exception, too


@dataclass(frozen=True, slots=True)
class Target:
    """A database: libpq's connection string (may hold a password, so it is not shown), and who named it."""

    conninfo: str = field(repr=False)
    origin: str
    server: home.Home | None = None  # of the embedded server

    def described(self) -> str:
        """The database in words, without the password."""
        if self.server is not None:
            return f"the embedded database in {self.server.path}"
        parts = conninfo_to_dict(self.conninfo)
        host = parts.get("host") or parts.get("hostaddr") or os.environ.get("PGHOST") or os.environ.get("PGHOSTADDR")
        name = parts.get("dbname") or os.environ.get("PGDATABASE")
        place = f" on {host}" if host else ""
        return f"the database {name}{place} ({self.origin})" if name else f"the database{place} ({self.origin})"


def find_target(url: str | None, environment: Mapping[str, str] = os.environ) -> Target:
    """The database of `--db`, else of PERFOPS_DATABASE_URL, else of the PG* variables, else the embedded server's.

    BadInputError where the connection string cannot be read; it is not repeated, as it may hold a password.
    """
    for given, origin in ((url, "--db"), (environment.get(VARIABLE), VARIABLE)):
        if given:
            check_conninfo(given, origin)
            return Target(given, origin)
    if any(environment.get(name) for name in LIBPQ_VARIABLES):
        return Target("", "the PG* variables")
    server = home.find_home()
    return Target(embedded.conninfo(server), "the embedded server", server)


def check_conninfo(given: str, origin: str) -> None:
    """BadInputError where a connection string cannot be read, or where a part of its password is taken for its host."""
    try:
        parts = conninfo_to_dict(given)
        given.encode()
    except (psycopg.ProgrammingError, UnicodeEncodeError):
        raise BadInputError(
            f"{origin} is not a connection string of PostgreSQL (try postgresql://user@host/database)"
        ) from None
    if "@" in str(parts.get("host", "")).lstrip("@"):
        raise BadInputError(f"{origin} has more than one @ in front of the host (write that of a password as %40)")


def connect(target: Target) -> Connection:
    """A connection in UTC to a database whose schema may be of any revision; starts the embedded server when needed."""
    try:
        return open_utc(target.conninfo)
    except psycopg.Error as error:
        if target.server is None:
            raise cannot_connect(target, error) from error
    embedded.start(target.server)
    try:
        return open_utc(target.conninfo)
    except psycopg.Error as error:
        raise cannot_connect(target, error) from error


@contextmanager
def database(target: Target) -> Iterator[Connection]:
    """A connection to a database with this program's schema: one transaction, committed at the end.

    The embedded database gets its tables by itself; any other one is told about `perfops db init` and `upgrade`.
    """
    with explained(target), connect(target) as connection:
        found = migrate.current(connection)
        connection.rollback()
        if found != migrate.HEAD and target.server is not None:
            migrate.check_not_newer(found, target.described())
            migrate.upgrade(target.conninfo)
        else:
            migrate.check(found, target.described())
        yield connection


def create(target: Target) -> bool:
    """Make the database itself where it is missing and the role may; False where it was there. No tables yet."""
    if target.server is not None:
        embedded.start(target.server)
        return False
    try:
        return migrate.make_database(target.conninfo)
    except psycopg.OperationalError as error:
        raise cannot_connect(target, error) from error
    except psycopg.Error as error:
        raise explain(target, error) from error


def open_utc(conninfo: str) -> Connection:
    """A connection whose times are in UTC."""
    connection = psycopg.connect(conninfo, autocommit=True, **ALWAYS)
    connection.execute("SET TIME ZONE 'UTC'")
    connection.autocommit = False
    return connection


@contextmanager
def explained(target: Target) -> Iterator[None]:
    """Turn errors of PostgreSQL into those a user meets."""
    try:
        yield
    except PerfopsError:
        raise
    except psycopg.Error as error:
        raise explain(target, error) from error


def explain(target: Target, error: psycopg.Error) -> PerfopsError:
    """What an error of a statement means for the user."""
    text, where = one_line(target, error), target.described()
    match error:
        case errors.DiskFull() | errors.OutOfMemory():
            if target.server is not None:
                return MachineError(f"{where}: {text} (free some space; nothing was changed)")
            return DatabaseError(f"{where}: {text} (free some on its server; nothing was changed)")
        case errors.ConfigurationLimitExceeded():  # as of TimescaleDB, which says which one
            hint = " ".join((error.diag.message_hint or "raise the limit on its server").split()).rstrip(".")
            return DatabaseError(f"{where}: {text} ({hint[:1].lower()}{hint[1:]}; nothing was changed)")
        case errors.UndefinedTable() | errors.UndefinedColumn() | errors.InvalidSchemaName():
            return DatabaseError(f"{where}: {text} (perfops db upgrade)")
        case errors.InsufficientPrivilege():
            return DatabaseError(f"{where}: {text} (ask its owner for the right, or name another role in --db)")
        case errors.LockNotAvailable():
            wait = "end who uses its tables or views, by pg_stat_activity, or try again later"
            return DatabaseError(f"{where}: {text} ({wait})")
        case psycopg.OperationalError() if target.server is not None and embedded.is_full(target.server):
            return MachineError(
                f"no space left for the embedded server in {target.server.path} (free some; nothing was changed)"
            )
        case psycopg.OperationalError():
            return DatabaseError(f"{where}: {text} (try again when it is up; nothing was changed)")
    return DatabaseError(f"{where}: {text}")


def cannot_connect(target: Target, error: psycopg.Error) -> DatabaseError:
    """The error for a connection that was refused, by libpq's words."""
    text = one_line(target, error)
    reason = re.sub(r"^connection (failed|is bad): |,? Is the server running .*", "", text)
    for words, remedy in (
        ("password", "check the user and the password"),
        ("does not exist", "name an existing one, or make it with perfops db init"),
        ("pg_hba.conf", "its server does not let this host or user in"),
        ("Servname", "check the port"),
        ("resolve host", "check the name of the host"),
        ("translate host", "check the name of the host"),
        ("invalid integer value", "give a number"),
        ("refused", "is it running?"),
        ("No such file", "is it running?"),
        ("timeout", "is it running and reachable?"),
    ):
        if words in reason:
            return DatabaseError(f"cannot connect to {target.described()}: {reason} ({remedy})")
    return DatabaseError(f"cannot connect to {target.described()}: {reason} (name another one with --db)")


def one_line(target: Target, error: psycopg.Error) -> str:
    """The server's words in one line, without the password of the connection string."""
    text = error.diag.message_primary or str(error)
    for secret in (conninfo_to_dict(target.conninfo).get("password"), os.environ.get("PGPASSWORD")):
        if secret:
            text = text.replace(str(secret), "***")
    return re.sub(r"\s+", " ", text.strip().removeprefix("FATAL:").strip())
