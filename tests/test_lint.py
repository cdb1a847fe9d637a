"""The linters and type checks, each as it is run by hand; what a tool has to say is the failure's text."""

import os
import re
import subprocess
import sys
from pathlib import Path

from fix_repository import ROOT, tracked

BIN = Path(sys.executable).parent
SHELL = re.compile(rb"#!.*\b(ba|da|k)?sh\b")


def run(tool: str, *arguments: str | Path) -> str:
    """Run a tool of the environment over the repository; what it says, which must be no complaint."""
    variables = os.environ | {"NO_COLOR": "1", "PATH": f"{BIN}:{os.environ['PATH']}"}
    done = subprocess.run(
        [BIN / tool, *arguments], cwd=ROOT, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    told = "\n".join(line for line in done.stdout.splitlines() if not line.startswith("DEBUG"))
    assert done.returncode == 0, f"{tool} ended with {done.returncode}:\n{told}"
    return done.stdout


def test_ruff_check() -> None:
    run("ruff", "check")


def test_ruff_format() -> None:
    run("ruff", "format", "--check", "--diff")


def test_mypy() -> None:
    run("mypy")


def test_import_linter() -> None:
    run("lint-imports")


def test_yamllint() -> None:
    run("yamllint", "--strict", ".")


def test_ansible_lint() -> None:
    """Every playbook and every file of a role is among what it looks at: an excluded path may match more than meant."""
    told = run("ansible-lint", "--offline", "--profile", "production", "-vv")
    examined = set(re.findall(r"Examining (\S+) of type", told))
    files = [*tracked("playbooks/*.yml"), *tracked("roles/*.yml")]
    assert files
    assert {str(path.relative_to(ROOT)) for path in files} <= examined


def test_shellcheck() -> None:
    scripts = [path for path in tracked() if SHELL.match(path.read_bytes()[:80].split(b"\n")[0])]
    assert ROOT / "scripts" / "setup" in scripts
    run("shellcheck", *scripts)
