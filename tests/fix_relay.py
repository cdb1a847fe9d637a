"""A TCP port before the embedded PostgreSQL, which listens on a Unix socket only: for hosts of their own."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit


@contextmanager
def relayed(url: str, address: str, password: str) -> Iterator[str]:
    """The connection string of a database by way of TCP, with a password that the server does not ask for."""
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    target = str(Path(query["host"][0]) / f".s.PGSQL.{query['port'][0]}")
    with closing(socket.create_server((address, 0))) as listening:
        threading.Thread(target=accept, args=[listening, target], daemon=True).start()
        port = listening.getsockname()[1]
        yield f"postgresql://{parts.username}:{password}@{address}:{port}{parts.path}"
        with suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)


def accept(listening: socket.socket, target: str) -> None:
    """Take connections until the port is closed."""
    with suppress(OSError):
        while True:
            connection, _ = listening.accept()
            threading.Thread(target=relay, args=[connection, target], daemon=True).start()


def relay(connection: socket.socket, target: str) -> None:
    """Hand on what comes either way, until both have ended."""
    with connection, socket.socket(socket.AF_UNIX) as other:
        other.connect(target)
        back = threading.Thread(target=pump, args=[other, connection], daemon=True)
        back.start()
        pump(connection, other)
        back.join()


def pump(source: socket.socket, sink: socket.socket) -> None:
    """Hand on what comes, until it ends."""
    with suppress(OSError):
        while data := source.recv(1 << 16):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
