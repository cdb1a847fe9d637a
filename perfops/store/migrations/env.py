"""What alembic runs: the revisions and the views over them, in one transaction, one process at a time."""

from alembic import context
from sqlalchemy import Connection

from perfops.store import locks
from perfops.store.migrate import HEAD, current
from perfops.store.schema import metadata
from perfops.store.views import drop_views, make_views

LOCK = 0x706572666F7073  # "perfops"


def run(connection: Connection) -> None:
    """Run what alembic was asked for; who waited for the lock sees what the other has done."""
    beneath = connection.connection.driver_connection
    assert beneath is not None  # noqa: S101
    locks.take(beneath, LOCK, "the upgrade of the tables", local=True)
    drop_views(beneath)
    context.configure(connection=connection, target_metadata=metadata)
    context.run_migrations()
    if current(beneath) == HEAD:
        make_views(beneath)


engine = context.config.attributes["engine"]
with engine.begin() as transaction:
    run(transaction)
