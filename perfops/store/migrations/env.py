"""What alembic runs: the revisions, in one transaction, one process at a time."""

from alembic import context
from sqlalchemy import Connection, text

from perfops.store.schema import metadata

LOCK = 0x706572666F7073  # "perfops"


def run(connection: Connection) -> None:
    """Run what alembic was asked for; who waited for the lock sees what the other has done."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    context.configure(connection=connection, target_metadata=metadata)
    context.run_migrations()


engine = context.config.attributes["engine"]
with engine.begin() as transaction:
    run(transaction)
