"""From one PostgreSQL to more: the tables over several servers by Citus, or in chunks of time by TimescaleDB.

A plan is made of what the database has, so that only what is missing is done: the second time that is nothing, and a
run that was interrupted goes on where it ended. Each step is a transaction of its own: the move of a large table that
is done is not done again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from perfops.catalogue import KINDS, Kind
from perfops.errors import DatabaseError
from perfops.store import locks
from perfops.store.migrate import Connection
from perfops.store.views import home_of, view_script

CITUS, TIMESCALE = "citus", "timescaledb"
NAMES = {CITUS: "Citus", TIMESCALE: "TimescaleDB"}
CHUNK = "7 days"  # of samples' time: with shorter ones a collection lies in many, and each costs every query time
RESTING = "7 days"  # behind its end after which a chunk is compressed
LOCK = 0x7363616C656F7574  # "scaleout"
DISTRIBUTED, REFERENCE = "h", "n"  # pg_dist_partition.partmethod
PACKAGES = {
    CITUS: "install Citus for its version of PostgreSQL on every server of the cluster",
    TIMESCALE: "install TimescaleDB for its version of PostgreSQL on its server",
}


@dataclass(frozen=True, slots=True)
class Step:
    """What is done in one transaction, in words and statements."""

    text: str
    statements: tuple[sql.Composed, ...]


def check_available(connection: Connection, extension: str, where: str) -> None:
    """DatabaseError with the remedy where the server does not have an extension, or the database has the other one."""
    query = "SELECT extname FROM pg_extension WHERE extname = ANY(%s)"
    for (made,) in connection.execute(query, [[CITUS, TIMESCALE]]).fetchall():
        if made != extension:
            raise DatabaseError(
                f"{where} has the extension {made}, and a database is of one of them (name another database in --db)"
            )
    if not connection.execute("SELECT 1 FROM pg_available_extensions WHERE name = %s", [extension]).fetchone():
        raise DatabaseError(f"{where} does not have the extension {extension} ({remedy(extension)})")


def remedy(extension: str) -> str:
    """How a server comes by an extension."""
    place = "first in" if extension == CITUS else "into"
    return f"{PACKAGES[extension]}, put {extension} {place} its shared_preload_libraries, start it anew, and try again"


def plan(connection: Connection, extension: str) -> list[Step]:
    """What is left to do, in order, before the views are made anew."""
    made = connection.execute("SELECT 1 FROM pg_extension WHERE extname = %s", [extension]).fetchone() is not None
    steps = [] if made else [Step(f"{NAMES[extension]} in this database", (created(extension),))]
    return steps + (over_servers(connection, made=made) if extension == CITUS else in_chunks(connection, made=made))


def created(extension: str) -> sql.Composed:
    """The statement that makes an extension."""
    return sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(extension))


def finish(connection: Connection, extension: str) -> Step:
    """The last step, done every time: rights on views do not outlive their tables' move, and Citus wants more."""
    script = view_script(connection, over_servers=extension == CITUS)
    text = "views and the rights to read them made anew"
    if extension == CITUS:
        script += may_update(connection)
    return Step(text, tuple(script))


def carry_out(connection: Connection, extension: str, tell: Callable[[str], None]) -> bool:
    """Do what is left, and tell each step; False where nothing was but the views. DatabaseError where it is refused.

    One at a time: who comes second waits a while, and finds nothing left.
    """
    locks.take(connection, LOCK, "the move of the tables", local=False)
    connection.commit()
    steps = plan(connection, extension)
    done = bool(steps)
    while steps:
        perform(connection, steps[0], extension)
        tell(steps[0].text)
        # What an extension can do is known when it is there.
        steps = plan(connection, extension) if steps[0].statements[0] == created(extension) else steps[1:]
    perform(connection, finish(connection, extension), extension)
    connection.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
    return done


