"""Several real hosts on one machine: each a network of its own, files, processes and an SSH server of its own.

A host is a network namespace, linked into a bridge with a private subnet, and in it processes that see themselves
alone, and all files of this machine beneath a layer of their own: what is written there is gone with the host. It
needs root, and leaves nothing behind: what a test run that was killed has left is removed by the next one.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from fix_pcc import wait_for
from fix_sshd import PROGRAM

PREFIX = "pfo"
LINKS = "pf"  # behind the process id in the names of links, which have 15 characters
OWN = re.compile(rf"{PREFIX}-(\d+)-|(?:br-|veth)(\d+){LINKS}")
SCRIPT = """
set -e
folder=$1 name=$2
mount -t tmpfs tmpfs "$folder/layer"
mkdir "$folder/layer/upper" "$folder/layer/work" "$folder/layer/root"
mkdir -m 700 "$folder/layer/upper/root"
for hidden in .perfops .ansible .bashrc .profile; do  # a machine as it comes, whoever works here
    mknod "$folder/layer/upper/root/$hidden" c 0 0
done
mount -t overlay overlay -o "lowerdir=/,upperdir=$folder/layer/upper,workdir=$folder/layer/work" "$folder/layer/root"
cd "$folder/layer/root"
mkdir -p etc/ssh/perfops && cp "$folder/host_key" "$folder/key.pub" etc/ssh/perfops/
mount -t proc proc proc
mount --rbind /sys sys
mount --rbind /dev dev
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
mkdir -p run/sshd old
hostname "$name"
pivot_root . old
umount -l /old
exec "$3" -D -e -f /dev/null -o HostKey=/etc/ssh/perfops/host_key -o AuthorizedKeysFile=/etc/ssh/perfops/key.pub \
  -o StrictModes=no -o UsePAM=no -o PidFile=none -o UseDNS=no -o PermitRootLogin=prohibit-password \
  -o MaxStartups=200 -o MaxSessions=200 -o LogLevel=VERBOSE -o "Subsystem=sftp internal-sftp"
"""


def ip(*words: str) -> None:
    """A command of iproute2 that must succeed."""
    done = subprocess.run(["ip", *words], capture_output=True, text=True)
    if done.returncode:
        raise OSError(f"ip {' '.join(words)}: {done.stderr.strip()}")


@dataclass
class Host:
    """A host: `link` is the end of its cable on this side."""

    name: str
    address: str
    namespace: str
    link: str
    folder: Path
    process: subprocess.Popen[bytes]

    def cut(self) -> None:
        """Pull its cable."""
        ip("link", "set", self.link, "down")

    def mend(self) -> None:
        """Plug it in again."""
        ip("link", "set", self.link, "up")

    def kill(self) -> None:
        """Switch it off: it says nothing any more, not even goodbye."""
        self.cut()
        self.process.kill()
        self.process.wait()

    def first(self) -> int:
        """Its first process, the SSH server, by the number it has here."""
        (first,) = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return int(first)

    def root(self) -> Path:
        """Its files, seen from here."""
        return Path(f"/proc/{self.first()}/root")

    def run(self, *command: str | Path) -> str:
        """What a command that must succeed says on it."""
        line = ["nsenter", "--target", str(self.first()), "--mount", "--uts", "--net", "--pid", *command]
        return subprocess.run(line, check=True, capture_output=True, text=True).stdout

    def inside(self, *command: str | Path) -> list[str | Path]:
        """A command line that runs a program in its network, with the files of this machine."""
        return ["ip", "netns", "exec", self.namespace, *command]

    def variables(self) -> dict[str, object]:
        """The variables of an Ansible host that is this one."""
        return {
            "ansible_host": self.address,
            "ansible_user": "root",
            "ansible_ssh_private_key_file": str(self.folder / "key"),
            "ansible_ssh_common_args": f"-o UserKnownHostsFile={self.folder / 'known_hosts'}",
            "ansible_python_interpreter": "/usr/bin/python3",
        }


@dataclass
class Network:
    """Hosts, and where this machine is for them."""

    address: str
    hosts: list[Host]
    folder: Path

    def environment(self) -> dict[str, str]:
        """For ansible-playbook: connections of its own, as addresses are used again."""
        return {"ANSIBLE_SSH_CONTROL_PATH_DIR": str(self.folder / "cp")}


Make = Callable[..., Network]


@pytest.fixture
def network() -> Iterator[Make]:
    """A function that makes a network of hosts with the given names, which is gone after the test."""
    if why := missing():
        pytest.skip(why)
    sweep()
    with ExitStack() as stack:
        yield lambda *names: stack.enter_context(hosts(*names))


def missing() -> str:
    """Why there can be no hosts here, '' where there can."""
    if os.geteuid():
        return "network namespaces need root"
    for program, package in (("ip", "iproute2"), ("unshare", "util-linux")):
        if not shutil.which(program):
            return f"no {program} on this machine (apt install {package})"
    if not PROGRAM:
        return "no SSH server on this machine (apt install openssh-server)"
    mounts = (line.split() for line in Path("/proc/self/mountinfo").read_text().splitlines())
    if "/" not in (fields[4] for fields in mounts):
        return "the root of this machine is no mount, as in a chroot: no host can have another one"
    name = f"{PREFIX}-{os.getpid()}-try"
    try:
        ip("netns", "add", name)
        ip("netns", "delete", name)
    except OSError as error:
        return f"no network namespaces here: {error}"
    return ""


@contextmanager
def hosts(*names: str) -> Iterator[Network]:
    """A bridge, and a host for each name.

    Its links are named as container engines name theirs, virtual to whoever samples this very machine meanwhile.
    """
    own = os.getpid()
    bridge = f"br-{own}{LINKS}"
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}-{own}-", dir="/tmp"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        ip("link", "add", bridge, "type", "bridge")
        stack.callback(delete, "link", bridge)
        subnet = free_subnet()
        ip("address", "add", f"{subnet}.1/24", "dev", bridge)
        ip("link", "set", bridge, "up")
        for key in ("key", "host_key"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / key], check=True)
        public = (folder / "host_key.pub").read_text(encoding="ascii")
        found = []
        for number, name in enumerate(names):
            address = f"{subnet}.{number + 11}"
            with (folder / "known_hosts").open("a", encoding="ascii") as file:
                file.write(f"{address} {public}")
            found.append(stack.enter_context(host(name, address, folder, bridge, f"veth{own}{LINKS}{number}")))
        for each in found:
            wait_for(f"the SSH server of {each.name}", lambda each=each: answers(each))
        yield Network(f"{subnet}.1", found, folder)


@contextmanager
def host(name: str, address: str, folder: Path, bridge: str, link: str) -> Iterator[Host]:
    """A host on the bridge."""
    namespace = f"{PREFIX}-{os.getpid()}-{name}"
    place = folder / name
    (place / "layer").mkdir(parents=True)
    for key in ("host_key", "key.pub"):
        shutil.copy(folder / key, place)
    with ExitStack() as stack:
        ip("netns", "add", namespace)
        stack.callback(delete, "netns", namespace)
        ip("link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", namespace)
        stack.callback(delete, "link", link)
        ip("link", "set", link, "master", bridge, "up")
        ip("-n", namespace, "address", "add", f"{address}/24", "dev", "eth0")
        for device in ("lo", "eth0"):
            ip("-n", namespace, "link", "set", device, "up")
        line = ["ip", "netns", "exec", namespace, "unshare", "--uts", "--mount", "--pid", "--fork", "--kill-child"]
        line += ["--propagation", "private", "sh", "-c", SCRIPT, "sh", str(place), name, str(PROGRAM)]
        log = stack.enter_context((place / "log").open("wb"))
        process = stack.enter_context(
            subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        )
        stack.callback(process.kill)
        yield Host(name, address, namespace, link, folder, process)


def answers(each: Host) -> bool:
    """Whether its SSH server does."""
    log = each.folder / each.name / "log"
    assert each.process.poll() is None, log.read_text(encoding="utf-8", errors="replace")
    return "Server listening" in log.read_text(encoding="utf-8", errors="replace")


def free_subnet() -> str:
    """The beginning of a private subnet that no interface of this machine is in; others look at the same time."""
    taken = subprocess.run(["ip", "-o", "address"], capture_output=True, text=True, check=True).stdout
    subnets = [f"10.77.{(os.getpid() + more) % 254 + 1}" for more in range(254)]
    return next(each for each in subnets if f" {each}." not in taken)


def delete(kind: str, name: str) -> None:
    """Remove a link or namespace; it may have gone with another."""
    with suppress(OSError):
        ip(kind, "delete", name)


def sweep() -> None:
    """Remove what test runs that are dead have left: their processes have ended with the namespaces' first ones."""
    told = subprocess.run(["ip", "-o", "link"], capture_output=True, text=True, check=True).stdout
    links = [line.split()[1].rstrip(":").partition("@")[0] for line in told.splitlines()]
    spaces = [path.name for path in Path("/run/netns").glob(f"{PREFIX}-*")]
    for kind, names in (("netns", spaces), ("link", links)):
        for name in names:
            found = OWN.match(name)
            if found and not Path(f"/proc/{found[1] or found[2]}").exists():
                if kind == "netns":
                    end(name)
                delete(kind, name)


