"""What runs in which mode. Only that mode's modules are imported, and so handed over: the others cost no memory."""

MYPY = False
if MYPY:
    from typing import Callable

    from .settings import Options


def runner(mode: str) -> "Callable[[Options], None]":
    """The function that samples in a mode."""
    if mode == "trickle":
        from .trickle import run
    else:
        from .run import run
    return run
