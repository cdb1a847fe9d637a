"""Names of containers: from state files, and over real Unix sockets from servers that answer as runtimes do."""

import json
import os
import socket
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from fix_cgroup import make_id, tree_2, write
from fix_http import MUTE, Answer, always, respond, runtime, serving
from fix_pcc import wait_for

from perfops.pcc import names
from perfops.pcc.containers import Containers

START = b'{"timestamp":1.000,"monotonic":1.000000,"subsystem":"'
GROUPS = {
    "docker": "system.slice/docker-{}.scope",
    "containerd": "kubepods.slice/kubepods-pod1.slice/cri-containerd-{}.scope",
    "crio": "kubepods.slice/kubepods-pod1.slice/crio-{}.scope",
    "podman": "machine.slice/libpod-{}.scope",
    "rootless": "user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{}.scope",
    "rootless docker": "user.slice/user-1000.slice/user@1000.service/app.slice/docker-{}.scope",
}
SOCKETS = {
    "docker": "run/docker.sock",
    "podman": "run/podman/podman.sock",
    "rootless": "run/user/1000/podman/podman.sock",
    "rootless docker": "run/user/1000/docker.sock",
}
DAYS = 1000.0


def look_up(root: Path, seconds: float = DAYS, unreadable: dict[str, str] | None = None) -> Containers:
    """The containers of a tree, once looked up."""
    containers = Containers("/none", str(root), {} if unreadable is None else unreadable, root=str(root))
    containers.look_up_names(seconds)
    return containers


def named(containers: Containers) -> dict[str, str]:
    """The names in a tick's records, by id."""
    values = [json.loads(json.loads(line)["measurement"]) for line in containers.lines(START)]
    return {value["container_id"]: value["container_name"] for value in values}


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers have the time that a busy machine needs, and the next try is at once."""
    monkeypatch.setattr(names, "LONGEST", DAYS)
    monkeypatch.setattr(names, "AGAIN", (0, 0))
    monkeypatch.setattr("perfops.pcc.containers.LONGEST", DAYS)


@pytest.fixture
def root() -> Iterator[Path]:
    """A folder with a short path, as those of sockets must be."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def test_dockers_files(root: Path) -> None:
    identity = make_id()
    tree_2(root, GROUPS["docker"].format(identity))
    write(root / "var/lib/docker/containers" / identity, {"config.v2.json": json.dumps({"Name": "/web-1"})})
    assert named(look_up(root)) == {identity: "web-1"}


@pytest.mark.parametrize("runtime_name", ["containerd", "crio", "docker"])
def test_kubernetes_links_to_logs(root: Path, runtime_name: str) -> None:
    identity = make_id()
    tree_2(root, GROUPS[runtime_name].format(identity))
    logs = root / "var/log/containers"
    logs.mkdir(parents=True)
    (logs / f"web-5d9c7b-x2x_shop_nginx-proxy-{identity}.log").symlink_to("/var/log/pods/shop_web/nginx/0.log")
    (logs / "other.log").symlink_to("/nowhere")
    assert named(look_up(root)) == {identity: "shop/web-5d9c7b-x2x/nginx-proxy"}


@pytest.mark.parametrize("runtime_name", ["podman", "crio"])
@pytest.mark.parametrize("driver", ["overlay", "btrfs"])
def test_the_lists_of_podman_and_crio(root: Path, runtime_name: str, driver: str) -> None:
    identity = make_id()
    tree_2(root, GROUPS[runtime_name].format(identity))
    rows = [{"id": make_id(), "names": ["other"]}, {"id": identity, "names": ["db"], "image": "x"}, {"id": make_id()}]
    storage = root / f"var/lib/containers/storage/{driver}-containers"
    write(storage, {"containers.json": json.dumps(rows)})
    write(root / "var/lib/containers/storage/overlay-images", {"images.json": "[]"})
    assert named(look_up(root)) == {identity: "db"}


@pytest.mark.parametrize("kind", SOCKETS)
def test_a_runtime_is_asked_over_its_socket_where_there_is_no_file(root: Path, kind: str) -> None:
    identity, other = make_id(), make_id()
    tree_2(root, GROUPS[kind].format(identity))
    answer = runtime({identity: ["/web/alias", "/cache"], other: ["/other"]})
    with serving(answer, root / SOCKETS[kind]) as server:
        assert named(look_up(root)) == {identity: "cache"}
        assert len(server.paths) == 1


def test_a_runtime_is_not_asked_for_what_is_in_files(root: Path) -> None:
    identity = make_id()
    tree_2(root, GROUPS["docker"].format(identity))
    write(root / "var/lib/docker/containers" / identity, {"config.v2.json": '{"Name":"/web"}'})
    with serving(runtime({}), root / SOCKETS["docker"]) as server:
        assert named(look_up(root)) == {identity: "web"}
        assert server.paths == []


