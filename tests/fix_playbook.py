"""Playbooks as a user runs them: ansible-playbook in the checkout, with an inventory of the test."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}


def write_inventory(path: Path, hosts: dict[str, dict[str, Any]], **variables: Any) -> Path:
    """An inventory (YAML is a superset of JSON) of hosts with their variables, and variables of them all."""
    path.write_text(json.dumps({"all": {"hosts": hosts, "vars": variables}}), encoding="utf-8")
    return path


def command(
    playbook: str,
    inventory: Path | str,
    *options: str,
    url: str = "",
    environment: dict[str, str] | None = None,
    **variables: Any,
) -> tuple[list[str], dict[str, str]]:
    """The command line of a playbook and its environment, with more in it; `url` names the database."""
    program = str(Path(sys.executable).with_name("ansible-playbook"))
    line = [program, f"playbooks/{playbook}.yml", "-i", str(inventory), "-e", json.dumps(variables), *options]
    return line, os.environ | {"PERFOPS_DATABASE_URL": url, "ANSIBLE_FORCE_COLOR": "0", "ANSIBLE_NOCOLOR": "1"} | (
        environment or {}
    )


def play(playbook: str, inventory: Path | str, *options: str, **variables: Any) -> subprocess.CompletedProcess[str]:
    """Run a playbook to its end, with what command() takes."""
    line, environment = command(playbook, inventory, *options, **variables)
    return subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)


@contextmanager
def playing(playbook: str, inventory: Path | str, **variables: Any) -> Iterator[None]:
    """A playbook that runs, and is killed with all it has started here when the block ends."""
    line, environment = command(playbook, inventory, **variables)
    quiet = subprocess.DEVNULL
    with subprocess.Popen(line, cwd=ROOT, env=environment, stdout=quiet, stderr=quiet, start_new_session=True) as run:
        try:
            yield
        finally:
            os.killpg(run.pid, signal.SIGKILL)


def recap(done: subprocess.CompletedProcess[str]) -> dict[str, dict[str, int]]:
    """The counts (ok, changed, unreachable, failed, …) of each host in the recap."""
    rows = done.stdout.rpartition("PLAY RECAP")[2].splitlines()[1:]
    counted = {}
    for row in filter(str.strip, rows):
        host, _, counts = row.partition(":")
        if host.strip() == "localhost":  # the controller, which only looks whether there are machines
            continue
        counted[host.strip()] = {name: int(value) for name, value in (part.split("=") for part in counts.split())}
    return counted
