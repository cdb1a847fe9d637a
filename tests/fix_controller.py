"""The controller: `perfops` called with machines that it reaches by SSH, real hosts on this one."""

import os
import subprocess
from pathlib import Path

import pytest
from fix_command import BIN, environment
from fix_hosts import Host, Make, Network


class Controller:
    """`perfops` as it is called here: a folder to be in, a database, an SSH configuration with its known hosts."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.url = url
        self.bin = BIN
        self.config = folder / "ssh_config"
        self.known = folder / "known_hosts"

    def line(self, *words: str | Path) -> list[str]:
        """A command line."""
        return [str(BIN / "perfops"), *map(str, words)]

    def environment(self, **variables: str) -> dict[str, str]:
        """Its environment: no agent, and no keys of whoever runs the tests."""
        known = environment(PERFOPS_DATABASE_URL=self.url, **variables)
        return {name: value for name, value in known.items() if name != "SSH_AUTH_SOCK"}

    def perfops(self, *words: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        given = {"cwd": self.folder, "env": self.environment(**variables), "timeout": 240}
        return subprocess.run(self.line(*words), capture_output=True, text=True, stdin=subprocess.DEVNULL, **given)

    def start(self, *words: str | Path, **variables: str) -> subprocess.Popen[str]:
        """Start a command, as the first of a group of processes."""
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        known = self.environment(**variables)
        return subprocess.Popen(self.line(*words), cwd=self.folder, env=known, start_new_session=True, **pipes)

    def knows(self, name: str, settings: dict[str, object]) -> None:
        """Add a machine to the SSH configuration."""
        lines = [f"Host {name}", *(f"  {key} {value}" for key, value in settings.items()), ""]
        with self.config.open("a") as file:
            file.write("\n".join(lines))


@pytest.fixture
def controller(database: str, tmp_path: Path) -> Controller:
    """The controller, which knows no machine yet."""
    return Controller(tmp_path, database)


def connect(controller: Controller, network: Network, user: str = "root") -> None:
    """Have the hosts of a network in the SSH configuration, each under its name."""
    for host in network.hosts:
        known = {"HostName": host.address, "User": user, "IdentityFile": network.folder / "key"}
        controller.knows(host.name, known | {"UserKnownHostsFile": network.folder / "known_hosts"})


def add_user(host: Host, name: str) -> Path:
    """An account without any rights on a host; its home there, seen from here."""
    root = host.root()
    home = root / "home" / name
    for file, line in (("passwd", f"{name}:x:1999:1999::/home/{name}:/bin/sh\n"), ("shadow", f"{name}:*:1:0:9:7:::\n")):
        with (root / "etc" / file).open("a") as known:
            known.write(line)
    home.mkdir(parents=True)
    os.chown(home, 1999, 1999)
    return home


@pytest.fixture
def hosts(network: Make, controller: Controller) -> Network:
    """Two hosts, `one` and `two`, that the controller knows as root."""
    found = network("one", "two")
    connect(controller, found)
    return found