def perform(connection: Connection, step: Step, extension: str) -> None:
    """Do a step in a transaction of its own."""
    connection.rollback()
    try:
        for statement in step.statements:
            connection.execute(statement)
    except psycopg.Error as error:
        text = error.diag.message_primary or str(error)
        if "preload" in text:
            raise DatabaseError(f"{' '.join(text.split())} ({remedy(extension)})") from error
        raise
    connection.commit()


def named(connection: Connection, table: str) -> sql.Literal:
    """A table's name with its schema, as the functions of the extensions take it."""
    return sql.Literal(sql.Identifier(home_of(connection), table).as_string(connection))


def table_size(connection: Connection, table: str) -> int:
    """Bytes of a table with its indexes, wherever its rows lie: of a scaled-out one PostgreSQL counts none."""
    made = {row[0] for row in connection.execute("SELECT extname FROM pg_extension").fetchall()}
    function = "pg_total_relation_size"
    if CITUS in made and table in distributed(connection):
        function = "citus_total_relation_size"
    elif TIMESCALE in made and table in chunked(connection):
        function = "hypertable_size"
    query = sql.SQL("SELECT {}({})").format(sql.SQL(function), named(connection, table))
    row = connection.execute(query).fetchone()
    return int(row[0] or 0) if row else 0


# Citus: the collectors on every server, and a collection with all that belongs to it on one of them.


def over_servers(connection: Connection, *, made: bool) -> list[Step]:
    """The steps that distribute what is not distributed yet: the referenced table first, then what others follow."""
    known = distributed(connection) if made else {}
    if made and on_worker(connection):
        raise DatabaseError("this is a worker of a Citus cluster (name its coordinator in --db)")
    steps = []
    columns: dict[str, str | None] = {"collector": None, "phase": None, "collection": "id"}
    for table, column in (columns | dict.fromkeys(belonging(), "collection_id")).items():
        if table in known:
            check_distribution(table, column, known)
        else:
            steps.append(distribute(connection, table, column))
    return steps


def belonging() -> tuple[str, ...]:
    """Tables whose rows are a collection's."""
    return ("annotation", *(kind.table for kind in KINDS))


def distribute(connection: Connection, table: str, column: str | None) -> Step:
    """The step for a table, with its rows: a copy on every server, or by a column; what stays here of it is emptied."""
    name = named(connection, table)
    if column is None:
        text, call = "a copy on every server", sql.SQL("SELECT create_reference_table({})").format(name)
    else:
        beside = sql.Literal("none") if table == "collection" else named(connection, "collection")
        text = f"distributed by {column}" + ("" if table == "collection" else ", beside its collection")
        call = sql.SQL("SELECT create_distributed_table({}, {}, colocate_with => {})").format(name, column, beside)
    emptied = sql.SQL("SELECT truncate_local_data_after_distributing_table({})").format(name)
    return Step(f"{table}: {text}", (call, emptied))


def distributed(connection: Connection) -> dict[str, tuple[Any, ...]]:
    """How the tables are distributed that are: method, column and group of colocation by name."""
    query = """
        SELECT relname, partmethod::text, column_to_column_name(logicalrelid, partkey), colocationid
          FROM pg_dist_partition JOIN pg_class ON pg_class.oid = logicalrelid
         WHERE relnamespace::regnamespace::text = %s"""
    return {row[0]: row[1:] for row in connection.execute(query, [home_of(connection)])}


def check_distribution(table: str, column: str | None, known: dict[str, tuple[Any, ...]]) -> None:
    """DatabaseError where a table is distributed otherwise than is wanted: queries would be refused, or slow."""
    method, by, group = known[table]
    wanted = (REFERENCE, None) if column is None else (DISTRIBUTED, column)
    apart = column == "collection_id" and group != known.get("collection", (None, None, None))[2]
    if (method, by) != wanted or apart:
        how = "on every server" if method == REFERENCE else f"by {by}"
        where = ", apart from its collection" if apart else ""
        raise DatabaseError(
            f"the table {table} is distributed already, {how}{where}"
            f" (SELECT undistribute_table('{table}'), and try again)"
        )


