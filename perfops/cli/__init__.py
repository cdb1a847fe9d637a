"""The command line: one file a command, one line here a command."""

import sys

import typer

from perfops.cli import build_pcc, process
from perfops.errors import PerfopsError

app = typer.Typer(
    name="perfops",
    help="Collect, process, load and look at performance recordings of cloud VMs.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=True,
)
app.command("build-pcc")(build_pcc.build_pcc)
app.command("process")(process.process)


def run(application: typer.Typer) -> None:
    """Run a command line; a PerfopsError becomes one line on standard error and its exit code."""
    try:
        application()
    except PerfopsError as error:
        print(f"perfops: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


def main() -> None:
    """Entry point of `perfops`."""
    run(app)


def pcprocess() -> None:
    """Entry point of `pcprocess`: the `process` command under its own name."""
    alone = typer.Typer(pretty_exceptions_enable=False, add_completion=False)
    alone.command("pcprocess")(process.process)
    run(alone)
