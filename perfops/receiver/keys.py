"""The file of API keys: a line a key, hashed, and looked at anew whenever it has changed.

A line is a JSON object (`name`, `sha256`, `collectors`, `created`) as `perfops apikey create` writes it, or a plain key
as others wrote it. Keys made here are 256 bits of chance, so one round of SHA-256 will do: nothing is to be guessed.
The file is replaced whole, so a reader sees it before or after a change.
"""

import fcntl
import hmac
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import IO

import orjson

from perfops.errors import BadInputError, MachineError

PREFIX = "pcd_"
LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it is kept; `collectors` are those it may write, all where it is None."""

    name: str
    digest: str
    collectors: frozenset[str] | None
    created: str | None
    line: str

    def may_write(self, collector: str) -> bool:
        """Whether it may write a collector's samples."""
        return self.collectors is None or collector in self.collectors


class Keys:
    """The keys of a file, for many requests: the file is looked at with each, and read when it is another one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.seen: tuple[int, int, int, int] | None = None
        self.known: list[Key] = []
        self.trouble: str | None = None

    def find(self, key: str | None) -> Key | None:
        """The key, None where there is no such; it takes the same time whichever it is."""
        self.refresh()
        digest = hashed(key or "")
        found = None
        for each in self.known:
            if hmac.compare_digest(each.digest, digest):
                found = each
        return found if key else None

    def refresh(self) -> None:
        """Read the file where it has changed; without a file that can be used there are no keys."""
        try:
            state = self.path.stat()
            seen = (state.st_ino, state.st_mtime_ns, state.st_size, state.st_mode)
            if seen == self.seen:
                return
            self.known = read_keys(self.path)
            self.seen, self.trouble = seen, None
        except (OSError, BadInputError) as error:
            self.known, self.seen = [], None
            self.trouble = str(error) if isinstance(error, BadInputError) else f"{self.path}: {error.strerror}"


def hashed(key: str) -> str:
    """The digest of a key."""
    return sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def request_key(headers: Mapping[str, str]) -> str | None:
    """The key a request brings: `apikey`, or `Authorization: Bearer`."""
    if key := headers.get("apikey"):
        return key.strip()
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def read_keys(path: Path) -> list[Key]:
    """All keys of a file; BadInputError where others may read or write it, or where a line is none."""
    with path.open("rb") as file:
        mode = os.fstat(file.fileno()).st_mode & 0o777
        if mode & 0o077:
            raise BadInputError(f"{path} can be read or written by others, by its mode {mode:04o} (chmod 600 {path})")
        lines = file.read().decode("utf-8", "surrogateescape").splitlines()
    return [key_of(line, number, path) for number, line in enumerate(map(str.strip, lines), 1) if is_key(line)]


def is_key(line: str) -> bool:
    """Whether a line is no remark and not empty."""
    return bool(line) and not line.startswith("#")


def key_of(line: str, number: int, path: Path) -> Key:
    """The key of a line."""
    if not line.startswith("{"):
        return Key(f"line-{number}", hashed(line), None, None, line)
    try:
        value = orjson.loads(line)
        collectors = value.get("collectors")
        allowed = None if collectors is None else frozenset(map(str, collectors))
        return Key(str(value["name"]), str(value["sha256"]), allowed, value.get("created"), line)
    except (ValueError, KeyError, TypeError) as error:
        raise BadInputError(f"{path} line {number} is no key of perfops apikey (remove the line)") from error


def create(path: Path, name: str, collectors: Sequence[str] = ()) -> str:
    """Make a key and return it: it is shown once and kept as a hash; BadInputError where the name is taken."""
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise BadInputError(f"bad name for a key: {name[:LONGEST_NAME]!r} (try vm-01)")
    if not all(collector.strip() for collector in collectors):
        raise BadInputError("bad value for --collector: '' (give the identifier of a machine, or leave it out)")
    key = PREFIX + secrets.token_urlsafe(32)
    with changing(path) as lines:
        if any(each.name == name for each in parsed(lines, path)):
            raise BadInputError(f"there is a key {name!r} already (perfops apikey revoke {name}, or take another name)")
        facts = {
            "name": name,
            "sha256": hashed(key),
            "collectors": sorted(set(collectors)) or None,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        lines.append(orjson.dumps(facts).decode())
    return key


def revoke(path: Path, name: str) -> None:
    """Take a key away; BadInputError where there is none of the name."""
    with changing(path) as lines:
        found = [each for each in parsed(lines, path) if each.name == name]
        if not found:
            raise BadInputError(f"no key {name!r} in {path} (perfops apikey list)")
        lines[:] = [line for line in lines if line.strip() not in {each.line for each in found}]


def parsed(lines: list[str], path: Path) -> list[Key]:
    """The keys of lines."""
    return [key_of(line.strip(), number, path) for number, line in enumerate(lines, 1) if is_key(line.strip())]


@contextmanager
def changing(path: Path) -> Iterator[list[str]]:
    """The lines of the file, to be changed in place: one at a time, and whole or not at all."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            lines = path.read_text("utf-8", "surrogateescape").splitlines() if path.exists() else []
            yield lines
            part = path.with_name(f"{path.name}.new")
            part.unlink(missing_ok=True)
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write("".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape"))
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        finally:
            os.close(lock)
    except OSError as error:
        raise MachineError(f"cannot change {path}: {error.strerror} (name another file in PCD_APIKEYS_FILE)") from error


def first_key(path: Path) -> Path | None:
    """Make a key where there is none, in a file of its own beside; that file, None where there were keys."""
    file = path.with_name("key")
    if path.exists() and read_keys(path):
        return file if file.exists() else None
    write_private(file, create(path, "first"))
    return file


def open_private(file: Path) -> IO[str]:
    """A file that others cannot read, open for writing and as it was; made where it is not there."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        os.fchmod(descriptor, 0o600)
        return os.fdopen(descriptor, "w")
    except OSError as error:
        raise MachineError(f"cannot write {file}: {error.strerror} (name another file)") from error


def write_private(file: Path, key: str) -> None:
    """Write a key to a file that others cannot read, over what is in it."""
    with open_private(file) as opened:
        try:
            opened.truncate()
            opened.write(f"{key}\n")
            opened.flush()
        except OSError as error:
            raise MachineError(f"cannot write {file}: {error.strerror} (name another file)") from error