def test_many_are_asked_for_in_a_few_questions(root: Path) -> None:
    identities = [make_id() for _ in range(45)]
    tree_2(root, *(GROUPS["docker"].format(identity) for identity in identities))
    answer = runtime({identity: [f"/c-{number}"] for number, identity in enumerate(identities)})
    with serving(answer, root / SOCKETS["docker"]) as server:
        found = named(look_up(root))
        assert found == {identity: f"c-{number}" for number, identity in enumerate(identities)}
        assert len(server.paths) == 3


def test_a_new_container_is_named_when_it_is_looked_up(root: Path) -> None:
    first, second = make_id(), make_id()
    groups = tree_2(root, GROUPS["docker"].format(first))
    with serving(runtime({first: ["/a"], second: ["/b"]}), root / SOCKETS["docker"]):
        containers = look_up(root)
        write(groups / GROUPS["docker"].format(second), {"pids.current": "1\n"})
        assert named(containers) == {first: "a", second: ""}
        containers.look_up_names(DAYS)
        assert named(containers) == {first: "a", second: "b"}


def test_a_name_that_is_written_later_is_found(root: Path) -> None:
    identity = make_id()
    tree_2(root, GROUPS["docker"].format(identity))
    containers = look_up(root)
    assert named(containers) == {identity: ""}
    write(root / "var/lib/docker/containers" / identity, {"config.v2.json": '{"Name":"/late"}'})
    containers.look_up_names(DAYS)
    assert named(containers) == {identity: "late"}


def test_without_a_name_a_container_goes_by_its_short_id_in_the_end(root: Path) -> None:
    identities = [make_id() for _ in GROUPS]
    tree_2(root, *(group.format(each) for group, each in zip(GROUPS.values(), identities, strict=True)))
    unreadable: dict[str, str] = {}
    containers = look_up(root, unreadable=unreadable)
    for _ in names.AGAIN:
        assert set(named(containers).values()) == {""}
        containers.look_up_names(DAYS)
    assert named(containers) == {identity: identity[:12] for identity in identities}
    assert unreadable == {}


def test_containers_that_go_by_their_names_have_them_at_once(root: Path) -> None:
    tree_2(root, "lxc.payload.web", "machine.slice/systemd-nspawn@db.service")
    assert named(Containers("/none", str(root), {}, root=str(root))) == {"web": "web", "db": "db"}


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"Name":7}', '{"Name":""}', "\xff", "[" * 100000, '{"Name":null}', '"Name"']
)
def test_a_damaged_file_is_as_good_as_none(root: Path, text: str) -> None:
    identity, other = make_id(), make_id()
    tree_2(root, GROUPS["docker"].format(identity), GROUPS["podman"].format(other))
    (root / "var/lib/docker/containers" / identity).mkdir(parents=True)
    (root / "var/lib/docker/containers" / identity / "config.v2.json").write_bytes(text.encode("latin-1"))
    storage = root / "var/lib/containers/storage/overlay-containers"
    storage.mkdir(parents=True)
    (storage / "containers.json").write_bytes(text.encode("latin-1"))
    assert named(look_up(root)) == {identity: "", other: ""}


@pytest.mark.parametrize("name", ['two "words"', "per%cent %s %d", "back\\slash", "Zürich", "new\nline"])
def test_names_of_any_letters(root: Path, name: str) -> None:
    identity = make_id()
    tree_2(root, GROUPS["docker"].format(identity))
    write(root / "var/lib/docker/containers" / identity, {"config.v2.json": json.dumps({"Name": "/" + name})})
    assert named(look_up(root)) == {identity: name}


def test_names_of_no_letters_are_told_by_their_numbers(root: Path) -> None:
    identities = [make_id() for _ in range(3)]
    tree_2(root, *(GROUPS[kind].format(each) for kind, each in zip(GROUPS, identities, strict=False)))
    write(root / "var/lib/docker/containers" / identities[0], {"config.v2.json": '{"Name":"/\\ud800"}'})
    (root / "var/log/containers").mkdir(parents=True)
    for number in (1, 2):
        (root / f"var/log/containers/a\udcff_b_c-{identities[number]}.log").symlink_to("/nowhere")
    assert list(named(look_up(root)).values()) == ["b/a\\xff/c", "b/a\\xff/c", "\\ud800"]


