"""The command line; its commands are listed in app.py.

Nothing is imported here: the processes that derive a long recording in parts import this module, too.
"""


def call(name: str) -> None:
    """Run a command line of app.py; a PerfopsError becomes one line on standard error and its exit code."""
    import os
    import signal
    import sys
    from io import TextIOWrapper

    from perfops.cli import app
    from perfops.errors import MachineError, PerfopsError

    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # temporary files are removed on the way
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a name may hold what the terminal cannot show
    try:
        getattr(app, name)()
    except PerfopsError as error:
        print(f"perfops: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except OSError as error:  # what no command expects, such as standard output on a full disk
        place = f"{error.filename}: " if error.filename else ""
        print(f"perfops: {place}{error.strerror or error} (this machine refused)", file=sys.stderr)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is left for standard output would fail once more at the end
        sys.exit(MachineError.exit_code)


def main() -> None:
    """Entry point of `perfops`."""
    call("app")


def pcprocess() -> None:
    """Entry point of `pcprocess`: the `process` command under its own name."""
    call("pcprocess")


def pcd() -> None:
    """Entry point of `pcd`: the `receive` command under its own name."""
    call("pcd")
