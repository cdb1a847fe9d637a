"""What pcc says on standard error: a line at a time."""

import os
import sys

from .errors import PccError


def say(text: str) -> None:
    """One line on standard error; where nobody listens any more, the collection goes on without."""
    if sys.stderr is None:  # closed from the start: its number may be the collection's by now
        return
    try:
        os.write(2, os.fsencode("pcc: {}\n".format(text)))
    except OSError:
        pass


def tell(text: str) -> None:
    """A text on standard output; a PccError where it cannot be written, and an end where its reader has left."""
    data = (text + "\n").encode("utf-8", "surrogateescape")
    try:
        while data:
            data = data[os.write(1, data) :]
    except BrokenPipeError:
        sys.exit(1)
    except OSError as error:
        raise PccError("cannot write to standard output: {}".format(error.strerror), 3)


def fail(error: PccError) -> None:
    """Tell an error in one line, and end with its exit code."""
    say(str(error))
    sys.exit(error.exit_code)