ANSWERS: dict[str, tuple[Answer, str | None]] = {
    "an error": (always(respond("{}", "500 Internal Server Error")), "HTTP 500"),
    "garbage": (always(b"\xff\xfe"), "no HTTP answer"),
    "nothing": (always(b""), "no HTTP answer"),
    "huge": (always(respond("x" * (2 << 20))), "an answer of more than 1048576 bytes"),
    "not JSON": (always(respond("<html>")), None),
    "other JSON": (always(respond('{"message":"no"}')), None),
    "odd rows": (always(respond('[7, {}, {"Id": 1, "Names": 2}, {"Id": "x", "Names": [3]}]')), None),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_whatever_the_socket_answers_the_short_id_remains(name: str, root: Path) -> None:
    identity = make_id()
    tree_2(root, GROUPS["docker"].format(identity))
    answer, reason = ANSWERS[name]
    unreadable: dict[str, str] = {}
    with serving(answer, root / SOCKETS["docker"]):
        containers = look_up(root, unreadable=unreadable)
        for _ in names.AGAIN:
            containers.look_up_names(DAYS)
    assert named(containers) == {identity: identity[:12]}
    assert unreadable == ({"/run/docker.sock": reason} if reason else {})


def test_a_socket_nobody_listens_to_is_told(root: Path) -> None:
    identity = make_id()
    tree_2(root, GROUPS["docker"].format(identity))
    with serving(runtime({}), root / SOCKETS["docker"]):
        pass
    unreadable: dict[str, str] = {}
    assert named(look_up(root, unreadable=unreadable)) == {identity: ""}
    assert unreadable == {"/run/docker.sock": "Connection refused"}


def test_a_slow_answer_is_never_waited_for_and_taken_when_it_is_there(root: Path) -> None:
    """The server does not answer before the sampler has gone on: if it waited, neither would."""
    identity = make_id()
    tree_2(root, GROUPS["docker"].format(identity))
    gone_on = threading.Event()
    quick = runtime({identity: ["/slow"]})

    def slow(path: str, headers: dict[str, str]) -> bytes | None:
        gone_on.wait()
        return quick(path, headers)

    with serving(slow, root / SOCKETS["docker"]) as server:
        containers = look_up(root, 0.001)
        for _ in range(5):
            assert named(containers) == {identity: ""}
            containers.look_up_names(0.001)
        wait_for("the question", lambda: server.paths)
        gone_on.set()
        containers.look_up_names(DAYS)
        assert named(containers) == {identity: "slow"}
        assert len(server.paths) == 1


def test_a_mute_runtime_is_told_and_given_up(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    identity = make_id()
    tree_2(root, GROUPS["podman"].format(identity))
    monkeypatch.setattr(names, "LONGEST", 0.05)
    unreadable: dict[str, str] = {}
    with serving(MUTE, root / SOCKETS["podman"]) as server:
        containers = look_up(root, 0.1, unreadable)
        wait_for("the short id", lambda: containers.look_up_names(0.1) or named(containers)[identity])
        assert len(server.paths) == 3
    assert named(containers) == {identity: identity[:12]}
    assert unreadable == {"/run/podman/podman.sock": "no answer in 0.05 s"}


def test_a_runtime_that_takes_no_connection_is_told(root: Path) -> None:
    identity = make_id()
    tree_2(root, GROUPS["docker"].format(identity))
    (root / "run").mkdir()
    unreadable: dict[str, str] = {}
    with socket.socket(socket.AF_UNIX) as busy, socket.socket(socket.AF_UNIX) as other:
        busy.bind(str(root / SOCKETS["docker"]))
        busy.listen(0)
        other.connect(str(root / SOCKETS["docker"]))
        assert named(look_up(root, unreadable=unreadable)) == {identity: ""}
    assert unreadable == {"/run/docker.sock": "Resource temporarily unavailable"}


def test_without_permission_the_short_id_remains_and_it_is_told_once(root: Path) -> None:
    if os.geteuid():
        pytest.skip("only root can become somebody else")
    identity, other = make_id(), make_id()
    tree_2(root, GROUPS["docker"].format(identity), GROUPS["podman"].format(other))
    closed = ("var/lib/docker/containers", "var/log/containers", "var/lib/containers/storage", "run/podman")
    for folder in closed:
        (root / folder).mkdir(parents=True)
    unreadable: dict[str, str] = {}
    with serving(runtime({identity: ["/web"]}), root / SOCKETS["docker"]) as server:
        (root / SOCKETS["docker"]).chmod(0o600)
        for folder in closed:
            (root / folder).chmod(0)
        root.chmod(0o755)
        os.seteuid(65534)
        try:
            containers = look_up(root, unreadable=unreadable)
            for _ in names.AGAIN:
                containers.look_up_names(DAYS)
            assert named(containers) == {identity: identity[:12], other: other[:12]}
        finally:
            os.seteuid(0)
        assert server.paths == []
    places = {*closed[:3], "run/docker.sock", "run/podman/podman.sock"}
    assert unreadable == {f"/{place}": "Permission denied" for place in places}
