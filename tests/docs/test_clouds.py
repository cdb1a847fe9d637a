"""docs/azure.md and docs/oci.md: each command on them is run as it stands, over machines of the names on the page."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from fix_database import MakeDatabase
from fix_hosts import Host, hosts, missing
from fix_oci import compartment, instance, serving
from fix_repository import ROOT

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
NAMES = {"azure": ["test-vm-01", "test-vm-02"], "oci": ["oci-vm-01", "oci-vm-02"]}
BENCH = "ocid1.compartment.oc1..bench"
BIN = Path(sys.executable).parent


def blocks(cloud: str, language: str) -> list[str]:
    """The blocks of a page in a language, in its order."""
    text = (ROOT / "docs" / f"{cloud}.md").read_text(encoding="utf-8")
    return [found for told, found in BLOCK.findall(text) if told == language]


@pytest.fixture(scope="module")
def machines() -> Iterator[dict[str, Host]]:
    """The machines of both pages."""
    if why := missing():
        pytest.skip(why)
    with hosts(*NAMES["azure"], *NAMES["oci"]) as made:
        yield {host.name: host for host in made.hosts}


@pytest.mark.parametrize("cloud", ["azure", "oci"])
def test_every_command_of_the_page_runs(
    cloud: str, machines: dict[str, Host], databases: MakeDatabase, tmp_path: Path
) -> None:
    shutil.copytree(ROOT / "inventories", tmp_path / "inventories")
    (page,) = blocks(cloud, "yaml")
    listed = yaml.safe_load(page)
    for group in listed[cloud]["children"].values():
        group["hosts"] = {name: machines[name].variables() for name in group["hosts"]}
    (tmp_path / "inventories" / cloud / "hosts.yml").write_text(json.dumps(listed), encoding="utf-8")
    known = {
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_SSH_CONTROL_PATH_DIR": str(tmp_path / "cp"),
        "OCI_COMPARTMENTS": BENCH,
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "PERFOPS_DATABASE_URL": databases(),
    }
    commands = [line for block in blocks(cloud, "sh") for line in block.splitlines()]
    assert {"collect", "deploy", "doctor", "report", "clean"} <= {line.split()[1] for line in commands}
    told = {}
    with serving(tmp_path) as asked:
        asked.compartments = [compartment("bench")]
        asked.regions = {"us-phoenix-1": [instance(name, BENCH, 1 + place) for place, name in enumerate(NAMES["oci"])]}
        source = tmp_path / "inventories" / "oci" / "oci.yml"
        source.write_text(json.dumps(yaml.safe_load(source.read_text()) | asked.source()), encoding="utf-8")
        for command in commands:
            line = shlex.split(command.replace("--duration 10m", "--duration 2s"))
            done = subprocess.run(
                line, cwd=tmp_path, env=os.environ | known, capture_output=True, text=True, timeout=300
            )
            assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
            told[command] = done.stdout
    for command, text in told.items():
        if "--graph" in command:
            assert all(name in text for name in NAMES[cloud]), command
    report = (tmp_path / "first.html").read_text(encoding="utf-8")
    assert all(name in report for name in NAMES[cloud])
    recorded = (tmp_path / "results" / "first" / NAMES[cloud][0] / "collection.json").read_bytes().splitlines()[0]
    assert json.loads(json.loads(recorded)["measurement"])["labels"] == {"cloud": cloud, "build": "42"}
    assert not any((machines[name].root() / "root" / ".perfops").exists() for name in NAMES[cloud])


@pytest.mark.parametrize("cloud", ["azure", "oci"])
def test_what_is_shown_and_not_run_is_the_clouds_own_or_grafanas(cloud: str) -> None:
    for line in "".join(blocks(cloud, "text")).splitlines():
        ours = line.startswith(("perfops ", "ansible-playbook "))
        assert not ours or line.startswith(("perfops db grant-reader", "perfops grafana push")), line
