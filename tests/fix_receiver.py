"""The receiver as it runs, in processes of its own before a real database, and what talks to it over real sockets."""

import gzip
import http.client
import json
import signal
import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
from fix_command import BIN, environment, perfops, succeeded
from fix_loaded import IDENTITY
from fix_several import control, host, joined, ticks
from psycopg import sql

from perfops.catalogue import KINDS
from perfops.store.connection import Connection

Answer = tuple[int, dict[str, Any]]


@dataclass
class Receiver:
    """A running receiver: its process, where it is, a key that is good there, and all it has logged."""

    process: subprocess.Popen[str]
    url: str
    key: str
    folder: Path
    log: list[str] = field(default_factory=list)
    reader: threading.Thread | None = None

    def call(
        self, method: str, path: str, body: bytes | Iterable[bytes] | None = None, key: str | None = "", **headers: str
    ) -> Answer:
        """A request over a connection of its own; an answer that is not JSON is under 'text'."""
        parts = urlsplit(self.url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        if key is not None:
            names["apikey"] = key or self.key
        try:
            with suppress(BrokenPipeError, ConnectionResetError):  # refused before all was sent: the answer is there
                connection.request(method, path, body, names)
            response = connection.getresponse()
            text = response.read()
        finally:
            connection.close()
        found = dict(response.getheaders())
        value = orjson.loads(text) if "json" in found.get("content-type", "") else {"text": text.decode()}
        return response.status, value | ({"retry": found["retry-after"]} if "retry-after" in found else {})

    def send(self, body: bytes, key: str = "", **headers: str) -> Answer:
        """A gzip body to /v1/trickle."""
        return self.call("POST", "/v1/trickle", body, key, Content_Encoding="gzip", **headers)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Stop it, and wait for its end."""
        self.process.send_signal(number)
        code = self.process.wait(60)
        if self.reader:
            self.reader.join(10)
        return code


@contextmanager
def receiving(database: str, folder: Path, *arguments: str, key: str = "", **variables: str) -> Iterator[Receiver]:
    """A receiver before a database; it has the keys of `folder`, and one that is made there unless `key` is given."""
    home = folder / "pcd"
    known = environment(PCD_HOME=home, PERFOPS_DATABASE_URL=database, **variables)
    key = key or succeeded(perfops("apikey", "create", f"tests-{len(list(folder.iterdir()))}", env=known)).strip()
    line = [BIN / "pcd", "--listen", "127.0.0.1:0", *arguments]
    process = subprocess.Popen(line, env=known, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    receiver = Receiver(process, "", key, folder)
    for text in process.stderr:
        receiver.log.append(text)
        if '"listening"' in text:
            receiver.url = json.loads(text)["url"]
            break
    assert receiver.url, receiver.log

    def read() -> None:
        assert process.stderr is not None
        receiver.log.extend(process.stderr)

    receiver.reader = threading.Thread(target=read, daemon=True)
    receiver.reader.start()
    try:
        yield receiver
    finally:
        if process.poll() is None:
            receiver.stop()
        process.stderr.close()


def pack(
    lines: Iterable[bytes], sequence: int, identifier: str = "vm-01", collection: str = IDENTITY, **more: Any
) -> bytes:
    """The body of a batch, gzip, of the lines of a segment."""
    measurements = [orjson.loads(line) for line in lines]
    value = {"identifier": identifier, "collection": collection, "sequence": sequence, "measurements": measurements}
    return gzip.compress(orjson.dumps(value | more), 1)


def body(identifier: str = "vm-01", collection: str = IDENTITY) -> bytes:
    """A small batch, the first of a collection."""
    return pack([control(0, "host", host(collection=collection)), *joined(ticks(0, 2))], 1, identifier, collection)


def batches(segments: Iterable[Path], **options: Any) -> list[bytes]:
    """The bodies of the segments of a collection."""
    return [pack(path.read_bytes().splitlines(), number, **options) for number, path in enumerate(segments, 1)]


def contents(connection: Connection, collection: str = IDENTITY) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of a collection as text, in their order, by table; annotations among them."""
    found = {}
    for table in (*(kind.table for kind in KINDS), "annotation"):
        query = sql.SQL("SELECT t::text FROM {} t WHERE collection_id = %s ORDER BY 1").format(sql.Identifier(table))
        found[table] = connection.execute(query, [collection]).fetchall()
    return found


def emptied(connection: Connection, *more: str) -> None:
    """Remove all collections with their samples, and what else is named, committed."""
    for table in (*more, "collection", "annotation", *(kind.table for kind in KINDS)):
        connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
    connection.commit()


def collection_row(connection: Connection, collection: str = IDENTITY) -> dict[str, Any]:
    """What the collection's row says, but for when it was loaded."""
    query = """
        SELECT collector.name, site, run, mode, started_at, ended_at, frequency, complete, labels, summary
          FROM collection JOIN collector ON collector.id = collector_id WHERE collection.id = %s"""
    cursor = connection.execute(query, [collection])
    assert cursor.description is not None
    row = cursor.fetchone()
    assert row is not None
    found = dict(zip([column.name for column in cursor.description], row, strict=True))
    return found | {f"summary {key}": value for key, value in found.pop("summary").items()}


def at_once(*calls: Callable[[], None]) -> None:
    """Run all of them, each in a thread of its own; the first error is raised."""
    errors: list[BaseException] = []

    def run(call: Callable[[], None]) -> None:
        try:
            call()
        except BaseException as error:  # noqa: BLE001 - told below
            errors.append(error)

    threads = [threading.Thread(target=run, args=[call]) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
