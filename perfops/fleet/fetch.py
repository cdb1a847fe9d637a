"""A recording on its way home by SFTP: it goes on where it broke off, and is whole only when its checksum is right."""

import os
from collections.abc import Callable, Iterator
from hashlib import file_digest
from pathlib import Path

from perfops.errors import MachineError, TargetError, remedy
from perfops.fleet.target import Target

BLOCK = 1 << 18
PART = ".part"


def fetch(target: Target, remote: str, local: Path, digest: str, tell: Callable[[int], None]) -> None:
    """Bring a file home as `local`; what is there already of an earlier try is not fetched again.

    `digest` is its SHA-256, `tell` is called with the bytes that are home. LostError where the connection breaks off:
    call it again. TargetError where the file is another one than was said.
    """
    part = local.with_name(local.name + PART)
    try:
        for again in (False, True):
            bring(target, remote, part, tell)
            if digest_of(part) == digest:
                force(part)  # or a power loss leaves its name without its content, and it is gone on the machine
                part.replace(local)
                force(local.parent)
                return
            part.unlink()
            if again:
                raise TargetError(f"{target.name}: {remote} changes while it is fetched (see what writes there)")
    except OSError as error:
        raise MachineError(f"cannot write {part}: {error.strerror or error} ({remedy(error)}, and go on)") from error


def bring(target: Target, remote: str, part: Path, tell: Callable[[int], None]) -> None:
    """Add to the local part what it lacks."""
    with part.open("ab") as local:
        for block in blocks(target, remote, local.tell()):
            if block is None:  # what is here is of another file
                local.truncate(0)
                local.seek(0)
            else:
                local.write(block)
            tell(local.tell())


def blocks(target: Target, remote: str, start: int) -> Iterator[bytes | None]:
    """The remote file from `start` on; None first where it is shorter than that, and then all of it."""
    with target.opened(remote, "rb") as file:
        size = file.stat().st_size or 0
        if start > size:
            yield None
            start = 0
        file.seek(start)
        file.prefetch(size)
        while start < size and (block := file.read(min(BLOCK, size - start))):
            start += len(block)
            yield block


def force(path: Path) -> None:
    """Force a file, or the names in a folder, to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def digest_of(path: Path) -> str:
    """SHA-256 of a local file."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
