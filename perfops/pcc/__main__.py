"""pcc on the command line."""

import os
import sys

from .errors import PccError
from .modes import runner
from .options import read_options
from .words import fail

MYPY = False
if MYPY:
    from typing import Callable

    from .settings import Options


def main(prepare: "Callable[[Options], None]" = lambda _: None) -> None:
    """Entry point: read the command line, then sample; `prepare` is called with the options in between."""
    try:
        options = read_options(sys.argv[1:], os.environ)
    except PccError as error:
        fail(error)
    else:
        run = runner(options)
        prepare(options)
        run(options)


if __name__ == "__main__":
    main()
