"""A receiver that follows a script: what it does with each batch is said beforehand; behind the script all is well.

It is a real server on a real socket, plain or TLS, and commits into fix_spool's model of one.
"""

import gzip
import json
import socket
import ssl
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from fix_spool import Receiver

WELL = "200"


class FakeReceiver:
    """Steps: a status with a `Retry-After` behind a space, such as `429 1`; `hang`, `reset before`, `reset after`,

    `portal` (200 and a page), `slow` (takes and gives a byte at a time), `close` (an answer, and the connection is
    closed), or 200. `largest` is the number of ticks of a batch from which on it is 413; `too_large` the times of ticks
    that always are.
    """

    def __init__(
        self, script: Sequence[str] = (), *, context: ssl.SSLContext | None = None, largest: int = 1000
    ) -> None:
        self.script = list(script)
        self.context = context
        self.largest = largest
        self.too_large: set[float] = set()
        self.down = False  # 503 to all, however long it takes
        self.key = "canary-key"
        self.commits: dict[str, Receiver] = {}
        self.batches: list[dict[str, Any]] = []
        self.done: list[str] = []
        self.connections = 0
        self.open: list[socket.socket] = []
        self.stopping = threading.Event()
        self.guard = threading.Lock()
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    @property
    def committed(self) -> Receiver:
        """What was committed of the only collection."""
        (found,) = self.commits.values() or [Receiver()]
        return found

    def accept(self) -> None:
        """Take connections until it is closed."""
        with suppress(OSError):
            while True:
                connection, _ = self.socket.accept()
                self.connections += 1
                threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, plain: socket.socket) -> None:
        """Answer the requests of a connection."""
        with suppress(OSError, EOFError, ValueError):
            connection = self.context.wrap_socket(plain, server_side=True) if self.context else plain
            self.open.append(connection)
            with connection, connection.makefile("rb") as file:
                while self.answer(connection, file):
                    pass

    def answer(self, connection: socket.socket, file: Any) -> bool:
        """One request; whether the connection goes on."""
        if not file.readline():
            return False
        headers = {}
        while (row := file.readline().decode().strip()) != "":
            name, _, value = row.partition(":")
            headers[name.lower()] = value.strip()
        with self.guard:
            step = "503 0" if self.down else self.script.pop(0) if self.script else WELL
        if step == "reset before":
            return self.reset(connection, step)
        length = int(headers["content-length"])
        data = b"".join(file.read(1) for _ in range(length)) if step == "slow" else file.read(length)
        if step == "hang":
            self.done.append(step)
            self.stopping.wait()
            return False
        assert headers["content-encoding"] == "gzip"
        batch = json.loads(gzip.decompress(data))
        ticks = {record["timestamp"] for record in batch["measurements"] if record["subsystem"] == "/proc/stat"}
        if headers.get("apikey") != self.key:
            step = "401"
        elif step in (WELL, "slow") and (len(ticks) > self.largest or ticks & self.too_large):
            step = "413"
        if step in (WELL, "slow", "close", "reset after"):
            with self.guard:
                self.batches.append(batch)
                self.commits.setdefault(batch["collection"], Receiver()).commit(batch)
        if step == "reset after":
            return self.reset(connection, step)
        status, _, after = ("200" if step == "portal" else step).partition(" ")
        text = (
            "<html>please log in</html>"
            if step == "portal"
            else json.dumps({"rows": {}} if step in (WELL, "slow", "close") else {"error": "as the script says"})
        )
        number = "200" if step in ("slow", "close") else status
        head = f"HTTP/1.1 {number} So\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\n"
        head += f"Retry-After: {after}\r\n" if after else ""
        whole = f"{head}\r\n{text}".encode()
        for part in [whole[n : n + 1] for n in range(len(whole))] if step == "slow" else [whole]:
            connection.sendall(part)
        self.done.append(step)
        return step != "close"

    def reset(self, connection: socket.socket, step: str) -> bool:
        """Hang up rudely."""
        self.done.append(step)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
        return False

    def close(self) -> None:
        """No more."""
        self.stopping.set()
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        for connection in self.open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def receiving(*script: str, **more: Any) -> Iterator[FakeReceiver]:
    """A receiver that follows a script."""
    receiver = FakeReceiver(script, **more)
    try:
        yield receiver
    finally:
        receiver.close()


def key_file(folder: Path, key: str = "canary-key") -> Path:
    """The key in a file that its owner alone may read."""
    path = folder / "key"
    path.touch(mode=0o600)
    path.write_text(key + "\n")
    return path
