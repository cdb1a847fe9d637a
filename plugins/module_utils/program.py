"""The collector's file on the machine, and the certificates beside it: sent along only where they are not there yet."""

from __future__ import annotations

import base64
import hashlib
import os
from pathlib import Path

from ansible_collections.perfops.perfops.plugins.module_utils.collections import CERTIFICATES


def is_there(path, sha256):
    """Whether a file has this content."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() == sha256
    except OSError:
        return False


def needs(params, path):
    """What has to be sent along: the program, where the one that is there is not the one that is wanted."""
    wanted = params["program_sha256"]
    if not wanted or params["program_content"] or is_there(path, wanted):
        return []
    return ["program"]


def install(params, path):
    """Put there what was sent along; OSError where it cannot be written."""
    if params["program_content"]:
        write(path, base64.b64decode(params["program_content"]), 0o755)
    if params["certificates"]:
        write(Path(params["home"], CERTIFICATES), base64.b64decode(params["certificates"]), 0o644)


def write(path, content, mode):
    """Write a file whole or not at all; whoever runs the old one goes on with that."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(".{0}.{1}".format(path.name, os.getpid()))
    try:
        part.write_bytes(content)
        part.chmod(mode)
        part.replace(path)
    except OSError:
        if part.exists():
            part.unlink()
        raise
