"""The roles on machines of their own, by molecule: check, converge, idempotence, verify, clean."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from fix_database import MakeDatabase
from fix_hosts import missing
from fix_repository import ROOT

SCENARIOS = sorted(path.parent.name for path in ROOT.glob("tests/molecule/*/molecule.yml"))
QUICK = "faulty"  # the others with PERFOPS_SOAK=1, as `make molecule` runs them


def test_there_are_scenarios() -> None:
    assert {"default", "faulty", "upgrade"} == set(SCENARIOS)


@pytest.mark.soak
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_scenario(scenario: str, databases: MakeDatabase, tmp_path: Path) -> None:
    if scenario != QUICK and os.environ.get("PERFOPS_SOAK") != "1":
        pytest.skip("make molecule runs all scenarios")
    if why := missing():
        pytest.skip(why)
    known = {
        "MOLECULE_GLOB": "tests/molecule/*/molecule.yml",
        "MOLECULE_EPHEMERAL_DIRECTORY": str(tmp_path / "molecule"),
        "PERFOPS_DATABASE_URL": databases(),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),  # the packed collector of this checkout alone
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "NO_COLOR": "1",
    }
    line = [Path(sys.executable).with_name("molecule"), "test", "--scenario-name", scenario]
    done = subprocess.run(
        line, cwd=ROOT, env=os.environ | known, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=900
    )
    assert done.returncode == 0, done.stdout[-6000:]
