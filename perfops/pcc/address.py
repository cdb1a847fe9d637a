"""Where the receiver is, and the key it wants."""

import os
import re
import stat

from .errors import PccError
from .settings import Server

URL = re.compile(r"(?:(https?)://)?(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?(/[!-~]*)?")
PORTS = {"http": 80, "https": 443}
LAST_PORT = 65535
EXAMPLE = "try https://receiver:8443 or receiver:8080"


def parse_server(text: str, origin: str) -> Server:
    """A URL, or host:port for plain HTTP."""
    match = URL.fullmatch(text)
    scheme, host, port, path = match.groups() if match else (None, "", None, None)
    if not match or not (scheme or port) or (port and not 0 < int(port) <= LAST_PORT):
        if "@" in text:  # a password, perhaps
            raise PccError("bad value for {}: it has an @ in it ({})".format(origin, EXAMPLE))
        raise PccError("bad value for {}: {!r} ({})".format(origin, text, EXAMPLE))
    scheme = scheme or "http"
    number = int(port) if port else PORTS[scheme]
    return Server(
        "{}://{}:{}".format(scheme, host, number), scheme == "https", host.strip("[]"), number, (path or "").rstrip("/")
    )


def read_key(path: str, origin: str) -> str:
    """The key in a file that nobody else may read."""
    try:
        with open(path, "rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            text = file.read(1 << 12)
    except OSError as error:
        raise PccError("cannot read {} {}: {} (name the file with the key)".format(origin, path, error.strerror))
    if mode & 0o077:
        text_of = "{} {} may be read by others, mode {:04o} (chmod 600 {})"
        raise PccError(text_of.format(origin, path, mode, path))
    return sound_key(text.decode("latin-1"), "{} {}".format(origin, path))


def sound_key(text: str, origin: str) -> str:
    """A key as it can stand in a header; it is never shown."""
    text = text.strip()
    if not re.fullmatch(r"[!-~]{1,1024}", text):
        raise PccError("no key in {} (one line of plain letters)".format(origin))
    return text
