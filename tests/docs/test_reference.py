"""The pages of docs/reference are those that the code gives, and leave no variable of the environment out."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from fix_repository import ROOT, tracked

REFERENCE = ROOT / "docs" / "reference"
VARIABLE = re.compile(r"\b(?:PERFOPS|PCC|PCR|PCD)_[A-Z]+(?:_[A-Z]+)*\b")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages as they are written now."""
    folder = tmp_path_factory.mktemp("reference")
    subprocess.run([sys.executable, ROOT / "scripts" / "reference", folder], check=True)
    return folder


def test_the_pages_are_fresh(written: Path) -> None:
    for page in sorted(written.glob("*.md")):
        known = (REFERENCE / page.name).read_text(encoding="utf-8")
        assert page.read_text(encoding="utf-8") == known, f"{page.name} is stale: make docs"


def test_there_are_no_other_pages_made_by_it(written: Path) -> None:
    made = {
        path.name for path in REFERENCE.glob("*.md") if "written by `make docs`" in path.read_text(encoding="utf-8")
    }
    assert made == {page.name for page in written.glob("*.md")}


def test_the_readmes_of_roles_are_fresh_and_every_role_has_one(written: Path) -> None:
    found = {path.parent.name: path for path in written.glob("roles/*/README.md")}
    assert found.keys() == {path.name for path in (ROOT / "roles").iterdir() if path.is_dir()}
    for name, page in found.items():
        known = (ROOT / "roles" / name / "README.md").read_text(encoding="utf-8")
        assert page.read_text(encoding="utf-8") == known, f"roles/{name}/README.md is stale: make docs"


def test_every_variable_is_described() -> None:
    page = (REFERENCE / "environment.md").read_text(encoding="utf-8")
    described = set(VARIABLE.findall(page))
    used = {
        name
        for path in tracked(
            "perfops", "plugins", "roles", "playbooks", "scripts", "tests", "Makefile", ".ci", "docker-compose.yml"
        )
        for name in VARIABLE.findall(path.read_text(encoding="utf-8", errors="replace"))
    }
    assert described == used
