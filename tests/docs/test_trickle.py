"""docs/trickle.md: its examples are those of pcc's help, which a test runs, and its names those of the spool."""

import re

from fix_repository import ROOT

from perfops.pcc.flags import EXAMPLES, build_parser

TEXT = (ROOT / "docs" / "trickle.md").read_text(encoding="utf-8")


def test_the_examples_are_those_of_the_help() -> None:
    shown = [line for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL) for line in block.splitlines()]
    assert shown
    assert all(line in EXAMPLES for line in shown if line.startswith("pcc "))


def test_every_flag_of_trickle_mode_is_in_the_table() -> None:
    for action in build_parser()._actions:
        if "trickle: " in (action.help or "") and action.dest != "mode":
            assert f"| `{action.option_strings[0]}` |" in TEXT
