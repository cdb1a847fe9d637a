"""The cloud in the host record, asked of small servers on loopback that speak the two real protocols."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fix_http import AZURE, AZURE_FACTS, MUTE, OCI, OCI_FACTS, Answer, Server, always, azure, oci, respond, serving
from fix_pcc import check_books, environment, read, run
from fix_sys import AZURE_TAG, OCI_TAG, firmware

from perfops.pcc import cloud
from perfops.pcc.ask import Get

CLOUDS = {"azure": (AZURE_TAG, azure, AZURE_FACTS), "oci": (OCI_TAG, oci, OCI_FACTS)}
SHORT = ("--duration", "20ms", "--frequency", "10ms", "--quiet")


def ask(tmp_path: Path, server: Server, tag: str) -> tuple[dict[str, Any] | None, dict[str, str]]:
    """What is said of the cloud by a machine of this firmware, and what could not be read."""
    firmware(tmp_path, tag)
    unreadable: dict[str, str] = {}
    host, port = server.address.split(":")
    return cloud.ask_cloud(str(tmp_path), (host, int(port)), unreadable), unreadable


@pytest.mark.parametrize("provider", CLOUDS)
def test_a_machine_knows_itself(provider: str, tmp_path: Path) -> None:
    tag, answer, facts = CLOUDS[provider]
    with serving(answer) as server:
        assert ask(tmp_path, server, tag) == (facts, {})
        assert len(server.paths) == 1


@pytest.mark.parametrize(("provider", "status"), [("azure", 400), ("oci", 404)])
def test_the_servers_refuse_a_question_without_the_header(provider: str, status: int) -> None:
    """So that the test above proves that it was sent."""
    with serving(CLOUDS[provider][1]) as server:
        host, port = server.address.split(":")
        asking = Get((host, int(port)), cloud.QUESTIONS[provider][0])
        assert asking.step(30)
        assert asking.error == f"HTTP {status}"


@pytest.mark.parametrize("tag", ["", "Amazon EC2", "No Asset Tag", AZURE_TAG + "0", "7783"])
def test_nobody_is_asked_on_other_machines(tmp_path: Path, tag: str) -> None:
    with serving(azure) as server:
        assert ask(tmp_path, server, tag) == (None, {})
        assert cloud.ask_cloud(str(tmp_path / "nowhere"), ("127.0.0.1", 1), {}) is None
        assert server.paths == []


@pytest.mark.parametrize(
    ("changes", "key", "value"),
    [
        ({"zone": ""}, "zone", None),  # a region without zones
        ({"storageProfile": {"imageReference": {"id": "/subscriptions/x/images/mine"}}}, "image",
            "/subscriptions/x/images/mine"),
        ({"storageProfile": None}, "image", None),
        ({"vmSize": 4}, "instance_type", None),
        ({"vmSize": "\ud800"}, "instance_type", "\\ud800"),  # half a letter, which no reader would take
    ],
)  # fmt: skip
def test_of_azure_what_is_not_told_is_null(tmp_path: Path, changes: dict[str, Any], key: str, value: object) -> None:
    answer = json.dumps({"compute": AZURE["compute"] | changes})
    with serving(always(respond(answer))) as server:
        assert ask(tmp_path, server, AZURE_TAG) == (AZURE_FACTS | {key: value}, {})


def test_of_oracle_an_old_answer_has_a_short_region(tmp_path: Path) -> None:
    old = {name: value for name, value in OCI.items() if name in ("id", "image", "shape", "availabilityDomain")}
    with serving(always(respond(json.dumps(old | {"region": "phx"})))) as server:
        assert ask(tmp_path, server, OCI_TAG) == (OCI_FACTS | {"region": "phx"}, {})


NOTHING = "an answer that says nothing of the machine"
ANSWERS: dict[str, tuple[Answer, str]] = {
    "never": (MUTE, "no answer in 0.3 s"),
    "garbage": (always(b"\x00\xff garbage"), "no HTTP answer"),
    "nothing": (always(b""), "no HTTP answer"),
    "no body": (always(b"HTTP/1.1 200 OK\r\n\r\n"), NOTHING),
    "cut short": (always(respond(json.dumps(AZURE))[:-9]), "an answer cut short"),
    "huge": (always(respond(json.dumps(AZURE | {"more": "x" * (1 << 20)}))), "an answer of more than 262144 bytes"),
    "not JSON": (always(respond("<html>")), NOTHING),
    "not UTF-8": (always(b"HTTP/1.0 200 OK\r\n\r\n\xff"), NOTHING),
    "other JSON": (always(respond('["compute"]')), NOTHING),
    "empty JSON": (always(respond('{"compute":{}}')), NOTHING),
    "deep JSON": (always(respond("[" * 100000)), NOTHING),
    "an error": (always(respond("{}", "500 Internal Server Error")), "HTTP 500"),
    "a redirect": (always(respond("", "302 Found")), "HTTP 302"),
}


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Little patience."""
    monkeypatch.setattr(cloud, "LONGEST", 0.3)


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("name", ANSWERS)
def test_whatever_answers_the_cloud_is_null_and_the_reason_is_told(name: str, tmp_path: Path) -> None:
    answer, reason = ANSWERS[name]
    with serving(answer) as server:
        assert ask(tmp_path, server, AZURE_TAG) == (None, {"cloud": reason})