def end(namespace: str) -> None:
    """Kill what still runs in a namespace."""
    told = subprocess.run(["ip", "netns", "pids", namespace], capture_output=True, text=True).stdout
    for pid in map(int, told.split()):
        with suppress(ProcessLookupError):
            os.kill(pid, 9)


def create(file: Path, *names: str) -> None:
    """Make hosts in a process that stays; the file has its number and, by name, the hosts' Ansible variables."""
    if why := missing():
        raise SystemExit(why)
    sweep()
    file.unlink(missing_ok=True)
    log = file.with_suffix(".log")
    with log.open("wb") as told:
        line = [sys.executable, __file__, "hold", str(file), *names]
        process = subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=told, stderr=told, start_new_session=True)
    wait_for("the hosts", lambda: file.exists() or process.poll() is not None, 60)
    if not file.exists():
        raise SystemExit(log.read_text(encoding="utf-8"))


def hold(file: Path, *names: str) -> None:
    """Have hosts until this process is asked to end."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with hosts(*names) as made:
        known = {"pid": os.getpid(), "hosts": {each.name: each.variables() for each in made.hosts}}
        part = file.with_suffix(".part")
        part.write_text(json.dumps(known), encoding="utf-8")
        part.rename(file)
        signal.pause()


def destroy(file: Path) -> None:
    """Remove the hosts of a file, which may be gone already."""
    if not file.exists():
        return
    pid = int(json.loads(file.read_text(encoding="utf-8"))["pid"])
    with suppress(FileNotFoundError, ProcessLookupError):
        if b"fix_hosts" in command_line(pid):
            os.kill(pid, signal.SIGTERM)
            wait_for("the hosts' end", lambda: not command_line(pid))
    file.unlink()


def command_line(pid: int) -> bytes:
    """Of a process that runs; one that has ended, and waits for its parent, has none."""
    return Path(f"/proc/{pid}/cmdline").read_bytes()


if __name__ == "__main__":
    {"create": create, "hold": hold, "destroy": destroy}[sys.argv[1]](Path(sys.argv[2]), *sys.argv[3:])
