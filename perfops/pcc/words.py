"""What pcc says on standard error: a line at a time."""

import os
import sys

MYPY = False
if MYPY:
    from .errors import PccError


def say(text: str) -> None:
    """One line on standard error; where nobody listens any more, the collection goes on without."""
    if sys.stderr is None:  # closed from the start: its number may be the collection's by now
        return
    try:
        os.write(2, os.fsencode("pcc: {}\n".format(text)))
    except OSError:
        pass


def fail(error: "PccError") -> None:
    """Tell an error in one line, and end with its exit code."""
    say(str(error))
    sys.exit(error.exit_code)
