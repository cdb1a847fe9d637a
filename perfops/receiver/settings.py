"""What the receiver is told: where to listen, where its files are, how much it takes."""

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from perfops.errors import BadInputError
from perfops.store.connection import Target

ADDRESS = "127.0.0.1:8321"
LEVELS = ("debug", "info", "warning", "error")


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is taken, in bytes and numbers, all of them for one worker but for those of one request."""

    packed: int = 4 << 20  # a body as it comes
    unpacked: int = 8 << 20  # a body after decompression: some ticks of the largest machine
    held: int = 64 << 20  # bodies that came and are not answered yet
    rows: int = 64 << 20  # characters of rows that wait for the database
    group: int = 32 << 20  # characters of rows in one transaction
    waiting: int = 4096  # requests that are not answered yet
    upload: int = 2 << 30  # an uploaded file as it comes
    unpacked_upload: int = 16 << 30
    uploads: int = 1  # that are worked on at a time
    seconds: float = 30.0  # in which a body must have come
    upload_seconds: float = 900.0


@dataclass(frozen=True, slots=True)
class Settings:
    """All of it; the database's connection string may hold a password, so it is not shown."""

    host: str
    port: int
    home: Path
    keys: Path
    level: str
    workers: int
    target: Target = field(repr=False)
    certificate: Path | None = None
    certificate_key: Path | None = None
    archive: Path | None = None
    limits: Limits = field(default_factory=Limits)

    @property
    def url(self) -> str:
        """Where it is to be found."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.certificate else 'http'}://{host}:{self.port}"

    @property
    def is_open(self) -> bool:
        """Whether others than this machine can reach it and nothing is encrypted."""
        try:
            return self.certificate is None and not ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.certificate is None and self.host != "localhost"


def read_address(text: str, origin: str = "PCD_LISTENADDRESS") -> tuple[str, int]:
    """Host and port of `host:port`, `[v6]:port` or `:port` (all addresses); BadInputError where it is none of these."""
    host, colon, port = text.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise BadInputError(f"bad value for {origin}: {text!r} (try {ADDRESS})")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise BadInputError(f"bad value for {origin}: {text!r} (try [::1]:{port})")
    return host or "0.0.0.0", int(port)  # noqa: S104 - asked for


def find_home(environment: Mapping[str, str] = os.environ) -> Path:
    """The receiver's folder: PCD_HOME, else ~/.pcd."""
    return Path(environment.get("PCD_HOME") or "~/.pcd").expanduser().absolute()


def find_keys(environment: Mapping[str, str] = os.environ) -> Path:
    """The file of keys: PCD_APIKEYS_FILE, else `apikeys` in the receiver's folder."""
    named = environment.get("PCD_APIKEYS_FILE")
    return Path(named).expanduser().absolute() if named else find_home(environment) / "apikeys"
