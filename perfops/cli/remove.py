"""perfops remove: collections out of the database."""

from typing import Annotated

import typer

from perfops.cli.options import Db


def remove(
    run: Annotated[
        str, typer.Argument(help="Name of a run, or id of one collection or its beginning.", metavar="RUN|COLLECTION")
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    db: Db = None,
) -> None:
    """Remove a run, or one collection, from the database; recordings and CSV files stay where they are.

    Loading them again brings it back, with its phases, which stay (perfops phase RUN --clear); what was streamed has no
    files, and is gone. All of it goes, or nothing. Exit codes: 0 done, 1 not confirmed, 2 no such run or collection, 4
    the database cannot be reached or refused.

    Example: perfops remove nightly --yes
    """
    from perfops.cli.tables import counts
    from perfops.store.connection import database, find_target
    from perfops.store.machines import find_machines
    from perfops.store.remove import remove as remove_rows

    with database(find_target(db)) as connection:
        machines = find_machines(connection, run)
        if not yes:
            names = ", ".join(f"{machine.name} ({machine.site})" for machine in machines)
            typer.confirm(f"remove {len(machines)} collection(s) of {run}: {names}?", abort=True)
        for machine in machines:
            rows = counts(remove_rows(connection, machine.collection))
            typer.echo(f"{machine.collection} ({machine.name}, {machine.site}): removed rows: {rows}")
