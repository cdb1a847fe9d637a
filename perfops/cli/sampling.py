"""The commands that sample over an inventory: what is given to them becomes the wish for a playbook."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perfops.cli.inventory import name_run, places
from perfops.cli.playing import Wish, play


@dataclass(frozen=True, slots=True)
class Given:
    """What was given to a command that samples."""

    inventory: list[str]
    options: list[str]
    duration: str | None
    frequency: str | None
    label: list[str]
    run: str | None
    limit: str | None
    site: str | None
    results: Path | None
    extra_vars: list[str]
    quiet: bool
    verbose: bool


def sample(command: str, given: Given, more: Mapping[str, Any] | None = None) -> None:
    """Run the playbook of `command` with what was given, and with more variables."""
    from perfops.cli.load import parse_labels
    from perfops.cli.options import check_times

    check_times(given.duration, given.frequency)
    run = name_run(given.run, given.extra_vars)
    known = {
        "perfops_run": run,
        "pcc_duration": given.duration,
        "pcc_frequency": given.frequency,
        "perfops_labels": parse_labels(given.label) or None,
        "results_site": given.site,
        "results_root": str(given.results.absolute()) if given.results else None,
        **(more or {}),
    }
    wish = Wish(
        command,
        given.inventory,
        given.limit,
        {name: value for name, value in known.items() if value is not None},
        given.extra_vars,
        given.options,
        given.quiet,
        given.verbose,
    )
    stop = shlex.join(["perfops", "stop", run, *places(given.inventory, given.results)])
    play(wish, run, resume_line(command, run, given), stop)


def resume_line(command: str, run: str, given: Given) -> str:
    """The command line that goes on with a run; values of -e are left out, as there may be a secret among them."""
    lists = {"-i": given.inventory, "--label": given.label}
    single = {
        "--limit": given.limit,
        "--duration": given.duration,
        "--frequency": given.frequency,
        "--site": given.site,
        "--results": given.results,
    }
    words = ["perfops", command, "--run", run]
    words += [word for option, values in lists.items() for value in values for word in (option, value)]
    words += [word for option, value in single.items() if value for word in (option, str(value))]
    more = " -e …" * len(given.extra_vars) + (" -- …" if given.options else "")
    return shlex.join(words) + more
