"""What is too much, too slow or too little is refused in time, and what is held at the end is finished."""

import gzip
import http.client
import json
import os
import signal
import socket
import subprocess
import time
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from fix_command import BIN, environment, perfops, refused
from fix_database import connected
from fix_loaded import IDENTITY
from fix_pcc import wait_for
from fix_receiver import Receiver, at_once, body, contents, pack, receiving
from fix_recordings import write
from fix_several import control, host, joined, ticks

MIB = 1 << 20


def pids(receiver: Receiver) -> list[int]:
    """The receiver's processes."""
    children = Path(f"/proc/{receiver.process.pid}/task/{receiver.process.pid}/children").read_text()
    return [receiver.process.pid, *map(int, children.split())]


def peak(receiver: Receiver) -> int:
    """The most memory that one of its processes has had, in MiB."""
    lines = [line for pid in pids(receiver) for line in Path(f"/proc/{pid}/status").read_text().splitlines()]
    return max(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) >> 10


def test_bombs_and_giants_are_refused_and_take_no_memory(receiver: Receiver) -> None:
    before = peak(receiver)
    zeros = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(zeros.compress(bytes(MIB)) for _ in range(1024)) + zeros.flush()
    assert len(bomb) < 2 * MIB
    assert receiver.send(bomb)[0] == 413
    assert receiver.send(gzip.compress(gzip.compress(bytes(100 * MIB))))[0] == 400
    assert receiver.send(gzip.compress(b"") * 200_000)[0] in (400, 413)
    assert receiver.send(gzip.compress(b"[" * 7 * MIB))[0] == 400
    assert receiver.send(gzip.compress(b'{"a":' * MIB))[0] == 400
    assert receiver.call("POST", "/v1/trickle", b"x" * 9 * MIB)[0] == 413

    def endless() -> Iterator[bytes]:
        for _ in range(400):
            yield bytes(MIB)

    assert receiver.call("POST", "/v1/trickle", endless())[0] == 413
    assert receiver.send(body())[0] == 200
    assert peak(receiver) - before < 120


def test_a_body_of_many_gzip_streams_is_refused_before_it_holds_up_others(receiver: Receiver) -> None:
    status, told = receiver.send(gzip.compress(b"") * 100_000)
    assert (status, told["error"]) == (400, "the body is more than 16 gzip streams (pack it in one)")


def test_a_connection_that_is_cut_leaves_nothing_behind(receiver: Receiver) -> None:
    parts = urlsplit(receiver.url)
    for _ in range(5):
        with socket.create_connection((parts.hostname, parts.port)) as connection:
            head = f"POST /v1/trickle HTTP/1.1\r\nHost: x\r\napikey: {receiver.key}\r\nContent-Length: 1000000\r\n\r\n"
            connection.sendall(head.encode() + bytes(1000))

    def idle() -> bool:
        text = receiver.call("GET", "/metrics")[1]["text"]
        return "\npcd_waiting 0\n" in text and "\npcd_held_bytes 0\n" in text

    wait_for("the bodies to be given up", idle)


def test_too_many_at_once_are_asked_to_come_again(database: str, tmp_path: Path) -> None:
    """While another transaction holds a collection's row, what comes is held up to a limit, and no further."""
    with receiving(database, tmp_path) as receiver, connected(database) as connection:
        assert receiver.send(body())[0] == 200
        connection.execute("SELECT 1 FROM collection FOR UPDATE")
        answers: list[tuple[int, str]] = []
        big = os.urandom(3 * MIB)

        def send(text: bytes) -> None:
            status, value = receiver.send(text)
            answers.append((status, value.get("retry", "")))

        def release() -> None:
            wait_for("refusals", lambda: any(status == 503 for status, _ in answers))
            connection.rollback()

        at_once(*(lambda text=text: send(text) for text in [body(), *[big] * 40]), release)
        assert {(400, ""), (503, "1")} <= set(answers) <= {(200, ""), (400, ""), (503, "1")}
        assert receiver.send(body())[0] == 200


@pytest.mark.parametrize("told", [(signal.SIGTERM,), (signal.SIGINT,) * 2], ids=["SIGTERM", "SIGINT twice"])
def test_a_signal_lets_it_finish_what_it_holds(told: Sequence[int], database: str, tmp_path: Path) -> None:
    with receiving(database, tmp_path, "--workers", "2") as receiver, connected(database) as connection:
        assert receiver.send(body())[0] == 200
        connection.execute("SELECT 1 FROM collection FOR UPDATE")
        answers: list[int] = []
        more = pack([control(2, "host", host()), *joined(ticks(2, 6))], 2)

        def finish() -> None:
            text = lambda: receiver.call("GET", "/metrics")[1]["text"]  # noqa: E731
            wait_for("the batch to be held", lambda: "\npcd_waiting 1\n" in text())
            for number in told:
                receiver.process.send_signal(number)
                wait_for("the refusal of new connections", lambda: not listening(receiver))
            connection.rollback()

        at_once(lambda: answers.append(receiver.send(more)[0]), finish)
        assert answers == [200]
        assert receiver.process.wait(30) == 0
        assert len(contents(connection)["host_sample"]) == 6


