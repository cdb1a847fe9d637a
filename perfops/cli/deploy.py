"""perfops deploy: the collector on all machines of an inventory, and nothing started."""

from perfops.cli.inventory import Extra, Inventories, Limit, Options, Quiet, Verbose


def deploy(
    inventory: Inventories,
    options: Options = None,
    limit: Limit = None,
    extra_vars: Extra = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Put the collector on all machines of an inventory, and start nothing: is everything there that a run needs?

    It is playbooks/deploy.yml. Exit codes are those of ansible-playbook: 0 done, 2 something failed, 4 a machine could
    not be reached.

    Example: perfops deploy -i inventories/local
    """
    from perfops.cli.playing import Wish, play

    play(Wish("deploy", inventory, limit, {}, extra_vars or [], options or [], quiet, verbose))
