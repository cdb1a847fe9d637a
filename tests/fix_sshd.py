"""An SSH server on the loopback interface that lets this test's own key in, as the account that runs the tests."""

import getpass
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest
from fix_pcc import wait_for

PROGRAM = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/usr/bin")
needs_sshd = pytest.mark.skipif(not PROGRAM, reason="no SSH server on this machine (apt install openssh-server)")


class Server(NamedTuple):
    """How to reach the server: variables of an Ansible host."""

    port: int
    key: Path
    known_hosts: Path

    def variables(self) -> dict[str, object]:
        """The variables of a host that is this server."""
        return {
            "ansible_host": "127.0.0.1",
            "ansible_port": self.port,
            "ansible_user": getpass.getuser(),
            "ansible_ssh_private_key_file": str(self.key),
            "ansible_ssh_common_args": f"-o UserKnownHostsFile={self.known_hosts}",
        }


def free_port() -> int:
    """A TCP port nobody listens on."""
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def answers(port: int) -> bool:
    """Whether somebody listens on a port."""
    with closing(socket.socket()) as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="session")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server, with a key and a host key made for it alone."""
    folder = tmp_path_factory.mktemp("sshd")
    for name in ("key", "host_key"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    port = free_port()
    host_key = (folder / "host_key.pub").read_text(encoding="ascii")
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {host_key}", encoding="ascii")
    settings = {
        "ListenAddress": "127.0.0.1",
        "Port": port,
        "HostKey": folder / "host_key",
        "AuthorizedKeysFile": folder / "key.pub",
        "StrictModes": "no",
        "UsePAM": "no",
        "PidFile": "none",
        "PermitRootLogin": "prohibit-password",
        "Subsystem": "sftp internal-sftp",
    }
    (folder / "sshd_config").write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
    Path("/run/sshd").mkdir(exist_ok=True)  # Debian's sshd wants it even where it separates nothing
    log = (folder / "log").open("wb")
    with log, subprocess.Popen([str(PROGRAM), "-D", "-e", "-f", folder / "sshd_config"], stderr=log) as process:
        try:
            wait_for("the SSH server", lambda: answers(port) or process.poll() is not None)
            assert process.poll() is None, (folder / "log").read_text()
            yield Server(port, folder / "key", folder / "known_hosts")
        finally:
            process.terminate()
