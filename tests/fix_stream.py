"""A receiver of its own for a test: `perfops receive` before a database, with a key; or one that commits nothing."""

import gzip
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from fix_pcc import wait_for
from fix_sshd import free_port

PERFOPS = Path(sys.executable).with_name("perfops")


class Yielding(ThreadingHTTPServer):
    """Says yes to everything, and keeps what it was sent."""

    daemon_threads = True

    def __init__(self) -> None:
        self.batches: list[dict[str, Any]] = []
        self.keys: set[str | None] = set()
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def address(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: Yielding

    def do_POST(self) -> None:
        """Answer a batch."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.keys.add(self.headers["apikey"])
        self.server.batches.append(json.loads(gzip.decompress(body)))
        answer = b'{"rows":{},"server_time":0}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def yielding() -> Iterator[Yielding]:
    """A receiver that says yes, for as long as the block runs."""
    with Yielding() as server:
        Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()


def make_key(folder: Path, name: str = "fleet") -> str:
    """A key that receivers with this folder take."""
    environment = os.environ | {"PCD_HOME": str(folder)}
    line = [PERFOPS, "apikey", "create", name]
    return subprocess.run(line, env=environment, check=True, capture_output=True, text=True).stdout.strip()


@contextmanager
def receiving(url: str, folder: Path, host: str = "127.0.0.1") -> Iterator[int]:
    """`perfops receive` before the database at `url`, with its keys in a folder; gives its port."""
    port = free_port()
    environment = os.environ | {"PCD_HOME": str(folder)}
    line = [PERFOPS, "receive", "--listen", f"{host}:{port}", "--db", url]
    with (folder / "receiver.log").open("ab") as log, subprocess.Popen(line, env=environment, stderr=log) as process:
        told = folder / "receiver.log"
        try:
            wait_for("the receiver", lambda: b"listening" in told.read_bytes() or process.poll() is not None)
            assert process.poll() is None, told.read_text(encoding="utf-8")
            yield port
        finally:
            process.send_signal(signal.SIGTERM)
