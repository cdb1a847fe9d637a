"""The same records under every Python from 3.6 on: byte for byte, but for clocks, pid and the sampler's own cost."""

import re
import subprocess
from json import loads
from pathlib import Path

import pytest
from fix_cgroup import VALUES_1, VALUES_2, tree_1, tree_2
from fix_http import AZURE_FACTS, azure, serving
from fix_pcc import ROOTS, SOURCES, check_books, environment, interpreters, of, parse, read, run, start
from fix_sys import AZURE_TAG, firmware

from perfops.pcc.sources import EVERY_TICK

VERSIONS = ("3.6", "3.8", "3.11", "3.13")
TREE = ROOTS / "debian12-2cpu" / "proc"
CONTAINERS = ("0" * 63 + "1", "2" * 64)
INTERFACES = Path("/sys/class/net")
TRIES = 20
IDENTITY = "0d8f1a52-6c0e-4f2f-9b57-0c6f5a3b1e77"
VARIABLE = re.compile(
    rb'"(timestamp|monotonic)":[0-9.]+'
    rb'|\\"(pid|started|bytes|cpu_seconds|peak_memory_kib|ticks|missed|blocks_free|blocks_available|files_free)\\"'
    rb": ?[0-9.e-]+"
)


@pytest.fixture(scope="module")
def recorded(packed: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A recording of the recorded tree by every Python there is, of a machine whose interfaces stay meanwhile."""
    paths: dict[str, Path] = {}
    for _ in range(TRIES):  # tests beside this one make interfaces on this very machine
        before = sorted(INTERFACES.iterdir())
        paths = record_all(packed, tmp_path_factory.mktemp("pythons"))
        if sorted(INTERFACES.iterdir()) == before:
            break
    return paths


def record_all(packed: Path, folder: Path) -> dict[str, Path]:
    """One recording by every Python, all at a time."""
    paths = {version: folder / f"{version}.json" for version in VERSIONS if version in interpreters()}
    line = ("--duration", "200ms", "--frequency", "100ms", "--quiet", "--proc-root", str(TREE))
    line += ("--without", "containers")  # other tests make some, on this very machine
    line += ("--id", IDENTITY, "--identifier", "vm-1", "--labels", 'town=Zürich,quote="\\')
    running = [
        start(packed, *line, "--collection", str(path), python=interpreters()[version], env=environment())
        for version, path in paths.items()
    ]
    for process in running:
        with process:
            assert process.communicate(timeout=60) == ("", "")
        assert process.returncode == 0
    return paths


def masked(path: Path) -> tuple[list[bytes], list[list[bytes]], bytes]:
    """What comes before the first tick, the ticks, and the end, without what must differ; gaps are the machine's."""
    lines = [VARIABLE.sub(rb"\1\2", line) for line in path.read_bytes().splitlines()]
    kinds = [record["subsystem"] for record in parse(path.read_bytes().splitlines())]
    starts = [number for number, kind in enumerate(kinds) if kind == SOURCES[0]]
    ticks = [
        [line for line, kind in zip(lines[begin:stop], kinds[begin:stop], strict=True) if kind not in ("gap", "end")]
        for begin, stop in zip(starts, [*starts[1:], len(lines)], strict=True)
    ]
    return lines[: starts[0]], ticks, lines[-1]


@pytest.mark.parametrize("version", VERSIONS)
def test_the_same_records(version: str, recorded: dict[str, Path]) -> None:
    if version not in recorded:
        pytest.skip(f"no Python {version} on this machine")
    records = read(recorded[version])
    check_books(records, 0.1, 2)
    before, ticks, end = masked(recorded[version])
    assert len(before) == 2
    assert all(tick == ticks[0] for tick in ticks)
    assert len(ticks[0]) == len(EVERY_TICK) + bool(of(records, "statfs[*]"))
    other = masked(next(iter(recorded.values())))
    assert (before, ticks[0], end) == (other[0], other[1][0], other[2])
    assert records[0]["measurement"]["labels"] == {"town": "Zürich", "quote": '"\\'}


@pytest.mark.parametrize("version", VERSIONS)
def test_the_same_containers_and_cloud(version: str, packed: Path, tmp_path: Path) -> None:
    if version not in interpreters():
        pytest.skip(f"no Python {version} on this machine")
    firmware(tmp_path, AZURE_TAG)
    tree_1(tmp_path, f"docker/{CONTAINERS[0]}")
    tree_2(tmp_path, f"docker/{CONTAINERS[0]}", f"docker/{CONTAINERS[1]}", below="unified")
    path = tmp_path / "containers.json"
    line = ("--duration", "200ms", "--frequency", "100ms", "--containers-only", "--collection", str(path), "--quiet")
    with serving(azure) as server:
        places = ("--sys-root", str(tmp_path), "--metadata-address", server.address)
        done = run(packed, *line, *places, python=interpreters()[version], env=environment())
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    records = read(path)
    assert records[0]["measurement"]["cloud"] == AZURE_FACTS
    for identity, values in zip(CONTAINERS, (VALUES_1, VALUES_2), strict=True):
        found = [loads(record["measurement"]) for record in of(records, f"container/docker/{identity[:12]}")]
        about = {"container_id": identity, "container_name": "", "runtime": "docker"}
        assert found == [about | values] * records[-1]["measurement"]["ticks"]


@pytest.mark.parametrize("version", VERSIONS)
def test_an_error_is_the_same_line(version: str, packed: Path) -> None:
    if version not in interpreters():
        pytest.skip(f"no Python {version} on this machine")
    done = subprocess.run(
        [interpreters()[version], packed], env=environment(PCC_FREQUENCY="5x"), capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "pcc: bad value for PCC_FREQUENCY: '5x' (try 5s)\n")
