"""perfops stop: a run ended before its time, on all its machines."""

import shlex
from typing import Annotated

import typer

from perfops.cli.inventory import Extra, Inventories, Limit, Options, Quiet, Results, Verbose, places

UNREACHABLE = 4  # exit code of ansible-playbook where a machine could not be reached


def stop(
    run: Annotated[str, typer.Argument(help="Name of the run.", metavar="RUN")],
    inventory: Inventories,
    options: Options = None,
    limit: Limit = None,
    results: Results = None,
    extra_vars: Extra = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """End what a run samples, in order: each machine writes its last sample and its end. Nothing is brought home yet.

    A command that waits for this run brings it home at once; else the line that does so is printed. It is
    playbooks/stop.yml; of a machine of `perfops run`, `perfops run HOST --run RUN --stop` does it. Exit codes are those
    of ansible-playbook: 0 done, 2 something failed, 4 a machine could not be reached.

    Example: perfops stop nightly -i inventories/local
    """
    from perfops.cli.playing import Wish, play

    variables = {"perfops_run": run} | ({"results_root": str(results.absolute())} if results else {})
    where = shlex.join(places(inventory, results))
    home = f"bring it home: perfops collect --run {run} {where} (or perfops trickle, as it was begun)"
    try:
        play(Wish("stop", inventory, limit, variables, extra_vars or [], options or [], quiet, verbose))
    except typer.Exit as ended:
        if ended.exit_code == UNREACHABLE:
            typer.echo(f"perfops: the same command again ends the rest; {home}", err=True)
        raise
    typer.echo(home)
