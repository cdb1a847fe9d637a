"""What `perfops doctor` looks at, in order: here on the controller, and on each machine of an inventory.

The page docs/troubleshooting.md has a row for each, which a test holds against this list.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

State = Literal["ok", "note", "failed", "skipped"]


class Spec(NamedTuple):
    """A check: its name, what it sees to, and what to do where that is not so."""

    name: str
    about: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found; `host` is None for this machine. A `note` needs nobody's hand before a test."""

    spec: Spec
    state: State
    found: str
    host: str | None = None
    remedy: str = ""


HERE = (
    Spec(
        "python",
        "perfops runs on Python 3.11 or newer",
        "make an environment with a newer Python, and install perfops there",
    ),
    Spec(
        "ansible",
        "ansible-core 2.19 or newer is installed",
        "pip install 'ansible-core>=2.19' where perfops is installed",
    ),
    Spec("ssh", "the program ssh is there", "install OpenSSH's client (apt install openssh-client)"),
    Spec("results", "results can be written here, with 1 GiB free", "free some space, or work in another folder"),
    Spec("home", "the embedded server has 1 GiB free", "free some space, or name another folder in PERFOPS_HOME"),
    Spec(
        "database",
        "the database answers, and has this perfops' tables",
        "see the message: perfops db init or perfops db upgrade",
    ),
    Spec(
        "receiver",
        "the receiver PCC_SERVER answers, takes the key, and its clock is right",
        "start it with perfops receive, and make a key with perfops apikey create",
    ),
    Spec(
        "grafana",
        "Grafana at PERFOPS_GRAFANA_URL answers, and takes the token",
        "check the address and the token of its service account",
    ),
    Spec(
        "port",
        "the receiver's address is free for perfops up, or a receiver has it",
        "name another one in PCD_LISTENADDRESS",
    ),
)
THERE = (
    Spec("reachable", "SSH lets Ansible in", "see the message: ssh to it by hand as Ansible would"),
    Spec(
        "interpreter",
        "its Python is new enough for Ansible's modules",
        "install Python 3.9 or newer there and name it in ansible_python_interpreter, or take perfops run",
    ),
    Spec(
        "clock", "its clock is within a second of this machine's", "turn on its time service (timedatectl set-ntp true)"
    ),
    Spec(
        "writable",
        "the folder of collections can be made and written",
        "give the login a home it may write to, or name another folder in pcc_home",
    ),
    Spec("room", "200 MiB are free there", "free some space there, or name a folder on another disk in pcc_home"),
    Spec(
        "leftovers",
        "no earlier recording lies there",
        "go on with its run (perfops collect, or perfops run, with --run NAME), which brings it home, or clean",
    ),
    Spec(
        "stream",
        "the receiver can be reached from there",
        "open the way to its port in firewalls and security groups, or name an address in PCC_SERVER that they reach",
    ),
)
BY_NAME = {spec.name: spec for spec in (*HERE, *THERE)}


def ok(name: str, found: str, host: str | None = None) -> Finding:
    """All is as it should be."""
    return Finding(BY_NAME[name], "ok", found, host)


def failed(name: str, found: str, host: str | None = None, remedy: str | None = None) -> Finding:
    """Something has to be done; what, where it is not the check's own remedy."""
    spec = BY_NAME[name]
    return Finding(spec, "failed", found, host, remedy or spec.remedy)


def note(name: str, found: str, host: str | None = None) -> Finding:
    """Something to know of, with what to do about it."""
    spec = BY_NAME[name]
    return Finding(spec, "note", found, host, spec.remedy)


def skipped(name: str, found: str, host: str | None = None) -> Finding:
    """Nothing to look at."""
    return Finding(BY_NAME[name], "skipped", found, host)
