"""perfops build-pcc: pack the sampler into the one file that is copied to the machines under test."""

import io
import os
import zipfile
from pathlib import Path
from typing import Annotated

import typer

from perfops.errors import MachineError

SHEBANG = b"#!/usr/bin/env python3\n"
ENTRY = "boot.py"  # becomes the archive's __main__
WHEN = (2020, 1, 1, 0, 0, 0)  # any fixed time: the same sources give the same bytes


def packed() -> bytes:
    """The sampler as an executable zip archive: the same bytes from the same sources."""
    from perfops import pcc

    sources = Path(pcc.__file__).parent
    files = {f"pcc/{path.name}": path.read_bytes() for path in sorted(sources.glob("*.py")) if path.name != ENTRY}
    files["__main__.py"] = (sources / ENTRY).read_bytes()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name, WHEN)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    return SHEBANG + buffer.getvalue()


def build_pcc(
    output: Annotated[Path, typer.Option(help="The file to write.", metavar="FILE")] = Path("pcc"),
) -> None:
    """Pack the sampler pcc into one executable file, for Python 3.6 and later.

    Example: perfops build-pcc --output /tmp/pcc && /tmp/pcc --duration 5s --frequency 1s --collection /tmp/host.json
    """
    content = packed()
    try:
        known = output.read_bytes() == content if output.is_file() else False
        if not known:
            write_whole(output, content)
    except OSError as error:
        raise MachineError(f"cannot write {output}: {error.strerror} (name another file with --output)") from error
    typer.echo(f"{output} ({len(content)} bytes{', unchanged' * known})")


def write_whole(output: Path, content: bytes) -> None:
    """Write the file whole or not at all: whoever copies it meanwhile gets the old one or the new one."""
    part = output.with_name(f".{output.name}.{os.getpid()}")
    try:
        part.write_bytes(content)
        part.chmod(0o755)
        part.replace(output)
    finally:
        part.unlink(missing_ok=True)
