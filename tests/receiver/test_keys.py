"""Nobody writes without a key, with one that was revoked, or with another's; and no key is ever told."""

import os
import signal
import time
from pathlib import Path

import pytest
from fix_command import environment, perfops, refused, succeeded
from fix_loaded import IDENTITY
from fix_receiver import Receiver, body, receiving

CANARY = "canary-4b1d-key-that-must-never-be-told"


def apikey(receiver: Receiver, *arguments: str) -> str:
    """perfops apikey beside a receiver."""
    return succeeded(perfops("apikey", *arguments, env=environment(PCD_HOME=receiver.folder / "pcd"))).strip()


@pytest.mark.parametrize("key", [None, "x", "pcd_", "é" * 50, "a" * 5000])
@pytest.mark.parametrize("path", ["/v1/ping", "/v1/trickle", "/api/v1/performance/upload"])
def test_without_a_good_key_nothing_is_taken(path: str, key: str | None, receiver: Receiver) -> None:
    text = key.encode().decode("latin-1") if key else key
    status, value = receiver.call("POST", path, body(), text, Content_Encoding="gzip")
    assert (status, list(value)) == (401, ["error"])


def test_a_good_key_is_told_the_time(receiver: Receiver) -> None:
    for headers in ({"apikey": receiver.key}, {"Authorization": f"Bearer {receiver.key}"}):
        status, value = receiver.call("POST", "/v1/ping", b"", None, **headers)
        assert status == 200
        assert abs(value["time"] - time.time()) < 60


def test_a_revoked_key_is_refused_at_once_by_all_workers(receiver: Receiver) -> None:
    key = apikey(receiver, "create", "soon-gone")
    assert {receiver.call("POST", "/v1/ping", b"", key)[0] for _ in range(20)} == {200}
    apikey(receiver, "revoke", "soon-gone")
    assert {receiver.call("POST", "/v1/ping", b"", key)[0] for _ in range(20)} == {401}
    assert receiver.send(body(), key)[0] == 401
    assert receiver.send(body())[0] == 200


def test_a_bound_key_writes_its_own_collectors_alone(receiver: Receiver) -> None:
    key = apikey(receiver, "create", "bound", "--collector", "vm-07", "--collector", "vm-08")
    own, other = (IDENTITY.replace("0d8f", name) for name in ("7777", "8888"))
    assert receiver.send(body("vm-07", own), key)[0] == 200
    assert receiver.send(body("vm-09", other))[0] == 200
    for identifier, collection in (("vm-09", other), ("vm-07", other), ("vm-09", own)):
        status, value = receiver.send(body(identifier, collection), key)
        assert (status, list(value)) == (403, ["error"])
    form = b'--x\r\nContent-Disposition: form-data; name="machine_id"\r\n\r\nvm-09\r\n'
    form += b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nx\r\n--x--\r\n'
    path, kind = "/api/v1/performance/upload", "multipart/form-data; boundary=x"
    assert receiver.call("POST", path, form, key, Content_Type=kind)[0] == 403


def test_the_file_keeps_hashes_in_private(receiver: Receiver) -> None:
    key = apikey(receiver, "create", "hashed")
    file = receiver.folder / "pcd" / "apikeys"
    assert file.stat().st_mode & 0o777 == 0o600
    assert key not in file.read_text()
    assert receiver.key not in file.read_text()
    assert "hashed" in apikey(receiver, "list")
    assert key not in apikey(receiver, "list", "--json")


def test_keys_that_others_can_read_are_not_used(database: str, tmp_path: Path) -> None:
    with receiving(database, tmp_path) as receiver:
        file = tmp_path / "pcd" / "apikeys"
        file.chmod(0o640)
        assert receiver.send(body())[0] == 401
        file.chmod(0o600)
        assert receiver.send(body())[0] == 200
        file.unlink()
        assert receiver.send(body())[0] == 401
    file.write_text("x\n")
    file.chmod(0o644)
    known = environment(PCD_HOME=tmp_path / "pcd", PERFOPS_DATABASE_URL=database)
    code, told = refused(perfops("receive", env=known))
    assert (code, "chmod 600" in told) == (2, True)


def test_the_key_is_never_told(database: str, tmp_path: Path) -> None:
    """Over answers of every kind, the log in its loudest mode, the command line and the environment of the receiver."""
    keys = tmp_path / "keys"
    keys.write_text(f"# plain keys, as others write them\n\n{CANARY}\nsecond-key\n")
    keys.chmod(0o600)
    variables = {"PCD_APIKEYS_FILE": str(keys), "PCD_LOGLEVEL": "debug", "PCD_ARCHIVE": str(tmp_path / "archive")}
    with receiving(database, tmp_path, key=CANARY, **variables) as receiver:
        told = [receiver.send(body()), receiver.send(b"\x1f\x8bxx"), receiver.call("POST", "/v1/trickle", b"{}")]
        told += [receiver.call("GET", "/metrics")]
        told += [receiver.send(body("other")), receiver.call("POST", "/v1/ping", b"", "second-key")]
        told += [receiver.call("POST", "/api/v1/performance/upload", b"x", Content_Type="multipart/form-data")]
        told += [receiver.call("GET", path) for path in ("/openapi.json", "/healthz", "/nothing")]
        process = Path("/proc", str(receiver.process.pid))
        seen = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        assert [status for status, _ in told][:2] == [200, 400]
        receiver.stop(signal.SIGINT)
    files = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and path != keys]
    assert CANARY not in str(told) + "".join(receiver.log)
    assert not any(CANARY.encode() in text for text in [seen, *files])
    assert "Traceback" not in "".join(receiver.log)


def test_a_key_whose_file_cannot_be_written_is_not_made_and_a_file_that_is_there_stays(tmp_path: Path) -> None:
    known = environment(PCD_HOME=tmp_path / "pcd")
    for place in (tmp_path / "no" / "folder", tmp_path, Path("/dev/stdout")):
        done = perfops("apikey", "create", "vm-01", "--output", place, env=known)
        assert done.returncode == 3, done.stdout
    file = tmp_path / "key"
    assert perfops("apikey", "create", "vm-01", "--output", file, env=known).returncode == 0
    before = file.read_text()
    assert perfops("apikey", "create", "vm-01", "--output", file, env=known).returncode == 2
    assert file.read_text() == before
    assert perfops("apikey", "create", "vm-01", "--output", tmp_path / "other", env=known).returncode == 2
    assert not (tmp_path / "other").exists()
    assert "give the identifier" in perfops("apikey", "create", "vm-02", "--collector", "", env=known).stderr


def test_apikey_says_what_is_wrong(tmp_path: Path) -> None:
    known = environment(PCD_HOME=tmp_path)
    assert succeeded(perfops("apikey", "list", env=known)) == ""
    key = succeeded(perfops("apikey", "create", "one", "--output", tmp_path / "one.key", env=known))
    assert (key, (tmp_path / "one.key").stat().st_mode & 0o777) == ("", 0o600)
    assert "there is a key 'one' already" in refused(perfops("apikey", "create", "one", env=known))[1]
    assert "no key 'two'" in refused(perfops("apikey", "revoke", "two", env=known))[1]
    assert "bad name" in refused(perfops("apikey", "create", "", env=known))[1]
    if os.geteuid():
        tmp_path.chmod(0o500)
        assert refused(perfops("apikey", "revoke", "one", env=known))[0] == 3
