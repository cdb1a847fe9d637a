"""A small server that keeps what Grafana would keep."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "glsa_secret"


class Kept:
    """What a server has, what it was asked, and how it is to answer."""

    def __init__(self) -> None:
        self.folders: dict[str, str] = {}
        self.boards: dict[str, dict[str, Any]] = {}
        self.sources: list[dict[str, str]] = []
        self.calls: list[tuple[str, str]] = []
        self.fail: tuple[str, int, dict[str, str]] | None = None
        self.url = ""


def handler(kept: Kept) -> type[BaseHTTPRequestHandler]:
    """Grafana's API as far as it is used."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self, status: int, body: object, **headers: str) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def take(self) -> Any:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            kept.calls.append((self.command, self.path))
            if self.headers["Authorization"] != f"Bearer {TOKEN}":
                self.answer(401, {"message": "Invalid API key"})
            elif kept.fail and self.path.startswith(kept.fail[0]):
                self.answer(kept.fail[1], {"message": "no"}, **kept.fail[2])
            else:
                return json.loads(body) if body else {}
            return None

        def do_GET(self) -> None:
            if self.take() is None:
                return
            if self.path == "/sub/api/folders/perfops":
                title = kept.folders.get("perfops")
                self.answer(200 if title else 404, {"title": title} if title else {"message": "folder not found"})
            else:
                assert self.path == "/sub/api/datasources"
                self.answer(200, kept.sources)

        def do_POST(self) -> None:
            if (body := self.take()) is None:
                return
            if self.path == "/sub/api/folders":
                kept.folders[body["uid"]] = body["title"]
                self.answer(200, body)
                return
            assert self.path == "/sub/api/dashboards/db"
            assert body["folderUid"] in kept.folders
            assert body["overwrite"] is True
            assert body["dashboard"]["id"] is None
            kept.boards[body["dashboard"]["uid"]] = body["dashboard"]
            self.answer(200, {"status": "success", "uid": body["dashboard"]["uid"]})

        def log_message(self, *_: object) -> None:
            """Nothing to say."""

    return Handler


@contextmanager
def small_grafana() -> Iterator[Kept]:
    """The server, below a path of its own."""
    kept = Kept()
    with ThreadingHTTPServer(("127.0.0.1", 0), handler(kept)) as server:
        kept.url = f"http://127.0.0.1:{server.server_port}/sub"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield kept
        server.shutdown()
        thread.join()
