"""A file to a receiver, in bounded memory, over a verified connection."""

import http.client
import json
import secrets
import ssl
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from perfops.errors import BadInputError, DatabaseError, MachineError

PATH = "/api/v1/performance/upload"
BLOCK = 1 << 18
PATIENCE = 600  # seconds for the answer, which comes when all is loaded


def send(
    file: Path, server: str, key_file: Path, machine: str, site: str, cafile: Path | None = None
) -> dict[str, Any]:
    """Upload a file; what the receiver says of it."""
    key = read_key(key_file)
    connection, prefix = connect(server, cafile)
    boundary = f"perfops-{secrets.token_hex(12)}"
    try:
        with file.open("rb") as opened:
            head, tail = form(boundary, file.name, {"machine_id": machine, "site": site})
            size = file.stat().st_size if file.is_file() else 0
            headers = {
                "Authorization": f"Bearer {key}",
                "Content-Type": f"multipart/form-data; boundary={boundary}",
                "Content-Length": str(len(head) + size + len(tail)),
            }
            body = parts(head, opened, size, tail)
            return answer_of(connection, prefix + PATH, body, headers, server)
    except OSError as error:
        if isinstance(error, FileNotFoundError) or error.filename is not None:
            raise MachineError(f"cannot read {file}: {error.strerror} (give a host.csv or a collection)") from error
        reason = getattr(error, "verify_message", None) or error.strerror or str(error)
        raise MachineError(f"cannot reach {server}: {reason} (is the receiver running? see --cafile)") from error
    finally:
        connection.close()


def answer_of(
    connection: http.client.HTTPConnection, path: str, body: Iterator[bytes], headers: dict[str, str], server: str
) -> dict[str, Any]:
    """Send the request, and read what comes; where the receiver hangs up before all is sent, it has said why."""
    try:
        with suppress(BrokenPipeError, ConnectionResetError):  # the answer may be there all the same
            connection.request("POST", path, body, headers)
        response = connection.getresponse()
        text = response.read(1 << 20)
    except http.client.HTTPException as error:
        raise MachineError(f"{server} does not answer in HTTP: {type(error).__name__} (is it the receiver?)") from error
    try:
        value = json.loads(text)
    except ValueError:
        value = {}
    if response.status == 200 and isinstance(value, dict):
        return value
    told = value.get("error") if isinstance(value, dict) else None
    words = f"{server} answers {response.status}: {told or response.reason}"
    raise DatabaseError(words) if response.status >= 500 else BadInputError(words)


def read_key(path: Path) -> str:
    """The key in a file that others cannot read."""
    try:
        if path.stat().st_mode & 0o077:
            raise BadInputError(f"{path} can be read by others (chmod 600 {path})")
        key = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a key"
        raise BadInputError(f"cannot read the key in {path}: {reason} (perfops apikey create NAME > {path})") from error
    if not key or not key.isprintable():
        raise BadInputError(f"{path} holds no key (perfops apikey create NAME > {path})")
    return key


def connect(server: str, cafile: Path | None) -> tuple[http.client.HTTPConnection, str]:
    """A connection to a URL or host:port, not made yet, and the path in front of the call's."""
    parts = urlsplit(server if "://" in server else f"http://{server}")
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if parts.scheme not in ("http", "https") or not host:
        raise BadInputError(f"bad value for PCC_SERVER: {server!r} (try https://host:8321)")
    if parts.scheme == "http":
        return http.client.HTTPConnection(host, port, timeout=PATIENCE), parts.path.rstrip("/")
    try:
        context = ssl.create_default_context(cafile=cafile)
    except OSError as error:
        raise BadInputError(f"cannot read the certificates in {cafile}: {error.strerror or error}") from error
    return http.client.HTTPSConnection(host, port, timeout=PATIENCE, context=context), parts.path.rstrip("/")


def form(boundary: str, name: str, values: dict[str, str]) -> tuple[bytes, bytes]:
    """What stands before and behind the file in a form."""
    fields = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
        for key, value in values.items()
    )
    safe = name.encode("ascii", "replace").decode().replace('"', "_")
    head = f'{fields}--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{safe}"\r\n'
    return f"{head}Content-Type: application/octet-stream\r\n\r\n".encode(), f"\r\n--{boundary}--\r\n".encode()


def parts(head: bytes, file: IO[bytes], size: int, tail: bytes) -> Iterator[bytes]:
    """The body in blocks, exactly `size` bytes of the file in it."""
    yield head
    while size and (block := file.read(min(BLOCK, size))):
        size -= len(block)
        yield block
    yield tail