def listening(receiver: Receiver) -> bool:
    """Whether new connections are still answered."""
    parts = urlsplit(receiver.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=1)
    try:
        connection.request("GET", "/openapi.json")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def test_health_is_that_of_writing(database: str, tmp_path: Path) -> None:
    with receiving(database, tmp_path) as receiver:
        assert receiver.call("GET", "/healthz", key=None)[0] == 200
        name = database.split("/")[3].split("?", maxsplit=1)[0]
        with psycopg.connect(database.replace(f"/{name}?", "/postgres?"), autocommit=True) as admin:
            admin.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on".encode())
            admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
            wait_for("the bad news", lambda: receiver.call("GET", "/healthz", key=None)[0] == 503)
            status, value = receiver.send(body())
            assert (status, value["retry"]) == (503, "1")
            admin.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only".encode())
        wait_for("the good news", lambda: receiver.call("GET", "/healthz", key=None)[0] == 200)
        assert receiver.send(body())[0] == 200


def test_a_killed_worker_is_replaced(database: str, tmp_path: Path) -> None:
    with receiving(database, tmp_path, "--workers", "2") as receiver:
        wait_for("two workers", lambda: len(pids(receiver)) == 3)
        before = pids(receiver)
        os.kill(before[1], signal.SIGKILL)
        wait_for("another worker", lambda: len(pids(receiver)) == 3 and set(pids(receiver)) != set(before))
        for _ in range(10):
            assert receiver.send(body())[0] == 200
        os.kill(receiver.process.pid, signal.SIGKILL)
        receiver.process.wait()
        for pid in pids_of(before):
            wait_for("the end of its workers", lambda pid=pid: not Path(f"/proc/{pid}").exists())


def pids_of(before: list[int]) -> list[int]:
    """The workers of a receiver that were not killed themselves."""
    return before[2:]


def test_the_archive_is_what_process_reads(database: str, tmp_path: Path) -> None:
    with receiving(database, tmp_path, PCD_ARCHIVE=str(tmp_path / "archive")) as receiver:
        first = pack([control(0, "host", host()), *joined(ticks(0, 4))], 1)
        second = pack([control(4, "host", host()), *joined(ticks(4, 9))], 2)
        for text in (second, first, first):
            assert receiver.send(text)[0] == 200
    files = sorted((tmp_path / "archive" / IDENTITY).iterdir())
    assert len(files) == 2
    done = perfops("process", *files, "--outdir", tmp_path / "out", "--json")
    assert json.loads(done.stdout)["samples"]["host"] == 9


def test_bad_settings_are_told_in_one_line(database: str, tmp_path: Path) -> None:
    known = environment(PCD_HOME=tmp_path, PERFOPS_DATABASE_URL=database)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        busy = f"127.0.0.1:{taken.getsockname()[1]}"
        cases = (["--listen", "nowhere"], ["--listen", "::1:80"], ["--log-level", "x"], ["--tls-cert", "x"])
        for arguments in (*cases, ["--tls-cert", "x", "--tls-key", "y"]):
            assert refused(perfops("receive", *arguments, env=known))[0] == 2
        done = perfops("receive", "--listen", busy, env=known)
        assert (done.returncode, "Address already in use" in done.stderr) == (2, True)


def test_tls(database: str, tmp_path: Path) -> None:
    line = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", tmp_path / "key.pem"]
    line += ["-out", tmp_path / "cert.pem", "-days", "1", "-subj", "/CN=localhost"]
    line += ["-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(line, check=True, capture_output=True)
    tls = ("--tls-cert", str(tmp_path / "cert.pem"), "--tls-key", str(tmp_path / "key.pem"))
    recording = write(tmp_path / "a.json", [control(0, "host", host()), *joined(ticks(0, 4))])
    with receiving(database, tmp_path, *tls) as receiver:
        assert receiver.url.startswith("https://")
        (tmp_path / "apikey").write_text(receiver.key)
        (tmp_path / "apikey").chmod(0o600)
        given = ["upload", recording, "--server", receiver.url, "--apikey-file", tmp_path / "apikey"]
        given += ["--machine-id", "vm-01"]
        code, told = refused(perfops(*given))
        assert (code, "certificate" in told) == (3, True)
        assert perfops(*given, "--cafile", tmp_path / "cert.pem").returncode == 0


def test_up_starts_and_ends_all(tmp_path_factory: object) -> None:
    import shutil
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="perfops-up-", dir="/var/tmp"))
    folder.chmod(0o755)
    try:
        known = environment(PCD_HOME=folder / "pcd", PERFOPS_HOME=folder / "home")
        line = [BIN / "perfops", "up", "--listen", "127.0.0.1:0"]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        with subprocess.Popen(line, env=known, text=True, **pipes) as process:
            assert process.stdout is not None
            told = process.stdout.readline()
            url, key = told.split()[2].rstrip(";"), Path(told.split("key in ")[1].split(";")[0])
            assert key.stat().st_mode & 0o777 == 0o600
            parts = urlsplit(url)
            connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
            connection.request("POST", "/v1/ping", headers={"apikey": key.read_text().strip()})
            assert connection.getresponse().status == 200
            connection.close()
            started = time.monotonic()
            process.send_signal(signal.SIGINT)
            assert process.wait(30) in (0, 130)
            assert time.monotonic() - started < 30
        assert perfops("db", "status", env=known).returncode == 1
    finally:
        shutil.rmtree(folder)
