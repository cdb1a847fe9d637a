"""Secrets from files or standard input: what stands on a command line, everybody on the machine can read."""

import sys
from pathlib import Path

from perfops.errors import BadInputError


def read_secret(path: Path, what: str) -> str:
    """The first line of a file, of standard input for `-`; BadInputError where it is empty. `what` names the secret.

    A mark of the order of bytes in front, as editors of Windows put it, is none of it.
    """
    if str(path) == "-" and sys.stdin is None:  # closed by who started this
        raise BadInputError(f"cannot read the {what}: standard input is closed (name a file instead)")
    try:
        line = sys.stdin.buffer.readline() if str(path) == "-" else path.read_bytes().split(b"\n", 1)[0]
        text = line.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInputError(f"cannot read the {what} in {path}: it is not text in UTF-8") from error
    except OSError as error:
        raise BadInputError(f"cannot read the {what} in {path}: {error.strerror}") from error
    if not (secret := text.strip("\r\n")):
        raise BadInputError(f"no {what} in {path} (its first line is empty)")
    return secret
