"""perfops collect: the main job over an inventory."""

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


def collect(
    inventory: Inventories,
    options: Options = None,
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
    """Sample all machines of an inventory for the length of a test, bring home what they saw, load and draw it.

    It is playbooks/collect.yml with its progress shown; what Ansible says is in results/RUN/ansible.log. The report's
    path is the last line. Ctrl-C ends what runs here: the machines sample on. Exit codes are those of ansible-playbook:
    0 done, 2 something failed, 4 a machine could not be reached.

    Example: perfops collect -i inventories/local --duration 10s --frequency 1s --label build=42 --run nightly-42
    """
    from perfops.cli.sampling import Given, sample

    words = (duration, frequency, label or [], run, limit, site, results, extra_vars or [], quiet, verbose)
    sample("collect", Given(inventory, options or [], *words))
