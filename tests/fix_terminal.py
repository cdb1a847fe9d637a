"""A command on a terminal, as a person sees it."""

import fcntl
import os
import pty
import struct
import subprocess
import termios
from pathlib import Path

from fix_command import BIN, environment


def on_terminal(*arguments: str | Path, columns: int) -> str:
    """What `perfops` prints on a terminal so many columns wide."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    variables = {name: value for name, value in environment(TERM="xterm").items() if name not in ("COLUMNS", "LINES")}
    with subprocess.Popen([BIN / "perfops", *arguments], stdin=theirs, stdout=theirs, env=variables) as done:
        os.close(theirs)
        said = b""
        try:
            while block := os.read(ours, 1 << 16):
                said += block
        except OSError:  # Linux says so where the other end is closed
            pass
        os.close(ours)
    assert done.returncode == 0
    return said.decode().replace("\r\n", "\n")
