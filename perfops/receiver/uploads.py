"""Uploads: a host.csv or a collection as a file, loaded by `perfops load` in a process of its own.

So a file of any size takes no memory here, and nothing that is in it can harm the receiver.
"""

import asyncio
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from perfops.receiver.body import BLOCK, too_large, unpacked_parts
from perfops.receiver.errors import RefusedError
from perfops.receiver.ingest import LONGEST, SITE, is_name
from perfops.receiver.keys import Key
from perfops.receiver.pipeline import RETRY, not_yours
from perfops.receiver.settings import Settings
from perfops.samples.records import GZIP_MAGIC
from perfops.store.connection import VARIABLE

STREAMS = 1000  # of one gzip file
CSV = b"timestamp,"
STATUS = {2: 422, 3: 503, 4: 503}  # of exit codes of perfops load


class Uploads:
    """The uploads of one worker, a few at a time."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.running = 0

    async def take(self, request: Request, key: Key) -> dict[str, Any]:
        """Store an upload; what perfops load says of it."""
        if self.running >= self.settings.limits.uploads:
            raise RefusedError(503, "another upload is being worked on (try again)", RETRY)
        self.running += 1
        try:
            folder = self.settings.home / "uploads"
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder) as name:
                return await self.load(request, key, Path(name))
        except OSError as error:
            raise RefusedError(503, f"no room for the upload: {error.strerror} (try later)", RETRY) from error
        finally:
            self.running -= 1

    async def load(self, request: Request, key: Key, folder: Path) -> dict[str, Any]:
        """Read the form into a folder, and load its file."""
        limits = self.settings.limits
        if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
            raise RefusedError(422, "the body is not multipart/form-data with the parts file and machine_id")
        try:
            async with asyncio.timeout(limits.upload_seconds):
                machine, site, uploaded = await read_form(request, limits.upload)
        except TimeoutError as error:
            raise RefusedError(408, f"the file did not come within {limits.upload_seconds:g} s") from error
        if not key.may_write(machine):
            raise not_yours(key, machine)
        path = await asyncio.to_thread(spread, uploaded, folder, limits.unpacked_upload)
        return await run_load(path, machine, site, self.settings)


async def read_form(request: Request, limit: int) -> tuple[str, str, Any]:
    """Machine, site and file of a form."""
    size = 0

    async def stream() -> Any:
        nonlocal size
        async for part in request.stream():
            size += len(part)
            if size > limit:
                raise too_large(limit)
            yield part

    try:
        form = await MultiPartParser(request.headers, stream(), max_files=1, max_fields=10).parse()
    except MultiPartException as error:
        raise RefusedError(422, f"the form cannot be read: {error.message[:100].lower()}") from error
    except ClientDisconnect as error:
        raise RefusedError(400, "the body was cut short") from error
    machine, site, uploaded = form.get("machine_id"), form.get("site", SITE), form.get("file")
    for name, value in (("machine_id", machine), ("site", site)):
        if not isinstance(value, str) or not is_name(value):
            raise RefusedError(422, f"{name!r} is not a name of 1 to {LONGEST} characters")
    if uploaded is None or isinstance(uploaded, str):
        raise RefusedError(422, "the form has no file in its part 'file'")
    return str(machine), str(site), uploaded.file


def spread(file: Any, folder: Path, limit: int) -> Path:
    """Write the uploaded file unpacked, under the name that tells what it is."""
    file.seek(0)
    parts = blocks(file)
    if file.read(2) == GZIP_MAGIC:
        parts = unpacked_parts(parts, "file", STREAMS, 422, "perfops process reads it up to there; load that")
    target = folder / "collection.json"
    size = 0
    head = b""
    with target.open("wb") as output:
        for part in parts:
            head = head or part[:200]
            size += len(part)
            if size > limit:
                raise too_large(limit)
            output.write(part)
    if head.removeprefix(b"\xef\xbb\xbf").lstrip(b'"').startswith(CSV):
        return target.rename(folder / "host.csv")
    return target


def blocks(file: Any) -> Iterator[bytes]:
    """The file in blocks, from its start."""
    file.seek(0)
    while block := file.read(BLOCK):
        yield block


async def run_load(path: Path, machine: str, site: str, settings: Settings) -> dict[str, Any]:
    """Run perfops load on a file."""
    environment = {name: value for name, value in os.environ.items() if name != VARIABLE}
    if settings.target.conninfo:
        environment[VARIABLE] = settings.target.conninfo
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "perfops", "load", "--json", f"--collector-name={machine}", f"--site-name={site}"),
        str(path),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment | {"TMPDIR": str(path.parent)},
    )
    try:
        told, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        lines = errors.decode("utf-8", "replace").strip().splitlines() or ["perfops load ended without a word"]
        text = lines[-1].removeprefix("perfops: ").replace(str(path), path.name).replace(str(path.parent), "upload")
        status = STATUS.get(process.returncode, 503)
        raise RefusedError(status, text[:300], RETRY if status == 503 else None)
    (loaded,) = orjson.loads(told)
    return {name: loaded[name] for name in ("collection", "collector", "site", "new", "rows")}
