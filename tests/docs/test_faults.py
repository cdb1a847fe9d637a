"""docs/faults.md: each row of its table is a test that exists, and each test of a fault is in it."""

import re

from fix_repository import ROOT

ROW = re.compile(r"^\| .* \| `(test_\w+\.py)::(test_\w+)` \|$")


def test_the_table_is_that_of_the_tests() -> None:
    lines = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8").splitlines()
    table = [line for line in lines if line.startswith("|")][2:]
    named = [match.groups() for line in table if (match := ROW.match(line))]
    assert len(named) == len(table)
    found = {
        (file.name, name)
        for file in (ROOT / "tests" / "faults").glob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert set(named) == found
    assert len(named) == len(set(named))
