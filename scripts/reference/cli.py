"""The page of commands: perfops, pcprocess and pcc, and their exit codes."""

import re
import textwrap
from typing import Any

from commands import commands, pcc_flags
from markdown import block, code, table

from perfops.errors import PerfopsError
from perfops.pcc.flags import EXAMPLES, build_parser

HEAD = """# Commands

Each command says the same by `--help`. Errors are one line on standard error; what a command prints on standard output
is for people, and `--json` prints the same for programs, with keys that stay.
"""
PCPROCESS = "\n## pcprocess\n\n`perfops process` under its own name, with the same arguments.\n"
PCD = "\n## pcd\n\n`perfops receive` under its own name, with the same options.\n"


def page() -> str:
    """The page."""
    return (
        HEAD + exit_codes() + "".join(section(name, command) for name, command in commands()) + PCPROCESS + PCD + pcc()
    )


def exit_codes() -> str:
    """What the status of a command says, from the errors a user can meet."""
    rows = {0: "Done."}
    for error in PerfopsError.__subclasses__():
        if error.__module__ == PerfopsError.__module__:
            rows[error.exit_code] = re.sub(r" \(exit code \d\)", "", error.__doc__ or "")
    return "\n## Exit codes\n\n" + table(("code", "when"), [(str(key), rows[key]) for key in sorted(rows)])


def section(name: str, command: Any) -> str:
    """One command, or a group of them, which is its help alone."""
    text, _, example = (command.help or "").partition("Example: ")
    title = f"\n## {name}\n\n{text.strip()}\n"
    if hasattr(command, "commands"):
        return title
    arguments = [parameter for parameter in command.params if parameter.param_type_name == "argument"]
    usage = " ".join([name, "[OPTIONS]", *(parameter.metavar for parameter in arguments)])
    rows = [row(parameter) for parameter in command.params if not parameter.hidden]
    options = "\n" + table(("", "value", "default", "environment", "what it does"), rows) if rows else ""
    return title + "\n" + block(usage) + options + "\nExample:\n\n" + block(" ".join(example.split()))


def row(parameter: Any) -> tuple[str, ...]:
    """One argument or option."""
    if parameter.param_type_name == "argument":
        return (code(parameter.metavar), "", "", code(parameter.envvar), parameter.help)
    shown = parameter.show_default if isinstance(getattr(parameter, "show_default", None), str) else ""
    default = parameter.default if parameter.default not in (None, False) else shown
    value = "" if parameter.is_flag else parameter.metavar or "TEXT"
    names = ", ".join(map(code, parameter.opts))
    return (names, code(value), code(default), code(parameter.envvar), parameter.help)


def pcc() -> str:
    """The sampler."""
    rows = [
        (code(flag.option_strings[0]), code("" if flag.nargs == 0 else flag.metavar), str(flag.help))
        for flag in pcc_flags()
    ]
    text = f"\n## pcc\n\n{build_parser().description} Packed by `perfops build-pcc`, for Python 3.6 and later.\n\n"
    return text + table(("flag", "value", "what it does"), rows) + "\n" + block(textwrap.dedent(EXAMPLES), "text")
