"""What runs in which mode. Only that mode's modules are imported, and so handed over: the others cost no memory."""

MYPY = False
if MYPY:
    from typing import Callable

    from .settings import Options


def runner(options: "Options") -> "Callable[[Options], None]":
    """The function that does what is asked for."""
    if options.spool_check:
        from .spoolcheck import run
    elif options.mode == "trickle":
        from .trickle import run
    else:
        from .run import run
    return run
