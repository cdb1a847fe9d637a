"""Where the playbooks are: in a checkout of perfops, or in the installed collection."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import perfops
from perfops.errors import MachineError

COLLECTION = "perfops.perfops"
LINK = ".collections"  # of a checkout: the folder that makes it a collection
USUAL = "~/.ansible/collections:/usr/share/ansible/collections"


@dataclass(frozen=True, slots=True)
class Playbook:
    """What ansible-playbook is given: the playbook, and what its environment must hold for its roles to be found."""

    name: str
    environment: dict[str, str]


def find_playbook(name: str) -> Playbook:
    """The playbook `name`; MachineError where there is neither a checkout nor the collection."""
    for root in (Path(perfops.__file__).parents[1], Path.cwd()):
        if (root / "playbooks" / f"{name}.yml").is_file() and (root / "galaxy.yml").is_file() and linked(root):
            return Playbook(str(root / "playbooks" / f"{name}.yml"), checkout_environment(root))
    if not is_installed():
        raise MachineError(
            f"found no playbooks of perfops (run this in a checkout of it, or install its collection:"
            f" ansible-galaxy collection install {COLLECTION})"
        )
    return Playbook(f"{COLLECTION}.{name}", {})


def linked(root: Path) -> bool:
    """Whether a folder is a checkout: within an installed collection the link is missing."""
    return (root / LINK / "ansible_collections").is_dir()


def checkout_environment(root: Path) -> dict[str, str]:
    """Its ansible.cfg, as if one stood there; a user's own one wins, and then only the roles have to be found."""
    if not os.environ.get("ANSIBLE_CONFIG") and not Path("ansible.cfg").is_file():
        return {"ANSIBLE_CONFIG": str(root / "ansible.cfg")}
    if Path.cwd() == root:
        return {}
    known = os.environ.get("ANSIBLE_COLLECTIONS_PATH") or USUAL
    return {"ANSIBLE_COLLECTIONS_PATH": f"{root / LINK}:{known}"}


def is_installed() -> bool:
    """Whether Ansible finds the collection."""
    line = [program("ansible-galaxy"), "collection", "list", COLLECTION, "--format", "json"]
    try:
        told = subprocess.run(line, capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout
        return any(COLLECTION in found for found in json.loads(told).values())
    except (OSError, ValueError):
        return False


def program(name: str) -> str:
    """A program of Ansible: the one beside this Python, else that of the path."""
    beside = Path(sys.executable).with_name(name)
    return str(beside) if beside.is_file() else name
