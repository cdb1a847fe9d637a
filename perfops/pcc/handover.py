"""The packed sampler starts itself anew, lean: without the memory that reading flags and compiling its modules took.

Memory once taken for that is not given back, a third of all; so the code, compiled, and the options are handed over to
a fresh interpreter in this process's place. boot.py is the other end.
"""

import marshal
import os
import sys

MYPY = False
if MYPY:
    from typing import Any

    from .settings import Options

VARIABLE = "pcc_handed_over"
PIPE = 4096  # bytes that a pipe always takes
LEFT_BEHIND = ("pcc.flags", "pcc.options", "pcc.address", "pcc.handover", "pcc.__main__")


def hand_over(options: "Options") -> None:
    """Go on in a fresh interpreter; returns where there can be none, and all goes on here."""
    if not hasattr(os, "memfd_create") or not sys.executable:  # before Python 3.8
        hide_key()
        return
    names = [name for name in sys.modules if name == "pcc" or name.startswith("pcc.")]
    codes = [(name, code_of(name)) for name in names if name not in LEFT_BEHIND]
    try:
        descriptor = os.memfd_create("pcc", 0)
    except OSError:  # not on Linux before 3.17
        hide_key()
        return
    try:
        with open(descriptor, "wb", closefd=False) as file:
            file.write(marshal.dumps((codes, tuple(options))))
    except OSError:  # a limit on the size of files holds for memory, too
        os.close(descriptor)
        hide_key()
        return
    os.lseek(descriptor, 0, os.SEEK_SET)
    environment = dict(os.environ, **{VARIABLE: str(descriptor)})
    environment.pop("PCC_APIKEY", None)  # it is among the options; /proc/PID/environ need not show it
    os.execve(sys.executable, [sys.executable, "-IS"] + sys.argv, environment)  # noqa: S606


def hide_key() -> None:
    """Start once more without the key in the environment, which /proc/PID/environ shows: it comes by a pipe."""
    key = os.environ.pop("PCC_APIKEY", "")
    if not key or not sys.executable:
        return
    read_end, write_end = os.pipe()
    os.write(write_end, os.fsencode(key)[:PIPE])
    os.close(write_end)
    os.set_inheritable(read_end, True)
    environment = dict(os.environ, PCC_APIKEY_FILE="/dev/fd/{}".format(read_end))
    os.execve(sys.executable, [sys.executable] + sys.argv, environment)  # noqa: S606


def code_of(name: str) -> "object":
    """The compiled code of a module of the archive."""
    loader: "Any" = sys.modules[name].__loader__
    return loader.get_code(name)
