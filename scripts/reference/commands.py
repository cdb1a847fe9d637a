"""The commands of perfops and the flags of pcc, as their parsers know them."""

import argparse
from collections.abc import Iterator
from typing import Any

from typer.main import get_command

from perfops.cli.app import app
from perfops.pcc.flags import build_parser


def commands(name: str = "perfops", command: Any = None) -> Iterator[tuple[str, Any]]:
    """Every command with its whole name, groups before what they hold."""
    command = command or get_command(app)
    yield name, command
    for part, inner in sorted(getattr(command, "commands", {}).items()):
        yield from commands(f"{name} {part}", inner)


def pcc_flags() -> list[argparse.Action]:
    """The flags of pcc."""
    return [action for action in build_parser()._actions if action.dest != "help"]
