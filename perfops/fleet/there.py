"""The checks of machines: one playbook looks at all of them at once, and this says what it means."""

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from perfops.errors import BadInputError, MachineError
from perfops.fleet.checks import THERE, Finding, failed, note, ok, skipped
from perfops.fleet.here import OFF, core_version, offset
from perfops.fleet.playbooks import find_playbook, program

LEAST_ROOM = 200 << 10  # KiB
FORKS = 50
QUICK = {  # a machine that is off is told in seconds, not in a minute
    "ANSIBLE_TIMEOUT": "8",
    "ANSIBLE_SSH_RETRIES": "0",
    "ANSIBLE_NOCOLOR": "1",
    "ANSIBLE_FORCE_COLOR": "0",
    "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.default",
}
WORDS = (  # what SSH says, and what helps
    ("permission denied", "check ansible_user and its key (ssh -i KEY USER@HOST)"),
    ("host key verification failed", "its host key is unknown or another one: ssh to it once, or mend known_hosts"),
    ("could not resolve", "check ansible_host"),
    ("refused", "its SSH server does not run, or has another port (ansible_port)"),
    ("timed out", "is it on? does its security group let you in at port 22?"),
    ("no route", "is it on, and is ansible_host its address?"),
)
NEWER_CORE, LEAST_OLD, LEAST_NEW = (2, 20), (3, 8), (3, 9)  # Python on the machine, by ansible-core
FOR_PCC = (3, 6)


def check_there(inventories: Sequence[str], limit: str | None) -> Iterator[Finding]:
    """The findings about each machine of the inventories, in the order of their names.

    BadInputError where there is none; MachineError where Ansible does not run.
    """
    with tempfile.TemporaryDirectory(prefix="perfops-doctor-") as name:
        folder = Path(name)
        said = examine(inventories, limit, folder)
        found = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.iterdir())]
    if not found:
        where = ", ".join(inventories)
        raise BadInputError(f"no machine comes out of {where}{f' with --limit {limit}' if limit else ''}: {said}")
    core = core_version()
    for machine in found:
        yield from findings(machine, core)


def examine(inventories: Sequence[str], limit: str | None, folder: Path) -> str:
    """Run the playbook, which writes a file a machine; returns the most telling line of what Ansible said."""
    for path in inventories:
        if "," not in path and not Path(path).exists():
            raise BadInputError(f"no such inventory: {path} (give a file, a folder, or HOST,)")
    playbook = find_playbook("doctor")
    line = [program("ansible-playbook"), playbook.name, "--forks", str(FORKS)]
    line += [word for path in inventories for word in ("-i", path)]
    line += ["-e", json.dumps({"doctor_output": str(folder)}), *(["--limit", limit] if limit else [])]
    try:
        done = subprocess.run(
            line,
            env=os.environ | playbook.environment | QUICK,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
        )
    except OSError as error:
        raise MachineError(f"ansible-playbook does not run: {error.strerror} (pip install ansible-core)") from error
    told = [
        text.strip() for text in f"{done.stdout}\n{done.stderr}".splitlines() if re.match(r"\[?(ERROR|WARNING)", text)
    ]
    return next(
        iter(sorted(told, key=lambda text: "ERROR" not in text)), "Ansible found no hosts (ansible-inventory --list)"
    )


def findings(machine: dict[str, Any], core: tuple[int, int]) -> Iterator[Finding]:
    """All checks of a machine; where it cannot be reached there is nothing else to look at."""
    host = machine["host"]
    if "unreachable" in machine:
        text = re.sub(r"^(Task failed: )?(Failed to connect to the host via ssh: )?", "", machine["unreachable"])
        lower = text.lower()
        remedy = next((remedy for words, remedy in WORDS if words in lower), None)
        yield failed("reachable", text, host, remedy)
        yield from (skipped(spec.name, "not reachable", host) for spec in THERE[1:])
        return
    if "clock" not in machine or "home" not in machine:
        yield failed(
            "reachable", f"its shell does not do as it is told: {machine.get('said') or 'it says nothing'}", host
        )
        return
    yield ok("reachable", f"{machine['system']}, as {machine['user']}", host)
    yield interpreter(machine, core)
    yield clock(machine)
    yield writable(machine)
    yield room(machine)
    yield leftovers(machine)
    yield stream(machine)


def interpreter(machine: dict[str, Any], core: tuple[int, int]) -> Finding:
    """Its Python against what Ansible's modules need, and pcc."""
    host, text = machine["host"], machine.get("python", "")
    least = LEAST_NEW if core >= NEWER_CORE else LEAST_OLD
    numbers = tuple(int(part) for part in re.findall(r"\d+", text)[:2])
    if not numbers:
        return failed("interpreter", "no Python 3 answers there", host)
    if numbers >= least:
        return ok("interpreter", f"Python {text}", host)
    for_pcc = "" if numbers >= FOR_PCC else "; pcc itself needs 3.6"
    needed = ".".join(map(str, least))
    return failed("interpreter", f"Python {text}, and Ansible's modules need {needed}{for_pcc}", host)


def clock(machine: dict[str, Any]) -> Finding:
    """How far its clock is off for certain."""
    host, (before, after) = machine["host"], machine["asked"]
    fraction = re.fullmatch(r"(\d+)(\.\d+)?.*", machine["clock"])  # a small date has no %N
    if fraction is None:
        return failed("clock", f"date says {machine['clock']!r}", host)
    seconds = float(fraction[1] + (fraction[2] or ".5"))
    slack = 0.0 if fraction[2] else 0.5
    off = offset(seconds, (before - slack, after + slack)) or 0.0
    middle = seconds - (before + after) / 2
    text = f"{middle:+.2f} s ± {(after - before) / 2 + slack:.2f} s"
    return ok("clock", text, host) if abs(off) <= OFF else failed("clock", text, host)


def writable(machine: dict[str, Any]) -> Finding:
    """Whether the folder of collections can be made and written."""
    if machine["writable"] == "yes":
        return ok("writable", machine["home"], machine["host"])
    return failed("writable", f"{machine['writable']} cannot be written by {machine['user']}", machine["host"])


def room(machine: dict[str, Any]) -> Finding:
    """What is free there."""
    free = machine.get("free", "")
    if not free.isdigit():
        return failed("room", "df does not say", machine["host"])
    text = f"{int(free) / (1 << 20):.1f} GiB free"
    return ok("room", text, machine["host"]) if int(free) >= LEAST_ROOM else failed("room", text, machine["host"])


def leftovers(machine: dict[str, Any]) -> Finding:
    """Recordings that lie there, and what samples now."""
    left, samples = len(machine["left"]), len(machine["samples"])
    text = ", ".join(
        [*([f"{samples} sampling now"] if samples else []), *([f"{left} not brought home"] if left else [])]
    )
    return note("leftovers", text, machine["host"]) if left or samples else ok("leftovers", "none", machine["host"])


def stream(machine: dict[str, Any]) -> Finding:
    """Whether the receiver's port is open for it."""
    answer = machine.get("receiver")
    if answer is None:
        return skipped("stream", "no receiver is named, or nothing there can connect", machine["host"])
    if answer == "yes":
        return ok("stream", "its port is open", machine["host"])
    remedy = "nothing listens there: see that the receiver runs, at that port" if "refused" in answer.lower() else None
    return failed("stream", answer, machine["host"], remedy)
