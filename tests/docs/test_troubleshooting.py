"""The page about troubles has a row for every check of perfops doctor, in its words."""

from fix_repository import ROOT

from perfops.fleet.checks import HERE, THERE


def test_every_check_stands_in_the_page_as_it_is() -> None:
    text = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    assert rows == [f"| `{spec.name}` | {spec.about} | {spec.remedy} |" for spec in (*HERE, *THERE)]
