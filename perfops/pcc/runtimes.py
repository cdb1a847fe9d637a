"""Which control groups are containers: told by their names, which every runtime forms in its own way."""

import re

MYPY = False
if MYPY:
    from typing import Optional, Tuple

IDENTITY = re.compile(
    r"(?:.*?:)?(?:(docker|cri-containerd|nerdctl|crio|libpod|libpod-payload)[-:])?([0-9a-f]{64})(?:\.scope)?"
)
RUNTIMES = {
    "docker": "docker",
    "cri-containerd": "containerd",
    "nerdctl": "containerd",
    "crio": "crio",
    "libpod": "podman",
    "libpod-payload": "podman",
}
CONTAINERD = ("default", "k8s.io")  # its name spaces, which are folders where nothing else was asked for
MACHINE = re.compile(r"(?:systemd-nspawn@(.+)\.service|machine-(.+)\.scope)")
VIRTUAL_MACHINE = "qemu-"  # libvirt's machines, which are no containers
LXC = re.compile(r"lxc\.payload\.(.+)")
LXC_FOLDERS = ("lxc", "lxc.payload")
NAME = re.compile(r"[A-Za-z0-9_.@+-]+")
ESCAPED = re.compile(r"\\x([0-9a-f]{2})")


def container_of(name: str, folder: str) -> "Optional[Tuple[str, str]]":
    """Runtime and id of the container whose group is `name` in `folder`, None where it is none.

    The id of those of systemd-nspawn and LXC is their name.
    """
    match = IDENTITY.fullmatch(name)
    if match:
        return RUNTIMES[match.group(1)] if match.group(1) else runtime_of(folder), match.group(2)
    match = MACHINE.fullmatch(name)
    if match:
        machine = ESCAPED.sub(lambda code: chr(int(code.group(1), 16)), match.group(1) or match.group(2))
        return named("nspawn", "" if machine.startswith(VIRTUAL_MACHINE) else machine)
    match = LXC.fullmatch(name)
    if match:
        return named("lxc", match.group(1))
    if folder.rpartition("/")[2] in LXC_FOLDERS:
        return named("lxc", name)
    return None


def named(runtime: str, name: str) -> "Optional[Tuple[str, str]]":
    """A container that goes by its name, None where no container can have that name."""
    return (runtime, name) if NAME.fullmatch(name) else None


def runtime_of(folder: str) -> str:
    """The runtime of a group that is called by its id alone: who asks for folders like this one."""
    if "/kubepods" in folder or folder.rpartition("/")[2] in CONTAINERD:
        return "containerd"
    return "docker"
