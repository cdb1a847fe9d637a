"""perfops trickle: the main job, streamed."""

from typing import Annotated

import typer

from perfops.cli.inventory import (
    Duration,
    Extra,
    Frequency,
    Inventories,
    Label,
    Limit,
    Options,
    Quiet,
    Results,
    Run,
    Site,
    Verbose,
)


def trickle(
    inventory: Inventories,
    options: Options = None,
    server: Annotated[
        str | None,
        typer.Option(help="The receiver as the machines reach it.", envvar="PCC_SERVER", metavar="URL"),
    ] = None,
    duration: Duration = None,
    frequency: Frequency = None,
    label: Label = None,
    run: Run = None,
    limit: Limit = None,
    site: Site = None,
    results: Results = None,
    extra_vars: Extra = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Sample all machines of an inventory, and stream what they see to a receiver meanwhile; draw it in the end.

    It is playbooks/trickle.yml with its progress shown; what Ansible says is in results/RUN/ansible.log. The key for
    the receiver is taken from PCC_APIKEY, or from a vault of the inventory, and shown nowhere. Exit codes are those of
    ansible-playbook: 0 done, 2 something failed, 4 a machine could not be reached.

    Example: PCC_APIKEY=$(cat key) perfops trickle -i inventories/local --server "$PCC_SERVER"
    --duration 10s --frequency 1s
    """
    from perfops.cli.sampling import Given, sample

    words = (duration, frequency, label or [], run, limit, site, results, extra_vars or [], quiet, verbose)
    sample("trickle", Given(inventory, options or [], *words), {"pcc_server": server})
