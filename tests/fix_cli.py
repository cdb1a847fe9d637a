"""The commands as a user runs them: real processes."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from pathlib import Path
from typing import Any

PERFOPS = Path(sys.executable).with_name("perfops")


def perfops(*arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run `perfops` to its end."""
    return subprocess.run([PERFOPS, *arguments], capture_output=True, text=True, timeout=120, **options)


def on_terminal(*arguments: str | Path, columns: int) -> str:
    """What `perfops` prints on a terminal so many columns wide."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    variables = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    with subprocess.Popen(
        [PERFOPS, *arguments], stdin=theirs, stdout=theirs, env=variables | {"TERM": "xterm"}
    ) as done:
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
