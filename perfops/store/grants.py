"""The role that can only read: what Grafana, or anybody who is to look and not to touch, connects as.

A viewer of a dashboard can send any SQL, and can undo settings of its session, so rights are the wall: the role is no
member of anything, may connect, and may read the views. What PostgreSQL gives to every role is taken from PUBLIC. What
it cannot be kept from is to change its own password and settings: these are set anew each time.
"""

from dataclasses import dataclass

import psycopg
from psycopg import sql

from perfops.errors import BadInputError, DatabaseError
from perfops.store import locks
from perfops.store.migrate import Connection
from perfops.store.views import SCHEMA, grant_views, make_views

CONNECTIONS = 20  # of the role at a time
SETTINGS = {  # of its sessions: against accidents, not against intent, as SET undoes them
    "default_transaction_read_only": "on",
    "statement_timeout": "30s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "60s",
    "timezone": "UTC",
    "search_path": SCHEMA,
    "work_mem": "32MB",  # a day of samples of a device sorts in memory
    "random_page_cost": "1.1",  # rows of a collection lie together; at 4 their cost hides how to group them best
    "jit": "off",  # compiling a query of a panel takes longer than running it
}
# What a new role cannot do it need not be told; check_role refuses one that can. Who has no right to make databases may
# not take it from others either: naming it would fail for an owner of this database alone.
ATTRIBUTES = "LOGIN NOINHERIT CONNECTION LIMIT {}"
LONGEST = 63  # bytes of a name
RESERVED = ("public", "none")  # not names of roles
WRITES = r"^(lo_.*|lowrite|loread|pg_logical_emit_message)$"  # functions that write, and that every role may call

FACTS = """
    SELECT rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls,
           EXISTS (SELECT FROM pg_auth_members WHERE member = pg_roles.oid), rolname = current_user,
           EXISTS (SELECT FROM pg_class WHERE relowner = pg_roles.oid)
      FROM pg_roles WHERE rolname = %s
"""


@dataclass(frozen=True, slots=True)
class Granted:
    """What was done: whether the role is new, and which functions it can still call that it should not."""

    role: str
    new: bool
    left: tuple[str, ...]


def grant_reader(connection: Connection, role: str, password: str | None) -> Granted:
    """Make the views and a role that can read them and nothing else, within the caller's transaction.

    A password is hashed here: the server, and what it logs, sees its verifier only. None leaves it as it is.
    BadInputError where a role of the name can do more than read, or cannot be.
    """
    check_name(role)
    new = not check_role(connection, role)
    locks.limit(connection, local=True)  # who looks at the views holds up that they are made anew
    make_views(connection)
    name = sql.Identifier(role)
    verb = "CREATE" if new else "ALTER"
    attributes = sql.SQL(ATTRIBUTES).format(sql.Literal(CONNECTIONS))
    connection.execute(sql.SQL(f"{verb} ROLE {{}} {{}}").format(name, attributes))
    if password is not None:
        connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(name, verifier(connection, role, password)))
    database = sql.Identifier(connection.info.dbname)
    connection.execute(sql.SQL("ALTER ROLE {} RESET ALL").format(name))
    connection.execute(sql.SQL("ALTER ROLE {} IN DATABASE {} RESET ALL").format(name, database))
    for setting, value in SETTINGS.items():
        query = sql.SQL("ALTER ROLE {} IN DATABASE {} SET {} = {}")
        connection.execute(query.format(name, database, sql.Identifier(setting), sql.Literal(value)))
    close_to_all(connection, database)
    connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, name))
    grant_views(connection, name.as_string(connection))
    return Granted(role, new, tuple(callable_writes(connection, role)))


def check_name(role: str) -> None:
    """BadInputError where PostgreSQL knows no role of such a name, or would cut it short."""
    if not role.isprintable() or not 0 < len(role.encode(errors="replace")) <= LONGEST:
        raise BadInputError(f"bad value for --role: {role!r} (give a name of 1 to {LONGEST} bytes, such as grafana)")
    if role in RESERVED or role.startswith("pg_"):
        raise BadInputError(f"bad value for --role: {role!r} is a name that PostgreSQL keeps (try grafana)")


def check_role(connection: Connection, role: str) -> bool:
    """Whether the role is there; BadInputError where it has rights of its own, which it would keep."""
    row = connection.execute(FACTS, [role]).fetchone()
    if row is None:
        return False
    told = ("may do more than read", "is a member of another role", "is the one that asks", "owns tables")
    for found, text in zip(row, told, strict=True):
        if found:
            raise BadInputError(f"the role {role!r} {text} (give --role a new name)")
    return True


def verifier(connection: Connection, role: str, password: str) -> sql.Literal:
    """The SCRAM verifier of a password."""
    try:
        made = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256")
    except psycopg.Error as error:
        raise DatabaseError(f"the password cannot be hashed: {error} (take another one)") from error
    return sql.Literal(made.decode())


def close_to_all(connection: Connection, database: sql.Identifier) -> None:
    """Take from PUBLIC what every role has by default: TEMP and CONNECT, schema public, functions that write."""
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))
    connection.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
    connection.execute(sql.SQL("REVOKE ALL ON SCHEMA {} FROM PUBLIC").format(sql.Identifier(SCHEMA)))
    found = connection.execute("SELECT oid::regprocedure::text FROM pg_proc WHERE proname ~ %s", [WRITES])
    for (function,) in found.fetchall():
        try:
            with connection.transaction():
                connection.execute(sql.SQL("REVOKE EXECUTE ON FUNCTION {} FROM PUBLIC").format(sql.SQL(function)))
        except psycopg.errors.InsufficientPrivilege:  # not a superuser: what is left is told
            return


def callable_writes(connection: Connection, role: str) -> list[str]:
    """Functions that write and that the role may call."""
    query = """
        SELECT DISTINCT proname::text FROM pg_proc
         WHERE proname ~ %s AND has_function_privilege(%s, oid, 'EXECUTE') ORDER BY 1"""
    return [str(row[0]) for row in connection.execute(query, [WRITES, role])]
