"""The sender against a receiver that does what a script says: nothing is lost, and sampling does not notice."""

import json
import re
import signal
import ssl
import subprocess
from pathlib import Path
from typing import Any

import pytest
from fix_fake_receiver import FakeReceiver, key_file, receiving
from fix_pcc import environment, interpreters, of, parse, run, start, wait_for

SHORT = ("--mode", "trickle", "--frequency", "20ms", "--batch", "100ms", "--without", "containers,filesystems,tcp")
KEY = "canary-key"
SIGN = "x509 -req -in {name}.csr -CA {name}.ca.pem -CAkey {name}.ca.key -CAcreateserial -extfile names -out {name}.pem"


def line(tmp_path: Path, server: str, duration: str = "1s", **more: str) -> tuple[str, ...]:
    """The command line of a collection that is sent to a server."""
    options = {"server": server, "spool": str(tmp_path / "spool"), "duration": duration} | more
    flags = [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", value)]
    return (*SHORT, *flags, *(() if "apikey_file" in more else ("--apikey-file", str(key_file(tmp_path)))))


def whole(receiver: FakeReceiver, done: subprocess.CompletedProcess[str], code: int = 0) -> dict[str, Any]:
    """Check that all that was sampled was committed, once; returns the end record's facts."""
    assert done.returncode == code, done.stderr
    committed = receiver.committed
    assert committed.ends == 1
    (end,) = of([record for batch in receiver.batches for record in batch["measurements"]], "end")[-1:]
    facts: dict[str, Any] = json.loads(end["measurement"])
    assert len(committed.ticks) == facts["ticks"]
    assert len(committed.rows) == facts["ticks"] - 1
    assert sum(gap.ticks for gap in committed.gaps) == facts["missed"]
    return facts


def left_in(tmp_path: Path) -> list[str]:
    """What is left in the spool."""
    return sorted(str(path.relative_to(tmp_path / "spool")) for path in (tmp_path / "spool").rglob("*"))


def test_all_is_sent_over_one_connection_and_nothing_is_left(packed: Path, tmp_path: Path) -> None:
    with receiving() as receiver:
        done = run(packed, *line(tmp_path, f"127.0.0.1:{receiver.port}"), env=environment())
        facts = whole(receiver, done)
        assert receiver.connections == 1
    assert left_in(tmp_path) == []
    said = done.stderr.splitlines()
    assert len(said) == 2
    assert said[1].endswith(f"ended by duration; {facts['ticks']} sent")
    assert 0 < facts["sent"] <= facts["ticks"]
    assert facts["sent"] + facts["left"] == facts["ticks"]
    assert receiver.committed.sequences == sorted(set(receiver.committed.sequences))


@pytest.mark.parametrize(
    "script",
    [
        ["500", "503 0", "429 1", "404"],
        ["reset before", "reset before"],
        ["200", "reset after", "reset after", "200", "reset after"],
        ["slow", "close", "slow", "close"],
        ["307", "200", "502"],
    ],
)
def test_trouble_is_survived(script: list[str], packed: Path, tmp_path: Path) -> None:
    with receiving(*script) as receiver:
        done = run(packed, *line(tmp_path, f"127.0.0.1:{receiver.port}"), env=environment())
        whole(receiver, done)
        assert receiver.done[: len(script)] == script
    assert left_in(tmp_path) == []


def test_a_batch_that_is_too_large_is_halved(packed: Path, tmp_path: Path) -> None:
    with receiving(largest=3) as receiver:
        facts = whole(receiver, run(packed, *line(tmp_path, f"127.0.0.1:{receiver.port}"), env=environment()))
        assert "413" in receiver.done
        assert facts["lost"] == 0
    assert left_in(tmp_path) == []


def test_a_tick_that_is_too_large_is_set_aside_and_declared(packed: Path, tmp_path: Path) -> None:
    with receiving() as receiver:
        with start(packed, *line(tmp_path, f"127.0.0.1:{receiver.port}", "1h"), env=environment()) as process:
            wait_for("a batch", lambda: len(receiver.batches) >= 1)
            receiver.too_large = Everything(receiver)
            refused = lambda: any(gap.reason == "refused" for gap in receiver.committed.gaps)  # noqa: E731
            wait_for("the refused tick", refused)
            process.terminate()
            process.communicate(timeout=60)
        assert process.returncode == 4
        committed = receiver.committed
        (gap,) = [gap for gap in committed.gaps if gap.reason == "refused"]
        assert gap.ticks == 1
        assert not [row for row in committed.rows if gap.since < row < gap.until]
    (quarantined,) = (tmp_path / "spool").glob("*/quarantine/*.json")
    assert quarantined.with_suffix(".reason").read_text() == "HTTP 413: as the script says\n"
    assert b'"host"' in quarantined.read_bytes()


class Everything(set[float]):
    """Finds one tick of those that are asked about too large: the second of the first batch."""

    def __init__(self, receiver: FakeReceiver) -> None:
        super().__init__()
        self.receiver = receiver

    def __rand__(self, ticks: object) -> set[float]:
        if not self and isinstance(ticks, set) and len(ticks) > 2:
            self.add(sorted(ticks)[2])
        return self.intersection(ticks)  # type: ignore[arg-type]


@pytest.mark.parametrize("status", ["400", "422"])
def test_a_batch_that_is_refused_is_quarantined_and_declared(status: str, packed: Path, tmp_path: Path) -> None:
    with receiving("200", status) as receiver:
        done = run(packed, *line(tmp_path, f"127.0.0.1:{receiver.port}"), env=environment())
        assert done.returncode == 4, done.stderr
        committed = receiver.committed
        (gap,) = [gap for gap in committed.gaps if gap.reason != "late"]
        assert gap.reason == "refused"
        assert not [row for row in committed.rows if gap.since < row < gap.until]
        end = json.loads(
            of([record for batch in receiver.batches for record in batch["measurements"]], "end")[0]["measurement"]
        )
        assert len(committed.rows) + 1 + gap.ticks == end["ticks"]
    (folder,) = (tmp_path / "spool").iterdir()
    assert sorted(path.name for path in (folder / "quarantine").iterdir()) == ["00000002.json", "00000002.reason"]
    assert (folder / "quarantine" / "00000002.reason").read_text() == f"HTTP {status}: as the script says\n"
    assert f" sent, {gap.ticks} refused" in done.stderr
    assert f"refuses ticks: HTTP {status}: as the script says (sampling goes on; they are kept in " in done.stderr


def test_a_receiver_that_refuses_everything_is_not_asked_for_ever(packed: Path, tmp_path: Path) -> None:
    with receiving(*["422"] * 1000) as receiver:
        done = run(packed, *line(tmp_path, f"127.0.0.1:{receiver.port}"), env=environment())
        batches = len(list((tmp_path / "spool").glob("*/quarantine/*.json")))
        assert (done.returncode, len(receiver.done)) == (4, batches)
        assert done.stderr.count("refuses ticks") == 1
        assert 1 < batches < 40
    # The next collection is not held up by it.
    with receiving() as receiver:
        again = run(packed, *line(tmp_path, f"127.0.0.1:{receiver.port}"), env=environment())
        assert again.returncode == 0, again.stderr
        whole(receiver, again)


def test_the_page_of_a_portal_is_no_receipt(packed: Path, tmp_path: Path) -> None:
    with receiving("portal", "portal") as receiver:
        done = run(packed, *line(tmp_path, f"127.0.0.1:{receiver.port}"), env=environment())
        whole(receiver, done)
    assert "HTTP 200, and no receipt (is that a receiver?) (it is kept in " in done.stderr
    assert left_in(tmp_path) == []


@pytest.mark.parametrize("script", [["401"], ["403"], ["200", "401"]])
def test_a_key_that_is_refused_ends_the_sending_and_not_the_sampling(
    script: list[str], packed: Path, tmp_path: Path
) -> None:
    with receiving(*script) as receiver:
        done = run(packed, *line(tmp_path, f"127.0.0.1:{receiver.port}"), env=environment())
        assert receiver.done == script
    assert done.returncode == 4
    assert (
        f"refuses the key: HTTP {script[-1]}: as the script says (nothing more is sent, sampling goes on" in done.stderr
    )
    (folder,) = (tmp_path / "spool").iterdir()
    records = parse(raw for file in sorted(folder.glob("*.json")) for raw in file.read_bytes().splitlines())
    end = records[-1]["measurement"]
    assert end["said"] == f"HTTP {script[-1]}: as the script says"
    assert end["left"] > 0
    assert f"{end['sent']} sent, {end['ticks'] - end['sent']} left in {folder}" in done.stderr


def test_what_is_left_is_sent_by_the_next_collection(packed: Path, tmp_path: Path) -> None:
    flush = ("--flush", "0")
    first = run(packed, *line(tmp_path, "127.0.0.1:1"), *flush, env=environment())
    assert first.returncode == 4
    assert "cannot send to http://127.0.0.1:1: Connection refused (it is kept in " in first.stderr
    with receiving() as receiver:
        done = run(packed, *line(tmp_path, f"127.0.0.1:{receiver.port}"), env=environment())
        assert done.returncode == 0
        assert len(receiver.commits) == 2
        identities = [batch["collection"] for batch in receiver.batches]
        assert identities == sorted(identities, key=identities.index)  # the older one first
        assert all(committed.ends == 1 for committed in receiver.commits.values())
    assert left_in(tmp_path) == []


def test_a_receiver_that_hangs_delays_no_tick_and_a_second_signal_skips_the_flush(packed: Path, tmp_path: Path) -> None:
    with (
        receiving(*["hang"] * 100) as receiver,
        start(packed, *line(tmp_path, f"127.0.0.1:{receiver.port}", "1h", flush="1h"), env=environment()) as process,
    ):
        wait_for("the first batch", lambda: receiver.done)
        files = lambda: sorted((tmp_path / "spool").glob("*/*.json"))  # noqa: E731
        before = len(files())
        wait_for("more of them", lambda: len(files()) > before + 3)
        process.terminate()
        last = lambda: b'"subsystem":"end"' in files()[-1].read_bytes()  # noqa: E731
        wait_for("the end record", last)
        process.terminate()
        _, said = process.communicate(timeout=60)
    assert process.returncode == 4
    (folder,) = (tmp_path / "spool").iterdir()
    end = parse(files()[-1].read_bytes().splitlines())[-1]["measurement"]
    assert end["reason"] == "SIGTERM"
    assert f"0 sent, {end['ticks']} left in {folder}" in said


def test_the_end_waits_no_longer_than_it_may(packed: Path, tmp_path: Path) -> None:
    with receiving(*["hang"] * 100) as receiver:
        done = run(packed, *line(tmp_path, f"127.0.0.1:{receiver.port}", "200ms", flush="300ms"), env=environment())
    assert done.returncode == 4
    (ticks,) = re.findall(r": (\d+) ticks, ", done.stderr)
    assert f" 0 sent, {ticks} left in " in done.stderr


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two authorities, good and bad; a certificate by each for 127.0.0.1."""
    folder = tmp_path_factory.mktemp("certificates")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    for name in ("good", "bad"):
        for words in (
            f"req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN={name} -keyout {name}.ca.key -out {name}.ca.pem",
            f"req -newkey rsa:2048 -nodes -subj /CN=receiver -keyout {name}.key -out {name}.csr",
            SIGN.format(name=name),
        ):
            subprocess.run(["openssl", *words.split()], cwd=folder, check=True, capture_output=True)
    return folder


@pytest.mark.parametrize("name", ["good", "bad"])
def test_tls_is_verified(name: str, certificates: Path, packed: Path, tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / f"{name}.pem", certificates / f"{name}.key")
    more = {"cafile": str(certificates / "good.ca.pem"), "flush": "30s" if name == "good" else "0"}
    with receiving("200", "reset after", context=context) as receiver:
        done = run(packed, *line(tmp_path, f"https://127.0.0.1:{receiver.port}", **more), env=environment())
        if name == "good":
            whole(receiver, done)
            return
    assert done.returncode == 4
    assert "its certificate is not trusted: " in done.stderr
    assert "(name its authority by --cafile)" in done.stderr
    assert not receiver.batches


@pytest.mark.parametrize("version", ["3.6", "3.8", "3.11", "3.13"])
def test_the_key_is_seen_nowhere(version: str, packed: Path, tmp_path: Path) -> None:
    if version not in interpreters():
        pytest.skip(f"no Python {version} on this machine")
    with receiving("500") as receiver:
        words = line(tmp_path, f"127.0.0.1:{receiver.port}", "1h")
        words = words[: words.index("--apikey-file")]
        variables = environment(PCC_APIKEY=KEY)
        with start(packed, *words, "--keep-sent", python=interpreters()[version], env=variables) as process:
            wait_for("a batch", lambda: receiver.batches)
            folder = Path(f"/proc/{process.pid}")
            assert KEY.encode() not in (folder / "cmdline").read_bytes()
            assert KEY.encode() not in (folder / "environ").read_bytes()
            process.terminate()
            out, said = process.communicate(timeout=60)
    assert process.returncode == 0
    assert KEY not in out + said
    for path in (tmp_path / "spool").rglob("*"):
        assert path.is_dir() or KEY.encode() not in path.read_bytes()
    assert KEY not in json.dumps(receiver.batches)


def test_a_restart_goes_on_with_the_collection(packed: Path, tmp_path: Path) -> None:
    identity = "0d8f1a52-6c0e-4f2f-9b57-0c6f5a3b1e77"
    with receiving() as receiver:
        words = line(tmp_path, f"127.0.0.1:{receiver.port}", "1h", id=identity)
        with start(packed, *words, env=environment()) as process:
            wait_for("two batches", lambda: len(receiver.batches) >= 2)
            process.send_signal(signal.SIGKILL)
        words = line(tmp_path, f"127.0.0.1:{receiver.port}", "400ms", id=identity)
        done = run(packed, *words, env=environment())
        assert done.returncode == 0, done.stderr
        committed = receiver.committed
        (gap,) = [gap for gap in committed.gaps if gap.reason == "restarted"]
        assert max(tick for tick in committed.ticks if tick < gap.until) == gap.since
        assert len(committed.rows) == len(committed.ticks) - 1
    assert left_in(tmp_path) == []


def test_two_at_once_is_one_too_many(packed: Path, tmp_path: Path) -> None:
    identity = "0d8f1a52-6c0e-4f2f-9b57-0c6f5a3b1e77"
    with receiving() as receiver:
        words = line(tmp_path, f"127.0.0.1:{receiver.port}", "1h", id=identity)
        with start(packed, *words, env=environment()) as process:
            wait_for("a batch", lambda: receiver.batches)
            done = run(packed, *words, env=environment())
            process.terminate()
            process.communicate(timeout=60)
    folder = tmp_path / "spool" / identity
    assert (done.returncode, done.stderr) == (
        2,
        f"pcc: the spool {folder} is in use by process {process.pid} (name another collection by --id, or end that)\n",
    )


def test_containers_alone_where_there_are_none(packed: Path, tmp_path: Path) -> None:
    (tmp_path / "fs" / "cgroup" / "system.slice").mkdir(parents=True)
    (tmp_path / "fs" / "cgroup" / "cgroup.controllers").touch()
    with receiving() as receiver:
        words = line(tmp_path, f"127.0.0.1:{receiver.port}", "200ms")
        words = tuple(word for word in words if not word.startswith("containers,") and word != "--without")
        done = run(packed, *words, "--containers-only", "--sys-root", str(tmp_path), env=environment())
        assert done.returncode == 0, done.stderr
        kinds = [record["subsystem"] for record in receiver.batches[0]["measurements"]]
        assert [kind for kind in kinds if kind != "gap"] == ["host", "end"]  # a busy machine may be late
    assert left_in(tmp_path) == []
