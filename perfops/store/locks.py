"""Waiting for what others hold: for another upgrade, but not for ever, as any role can take any advisory lock.

A reader, too, can hold up a change of tables: with `pg_advisory_lock`, or with a transaction that looks at the views.
"""

from typing import LiteralString

from psycopg import errors

from perfops.errors import DatabaseError
from perfops.store.migrate import Connection

PATIENCE = 60  # seconds for each lock
TAKE: dict[bool, LiteralString] = {  # by whether it ends with the transaction, else with the session
    True: "SELECT pg_advisory_xact_lock(%s)",
    False: "SELECT pg_advisory_lock(%s)",
}
# A key of 64 bits stands in two halves.
HOLDERS: LiteralString = """
    SELECT activity.pid, coalesce(activity.usename, 'unknown') FROM pg_locks
      JOIN pg_stat_activity activity USING (pid)
     WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND classid::bigint << 32 | objid::bigint = %s
       AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


def limit(connection: Connection, *, local: bool) -> None:
    """Have no lock waited for longer than PATIENCE, till the end of the transaction (`local`) or session."""
    connection.execute(f"SET {'LOCAL' if local else 'SESSION'} lock_timeout = '{PATIENCE}s'")


def take(connection: Connection, lock: int, what: str, *, local: bool) -> None:
    """Take an advisory lock, which `what` is under way under, till the end of the transaction (`local`) or session.

    From then on (for as long) no lock is waited for longer than PATIENCE. DatabaseError says who has this one.
    """
    limit(connection, local=local)
    try:
        with connection.transaction():
            connection.execute(TAKE[local], [lock])
    except errors.LockNotAvailable as error:
        held = connection.execute(HOLDERS, [lock]).fetchall()
        who = ", ".join(f"{pid} of the role {role!r}" for pid, role in held) or "one that has just ended"
        ends = ", ".join(f"pg_terminate_backend({pid})" for pid, _ in held) or "pg_terminate_backend(PID)"
        raise DatabaseError(
            f"{what} waited {PATIENCE} s for another one, in the session {who}"
            f" (try again when it is done, or end it as a superuser: SELECT {ends})"
        ) from error
