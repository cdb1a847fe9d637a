"""The collection as it is published: what is in it, and that its playbooks run from where it was installed."""

import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from fix_database import MakeDatabase
from fix_playbook import LOCAL, write_inventory
from fix_repository import ROOT, tracked

BIN = Path(sys.executable).parent
MADE = {"MANIFEST.json", "FILES.json"}
WANTED = (
    *("docs/", "grafana/", "inventories/", "meta/", "perfops/", "playbooks/", "plugins/", "roles/"),
    *("CHANGELOG.md", "LICENSE", "README.md", "constraints.txt", "pyproject.toml"),
)


def run(*line: str | Path, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a program of the environment, with the collections of the folder alone."""
    known = {
        "ANSIBLE_COLLECTIONS_PATH": str(cwd / "collections"),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_HOME": str(cwd / "home"),
    }
    first, *rest = line
    done = subprocess.run(
        [BIN / first, *rest], cwd=cwd, env=os.environ | known | variables, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive."""
    folder = tmp_path_factory.mktemp("built")
    run("ansible-galaxy", "collection", "build", "--output-path", folder, ROOT, cwd=folder)
    (found,) = folder.glob("*.tar.gz")
    return found


@pytest.fixture(scope="module")
def installed(built: Path) -> Path:
    """A folder with nothing but the archive and what was installed from it, without a network."""
    run("ansible-galaxy", "collection", "install", "--offline", "-p", "collections", built, cwd=built.parent)
    return built.parent


def test_what_is_in_it_is_what_git_knows_and_roles_and_plugins_use(built: Path) -> None:
    with tarfile.open(built) as archive:
        found = {member.name for member in archive if not member.isdir()} - MADE
    known = {str(path.relative_to(ROOT)) for path in tracked()}
    assert found == {name for name in known if name.startswith(WANTED)}


def test_passwords_and_caches_beside_the_files_stay_out(tmp_path: Path) -> None:
    """What `make env` and the tools leave in a checkout."""
    source = tmp_path / "source"
    for path in [ROOT / "galaxy.yml", *tracked("meta", "roles/pcc", "README.md", "LICENSE")]:
        place = source / path.relative_to(ROOT)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(path.read_bytes())
    for name in (
        ".env",
        ".venv/x",
        "results/run/report.html",
        "roles/pcc/__pycache__/x.pyc",
        "perfops.egg-info/PKG-INFO",
    ):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text("canary")
    run("ansible-galaxy", "collection", "build", "--output-path", tmp_path, source, cwd=tmp_path)
    (archive,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        texts = {member.name: opened.extractfile(member).read() for member in opened if member.isfile()}  # type: ignore[union-attr]
    assert "roles/pcc/defaults/main.yml" in texts
    assert [name for name, text in texts.items() if text == b"canary"] == []


def test_its_plugins_and_roles_are_documented_where_it_is_installed(installed: Path) -> None:
    for kind, name in (("module", "pcc"), ("inventory", "oci"), ("role", "pcc"), ("role", "results")):
        told = json.loads(run("ansible-doc", "--json", "-t", kind, f"perfops.perfops.{name}", cwd=installed).stdout)
        assert told[f"perfops.perfops.{name}"], name


def test_its_playbooks_run_by_their_names(installed: Path, databases: MakeDatabase) -> None:
    """The main job and what belongs to it, in a folder without this project's files."""
    hosts = write_inventory(installed / "hosts.yml", {"vm-01": LOCAL}, pcc_home=str(installed / "target"))
    settings = json.dumps({"pcc_duration": "2s", "pcc_frequency": "500ms", "perfops_run": "installed"})
    url = databases()
    line = ("ansible-playbook", "-i", hosts, "-e", settings)
    run(*line, "perfops.perfops.deploy", cwd=installed)
    done = run(*line, "perfops.perfops.collect", cwd=installed, PERFOPS_DATABASE_URL=url)
    report = installed / "results" / "installed" / "report.html"
    assert f"report: {report}" in done.stdout
    assert report.is_file()
    run(*line, "perfops.perfops.clean", cwd=installed)
    assert not (installed / "target").exists()
