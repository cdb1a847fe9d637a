"""Secrets from files or standard input: what stands on a command line, everybody on the machine can read."""

import sys
from pathlib import Path

from perfops.errors import BadInputError


def read_secret(path: Path, what: str) -> str:
    """The first line of a file, of standard input for `-`; BadInputError where it is empty. `what` names the secret."""
    try:
        text = sys.stdin.readline() if str(path) == "-" else path.read_text(encoding="utf-8").split("\n", 1)[0]
    except UnicodeDecodeError as error:
        raise BadInputError(f"cannot read the {what} in {path}: it is not text in UTF-8") from error
    except OSError as error:
        raise BadInputError(f"cannot read the {what} in {path}: {error.strerror}") from error
    if not (secret := text.strip("\r\n")):
        raise BadInputError(f"no {what} in {path} (its first line is empty)")
    return secret