def on_worker(connection: Connection) -> bool:
    """Whether this is another server of the cluster than the coordinator."""
    row = connection.execute("SELECT groupid FROM pg_dist_local_group").fetchone()
    return row is not None and row[0] != 0


def may_update(connection: Connection) -> list[sql.Composed]:
    """UPDATE of collectors for roles that add them: there, adding one that is known needs it."""
    query = """
        SELECT grantee::regrole::text FROM pg_class, aclexplode(relacl)
         WHERE pg_class.oid = to_regclass('collector') AND grantee NOT IN (relowner, 0)
         GROUP BY 1 HAVING bool_or(privilege_type = 'INSERT') AND NOT bool_or(privilege_type = 'UPDATE') ORDER BY 1"""
    table = sql.Identifier(home_of(connection), "collector")
    return [
        sql.SQL("GRANT UPDATE ON {} TO {}").format(table, sql.SQL(role))  # quoted already
        for (role,) in connection.execute(query)
    ]


# TimescaleDB: samples in chunks of a week, compressed where its edition can; collections stay as they are.


def in_chunks(connection: Connection, *, made: bool) -> list[Step]:
    """The steps for samples that are not in chunks, or could be compressed and are not."""
    known = chunked(connection) if made else {}
    can_compress = not made or compresses(connection)
    steps = []
    for kind in KINDS:
        compressed = known.get(kind.table)
        statements = [] if kind.table in known else [chunks(connection, kind)]
        if can_compress and not compressed:
            statements += compression(connection, kind)
        if statements:
            steps.append(Step(f"{kind.table}: {told(statements, first=kind.table not in known)}", tuple(statements)))
    return steps


def told(statements: list[sql.Composed], *, first: bool) -> str:
    """What is done to a table of samples."""
    packed = f"compressed when {RESTING} old"
    if not first:
        return packed
    return f"chunks of {CHUNK}" + (f", {packed}" if len(statements) > 1 else "")


def chunks(connection: Connection, kind: Kind) -> sql.Composed:
    """The statement that cuts a table, with its rows, into chunks; its key serves every query, so no index is added."""
    query = sql.SQL(
        "SELECT create_hypertable({}, by_range('timestamp', {}::interval),"
        " create_default_indexes => false, migrate_data => true)"
    )
    return query.format(named(connection, kind.table), sql.Literal(CHUNK))


def compression(connection: Connection, kind: Kind) -> list[sql.Composed]:
    """Statements that compress: a collection, and device, apart, so that one is read and removed without the others."""
    names = ("collection_id", *(key.name for key in kind.keys))
    apart = sql.Literal(", ".join(sql.Identifier(name).as_string() for name in names))
    table = sql.Identifier(home_of(connection), kind.table)
    options = sql.SQL(
        "ALTER TABLE {} SET (timescaledb.compress, timescaledb.compress_segmentby = {},"
        " timescaledb.compress_orderby = {})"
    )
    policy = sql.SQL("SELECT add_compression_policy({}, compress_after => {}::interval, if_not_exists => true)")
    return [
        options.format(table, apart, sql.Literal('"timestamp"')),
        policy.format(named(connection, kind.table), sql.Literal(RESTING)),
    ]


def chunked(connection: Connection) -> dict[str, bool]:
    """The tables in chunks by name, and whether they are compressed."""
    query = """
        SELECT hypertable_name::text, compression_enabled FROM timescaledb_information.hypertables
         WHERE hypertable_schema = %s"""
    return {row[0]: row[1] for row in connection.execute(query, [home_of(connection)])}


def compresses(connection: Connection) -> bool:
    """Whether this edition can compress: the one under the Apache licence alone cannot."""
    row = connection.execute("SELECT current_setting('timescaledb.license', true)").fetchone()
    return row is not None and row[0] == "timescale"