@pytest.mark.usefixtures("hurried")
def test_an_answer_that_trickles_in_has_no_more_time_than_any_other(tmp_path: Path) -> None:
    with serving(MUTE) as server:

        def trickle(*_: object) -> None:
            while True:  # until the other side has had enough
                server.open[0].sendall(b"H")
                time.sleep(0.01)

        server.answer = trickle
        assert ask(tmp_path, server, AZURE_TAG) == (None, {"cloud": "no answer in 0.3 s"})


def test_a_refused_connection_is_told(tmp_path: Path) -> None:
    with serving(azure) as server:
        address = server.address
    firmware(tmp_path, AZURE_TAG)
    unreadable: dict[str, str] = {}
    assert cloud.ask_cloud(str(tmp_path), ("127.0.0.1", int(address.split(":")[1])), unreadable) is None
    assert unreadable == {"cloud": "Connection refused"}


def test_a_server_that_does_not_hang_up_is_not_waited_for(tmp_path: Path) -> None:
    with serving(MUTE) as server:

        def answer(path: str, headers: dict[str, str]) -> None:
            server.open[0].sendall(azure(path, headers))

        server.answer = answer
        assert ask(tmp_path, server, AZURE_TAG) == (AZURE_FACTS, {})


@pytest.fixture
def mute() -> Iterator[Server]:
    with serving(MUTE) as server:
        yield server


def record(packed: Path, tmp_path: Path, server: Server, tag: str, *flags: str, **variables: str) -> Any:
    """The host record of a run on a machine of this firmware; the run's books must close."""
    firmware(tmp_path / "sys", tag)
    path = tmp_path / "host.json"
    places = ("--sys-root", str(tmp_path / "sys"), "--metadata-address", server.address, "--collection", str(path))
    done = run(packed, *SHORT, *places, *flags, env=environment(**variables))
    assert (done.returncode, done.stderr) == (0, "")
    records = read(path)
    assert check_books(records, 0.01, 2)["reason"] == "duration"
    return records[0]["measurement"]


@pytest.mark.parametrize("provider", CLOUDS)
def test_the_host_record_names_the_cloud_and_it_is_asked_once(provider: str, packed: Path, tmp_path: Path) -> None:
    tag, answer, facts = CLOUDS[provider]
    with serving(answer) as server:
        host = record(packed, tmp_path, server, tag)
        assert host["cloud"] == facts
        assert "cloud" not in host["unreadable"]
        assert len(server.paths) == 1


def test_a_mute_server_does_not_keep_the_run_from_its_end(packed: Path, tmp_path: Path, mute: Server) -> None:
    host = record(packed, tmp_path, mute, OCI_TAG)
    assert host["cloud"] is None
    assert host["unreadable"]["cloud"] == "no answer in 1 s"


@pytest.mark.parametrize(("flags", "variables"), [(["--no-cloud"], {}), ([], {"PCC_CLOUD": "off"})])
def test_switched_off_nobody_is_asked(
    packed: Path, tmp_path: Path, mute: Server, flags: list[str], variables: dict[str, str]
) -> None:
    host = record(packed, tmp_path, mute, AZURE_TAG, *flags, **variables)
    assert host["cloud"] is None
    assert "cloud" not in host["unreadable"]
    assert mute.paths == []
