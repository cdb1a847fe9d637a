"""perfops clean: nothing of perfops on the machines of an inventory."""

from typing import Annotated

import typer

from perfops.cli.inventory import Extra, Inventories, Limit, Options, Quiet, Verbose


def clean(
    inventory: Inventories,
    options: Options = None,
    unfetched: Annotated[
        bool, typer.Option("--unfetched", help="Remove what nobody has brought home, too, and end what samples.")
    ] = False,
    limit: Limit = None,
    extra_vars: Extra = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Remove all that perfops has put on the machines of an inventory. A machine with recordings is left as it is.

    It is playbooks/clean.yml. Exit codes are those of ansible-playbook: 0 done, 2 something failed or a machine has
    recordings that nobody has brought home, 4 a machine could not be reached.

    Example: perfops clean -i inventories/local
    """
    from perfops.cli.playing import Wish, play

    variables = {"pcc_clean_unfetched": True} if unfetched else {}
    play(Wish("clean", inventory, limit, variables, extra_vars or [], options or [], quiet, verbose))
