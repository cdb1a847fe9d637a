"""perfops db: the database and its schema, and the embedded server."""

import json as jsons
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from perfops.cli.options import Db, Json

if TYPE_CHECKING:
    from perfops.store.connection import Connection, Target

app = typer.Typer(
    help="The database: make and upgrade its tables; start and stop the embedded server.", no_args_is_help=True
)


class Extension(StrEnum):
    """What can hold the tables in place of PostgreSQL alone."""

    CITUS = "citus"
    TIMESCALEDB = "timescaledb"


@app.command()
def init(db: Db = None) -> None:
    """Make the database, where the role may, and its tables. What is there already stays.

    The embedded server needs no init: it gets its tables at its first use.

    Example: perfops db init
    """
    from perfops.store.connection import create, find_target

    target = find_target(db)
    if create(target):
        typer.echo(f"made {target.described()}")
    migrated(target)


@app.command()
def upgrade(db: Db = None) -> None:
    """Bring the tables to what this perfops needs; the data stay.

    Example: perfops db upgrade
    """
    from perfops.store.connection import find_target

    migrated(find_target(db))


def migrated(target: "Target") -> None:
    """Upgrade the schema, make its views anew, and say from what to what."""
    from perfops.store import migrate
    from perfops.store.connection import connect, explained

    with explained(target), connect(target) as connection:
        found = migrate.current(connection)
        connection.rollback()
        migrate.check_not_newer(found, target.described())
        migrate.upgrade(target.conninfo)
    if found == migrate.HEAD:
        typer.echo(f"{target.described()}: schema {migrate.HEAD}, nothing to do but to make its views anew")
        return
    typer.echo(f"{target.described()}: schema {migrate.HEAD} (before: {found or 'none'})")


@app.command("grant-reader")
def grant_reader(
    role: Annotated[str, typer.Option(help="Name of the role; made when it is new.", metavar="NAME")] = "grafana",
    password_file: Annotated[
        Path | None,
        typer.Option(
            help="File with its password in the first line, `-` for standard input; without it the password stays.",
            metavar="FILE",
        ),
    ] = None,
    db: Db = None,
) -> None:
    """Make a role that can read the views of the collections, and write nothing: for Grafana and other lookers-on.

    It can be run again, after `perfops db upgrade`, when other rights were given by mistake, or when a looker-on has
    changed settings or password of the role, which no role can be kept from: all its settings are set anew, and with
    --password-file its password. The database and schema public are closed to roles without rights of their own: give
    other programs theirs by name. Run it as the owner of the database; only a superuser can take the functions of large
    objects from everybody, and it says so.

    Example: head -c 24 /dev/urandom | base64 | perfops db grant-reader --password-file -
    """
    from perfops.cli.passwords import read_secret
    from perfops.store.connection import database, find_target
    from perfops.store.grants import grant_reader as grant

    target = find_target(db)
    password = None if password_file is None else read_secret(password_file, "password")
    with database(target) as connection:
        done = grant(connection, role, password)
    typer.echo(f"{target.described()}: the role {done.role!r} {'is new and ' if done.new else ''}can read its views")
    if done.new and password is None:
        typer.echo(
            "it has no password, and cannot log in where one is asked for (give one in --password-file)", err=True
        )
    if done.left:
        names = ", ".join(done.left)
        typer.echo(f"it can still call {names}, as every role can (run this again as a superuser)", err=True)


@app.command("scale-out")
def scale_out(
    extension: Annotated[
        Extension, typer.Argument(help="What is to hold the tables: citus or timescaledb.", metavar="EXTENSION")
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the statements, and change nothing.")] = False,
    db: Db = None,
) -> None:
    """Move the tables, empty or full, to Citus (over several servers) or TimescaleDB (in chunks of time).

    With Citus collectors are on every server, and each collection lies whole on one; run it on the coordinator, whose
    workers are there. With TimescaleDB samples lie in chunks of a week, compressed where its edition can. The views and
    the rights to read them are made anew. What was done already is not done again, so that it goes on after an
    interruption, and after `perfops db upgrade` has brought new tables. Each table is locked while it moves: stop
    receivers, and take a backup first. Exit codes: 0 done, 4 the server does not have it, or refused.

    Example: perfops db scale-out timescaledb --dry-run
    """
    from perfops.store import scaleout
    from perfops.store.connection import database, find_target

    target = find_target(db)
    with database(target) as connection:
        if dry_run:
            print_plan(connection, target, extension.value)
            return
        scaleout.check_available(connection, extension.value, target.described())
        done = scaleout.carry_out(connection, extension.value, typer.echo)
    name = scaleout.NAMES[extension.value]
    rest = "" if done else " already, nothing to do but to make its views anew"
    typer.echo(f"{target.described()}: on {name}{rest}")


def print_plan(connection: "Connection", target: "Target", extension: str) -> None:
    """The statements that are left, each step a transaction; where they cannot be run yet, why."""
    from perfops.errors import DatabaseError
    from perfops.store import scaleout

    try:
        scaleout.check_available(connection, extension, target.described())
    except DatabaseError as error:
        typer.echo(f"perfops: {error}", err=True)
    for step in [*scaleout.plan(connection, extension), scaleout.finish(connection, extension)]:
        typer.echo(f"-- {step.text}\nBEGIN;")
        for statement in step.statements:
            typer.echo(f"{statement.as_string(connection).strip()};")
        typer.echo("COMMIT;")


@app.command()
def start() -> None:
    """Start the embedded server; commands do it by themselves when they need it.

    It runs until `perfops db stop` or a restart of the machine, and listens on a Unix socket only.

    Example: perfops db start
    """
    from perfops.store import embedded, home

    found = home.find_home()
    embedded.start(found)
    typer.echo(f"running: {embedded.conninfo(found)}")


@app.command()
def stop() -> None:
    """Stop the embedded server.

    Example: perfops db stop
    """
    from perfops.store import embedded, home

    typer.echo("stopped" if embedded.stop(home.find_home()) else "it was not running")


@app.command()
def status(json: Json = False) -> None:
    """Say whether the embedded server runs, and where; exit code 1 where it does not.

    Example: perfops db status --json || true
    """
    from perfops.store import embedded, home

    found = embedded.status(home.find_home())
    facts = {
        "running": found.pid is not None,
        "pid": found.pid,
        "account": found.home.account,
        "postgresql": found.version,
        "data": str(found.home.data),
        "log": str(found.home.log),
        "url": embedded.conninfo(found.home),
    }
    if json:
        typer.echo(jsons.dumps(facts, indent=2))
    else:
        for name, value in facts.items():
            typer.echo(f"{name:<12}{'-' if value is None else str(value).lower() if name == 'running' else value}")
    if found.pid is None:
        raise typer.Exit(1)


@app.command()
def url() -> None:
    """Print the embedded server's connection string, for psql and other clients; starts it when needed.

    Example: psql "$(perfops db url)" -c "select count(*) from host_sample"
    """
    from perfops.store import embedded, home

    found = home.find_home()
    embedded.start(found)
    typer.echo(embedded.conninfo(found))
