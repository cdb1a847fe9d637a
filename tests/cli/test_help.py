"""What `perfops COMMAND --help` shows runs as it stands; a command without an example fails here."""

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fix_command import BIN, perfops
from fix_database import ROOMY
from fix_loaded import IDENTITY
from fix_pcc import environment, pack, run
from fix_playbook import LOCAL, write_inventory
from fix_push import TOKEN, small_grafana
from fix_receiver import receiving
from fix_sshd import PROGRAM, Server
from typer.main import get_command

from perfops.cli.app import app
from perfops.store import embedded, home

Command = Any  # typer brings its own copy of click


def leaves(command: Command, *names: str) -> Iterator[tuple[str, Command]]:
    """Commands that do something, by their names."""
    inner = getattr(command, "commands", None)
    if inner is None:
        yield " ".join(names), command
    else:
        for name, each in inner.items():
            yield from leaves(each, *names, name)


COMMANDS = dict(leaves(get_command(app)))


def example(command: Command) -> str:
    """The example in a command's help, in one line."""
    (found,) = re.findall(r"^Example: (.+?)(?:\n\n|\Z)", command.help, re.MULTILINE | re.DOTALL)
    return " ".join(found.split())


@pytest.fixture(scope="module")
def variables() -> Iterator[dict[str, str]]:
    """The environment of the examples: a server of their own, which they may stop; psql that comes with it."""
    folder = Path(tempfile.mkdtemp(prefix="perfops-help-", dir=ROOMY))
    folder.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PERFOPS_HOME", str(folder))
        found = home.find_home()
    try:
        embedded.start(found)
        libpq = {name for name in os.environ if name.startswith("PG")} | {"PERFOPS_DATABASE_URL"}
        known = {name: value for name, value in environment().items() if name not in libpq}
        path = f"{BIN}:{known['PATH']}:{home.programs(found)}"
        yield known | {"PATH": path, "PERFOPS_HOME": str(folder)}
    finally:
        embedded.stop(found)
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def results(variables: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the results of the run `nightly`, recorded by the sampler itself, processed and loaded."""
    folder = tmp_path_factory.mktemp("nightly")
    machine = folder / "results" / "nightly" / "vm-01"
    machine.mkdir(parents=True)
    line = ("--duration", "200ms", "--frequency", "20ms", "--collection", str(machine / "collection.json"))
    assert run(pack(folder), *line, env=environment()).returncode == 0
    load = ("--collector-name", "vm-01", "--site-name", "azure", "--run", "nightly")
    for command in (("process", machine / "collection.json", "--outdir", machine), ("load", machine, *load)):
        done = perfops(*command, env=variables)
        assert done.returncode == 0, done.stderr
    (folder / "results/nightly/run.json").write_text(json.dumps({"run": "nightly", "mode": "local", "id": IDENTITY}))
    fill_spool(folder)
    return folder / "results"


def fill_spool(folder: Path) -> None:
    """A spool with a collection that could not be sent."""
    line = ("--mode", "trickle", "--duration", "200ms", "--frequency", "20ms", "--spool", str(folder / "results/spool"))
    away = ("--server", "127.0.0.1:1", "--flush", "0")
    assert run(pack(folder), *line, *away, env=environment(PCC_APIKEY="key")).returncode == 4


@contextmanager
def served(line: str, variables: dict[str, str], folder: Path) -> Iterator[dict[str, str]]:
    """The environment of an example, with keys of its own; of one that talks to a receiver, with that and its key."""
    known = variables | {"PCD_HOME": str(folder / "pcd")}
    if "PCC_SERVER" not in line:
        yield known
        return
    url = perfops("db", "url", env=variables).stdout.strip()
    with receiving(url, folder) as receiver:
        (folder / "key").write_text(receiver.key)
        (folder / "key").chmod(0o600)
        yield known | {"PCC_SERVER": receiver.url}


def name_machines(folder: Path, sshd: Server | None) -> None:
    """What the examples with machines name: an inventory of this one, and an SSH configuration for 127.0.0.1."""
    (folder / "inventories").mkdir()
    write_inventory(folder / "inventories/local", {"this-machine": LOCAL}, pcc_home=str(folder / "home"))
    if sshd:
        known = f"Port {sshd.port}\nIdentityFile {sshd.key}\nUserKnownHostsFile {sshd.known_hosts}\n"
        (folder / "ssh_config").write_text(known)


@pytest.mark.parametrize("name", sorted(COMMANDS, key="remove".__eq__))  # the last: the others want the run
def test_an_example_runs(
    name: str, variables: dict[str, str], results: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """In a folder with the results of a run, with its times shortened and its /tmp elsewhere."""
    if name == "run" and not PROGRAM:
        pytest.skip("no SSH server on this machine (apt install openssh-server)")
    name_machines(tmp_path, request.getfixturevalue("sshd") if name == "run" else None)
    shutil.copytree(results, tmp_path / "results")
    (tmp_path / "results" / "spool").rename(tmp_path / "spool")
    line = example(COMMANDS[name])
    assert name in line
    short = re.sub(r"(--duration )\S+", r"\g<1>400ms", re.sub(r"(--frequency )\S+", r"\g<1>100ms", line))
    short = short.replace("/tmp/", f"{tmp_path}/")
    (tmp_path / "token").write_text(TOKEN)
    with served(line, variables, tmp_path) as known, small_grafana() as grafana:
        short = short.replace("http://127.0.0.1:3000", grafana.url)
        done = subprocess.run(["bash", "-c", short], cwd=tmp_path, env=known, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_shows_the_example_and_every_option(name: str, variables: dict[str, str]) -> None:
    done = perfops(*name.split(), "--help", env=variables | {"COLUMNS": "200"})
    assert done.returncode == 0
    text = " ".join(done.stdout.split())
    assert f"Example: {example(COMMANDS[name])}" in text
    for parameter in COMMANDS[name].params:
        assert parameter.help, f"{parameter.name} has no help"
        assert all(option in text for option in parameter.opts if option.startswith("-"))


def test_the_help_of_perfops_names_every_command(variables: dict[str, str]) -> None:
    text = perfops("--help", env=variables | {"COLUMNS": "200"}).stdout
    for name in COMMANDS:
        assert re.search(rf"^│ {name.split()[0]} ", text, re.MULTILINE)
