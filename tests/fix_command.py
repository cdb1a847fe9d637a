"""The installed commands as a user runs them, and what a user sees of them."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

BIN = Path(sys.executable).parent
OURS = ("PERFOPS_", "PCR_", "PCC_", "PG")


def environment(**variables: str | Path) -> dict[str, str]:
    """This process's environment without what the commands read, but for the embedded server's home, and with this."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in ("PERFOPS_HOME", "PERFOPS_COLLECTIONS") or not name.startswith(OURS)
    }
    return kept | {name: str(value) for name, value in variables.items()}


def perfops(
    *arguments: str | Path | bytes, program: str = "perfops", **options: Any
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; `options` are those of subprocess.run."""
    options.setdefault("env", environment())
    options.setdefault("stdin", None if "input" in options else subprocess.DEVNULL)
    if "input" in options:
        del options["stdin"]
    given = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "timeout": 120, "text": True} | options
    return subprocess.run([BIN / program, *arguments], **given)


def refused(done: subprocess.CompletedProcess[str]) -> tuple[int, str]:
    """Exit code and message of a command that failed: nothing on standard output, one line on standard error."""
    assert done.stdout in ("", None)
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith("perfops: "), done.stderr
    return done.returncode, done.stderr.removeprefix("perfops: ").rstrip("\n")


def succeeded(done: subprocess.CompletedProcess[str]) -> str:
    """Standard output of a command that did what it was asked."""
    assert done.returncode == 0, done.stderr
    return done.stdout
