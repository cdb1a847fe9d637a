"""The packed sampler beside real control groups, named as Docker names them, with processes of known use in them."""

import csv
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from fix_cgroup import CONTROLLERS, make_id, on_machine, real_groups, tree_2
from fix_http import runtime, serving
from fix_pcc import Records, check_books, environment, of, read, run, start, tick_count, wait_for, whole_lines

from perfops.outputs.process import process_files

FAST = ("--frequency", "50ms", "--quiet")
TICK = 1 / os.sysconf("SC_CLK_TCK")
BALLAST = 64 << 20
PARENT = f"perfops-{os.getpid()}"
WORKER = """
import resource, sys
ballast = []
for line in sys.stdin:
    size, seconds = map(float, line.split())
    ballast.append(bytearray(b"x") * int(size))
    def used():
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return usage.ru_utime + usage.ru_stime
    end = used() + seconds
    while used() < end:
        pass
    print(used(), flush=True)
"""


class Worker:
    """A process in the groups that uses memory and CPU time when it is told to, and knows how much it has used."""

    def __init__(self, groups: list[Path]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", WORKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for group in groups:
            (group / "cgroup.procs").write_text(str(self.process.pid))

    def use(self, size: int, seconds: float) -> float:
        """Let it use so much more; returns its CPU time so far."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(f"{size} {seconds}\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())


@contextmanager
def working(groups: list[Path]) -> Iterator[Worker]:
    """A worker in the groups; it is gone when the block is left, so that they can be removed."""
    worker = Worker(groups)
    with worker.process:
        try:
            yield worker
        finally:
            worker.process.kill()


def container_lines(path: Path, identity: str) -> int:
    """Records of a container in a collection that is being written."""
    return sum(identity.encode() in line for line in whole_lines(path))


def measured(records: Records, identity: str) -> list[tuple[float, dict[str, Any]]]:
    """Time and measurement of a container's records."""
    found = of(records, f"container/docker/{identity[:12]}")
    return [(record["monotonic"], json.loads(record["measurement"])) for record in found]


def record_work(
    packed: Path, path: Path, groups: list[Path], identity: str, seconds: float, read_kernel: Callable[[], None]
) -> tuple[float, list[tuple[float, dict[str, Any]]]]:
    """Record a worker; returns the CPU time it used between the first record and the last, and the records.

    `read_kernel` is called while the worker does nothing any more, behind the last record that counts.
    """
    with working(groups) as worker:
        before = worker.use(BALLAST, 0)
        with start(packed, "--duration", "1h", *FAST, "--collection", str(path), env=environment()) as process:
            wait_for("the container", lambda: container_lines(path, identity))
            after = worker.use(0, seconds)
            ticks = tick_count(path)
            wait_for("a tick behind the work", lambda: tick_count(path) > ticks + 1)
            process.terminate()
        read_kernel()
    records = read(path)
    check_books(records, 0.05)
    return after - before, measured(records, identity)


def test_version_1_agrees_with_the_kernel_and_with_what_the_process_used(packed: Path, tmp_path: Path) -> None:
    folders = on_machine(*CONTROLLERS)
    identity = make_id()
    kernel: dict[str, str] = {}

    with real_groups(folders, f"{PARENT}-v1/docker/{identity}") as groups:
        cpu, cpuacct, memory, pids, _ = groups
        (memory / "memory.limit_in_bytes").write_text(str(1 << 30))
        (pids / "pids.max").write_text("50")
        (cpu / "cpu.cfs_period_us").write_text("50000")
        (cpu / "cpu.cfs_quota_us").write_text("5000")  # less than a busy machine would give it anyway

        def read_kernel() -> None:
            kernel["usage"] = (cpuacct / "cpuacct.usage").read_text()
            kernel["split"] = (cpuacct / "cpuacct.stat").read_text()
            kernel["limit"] = (cpu / "cpu.stat").read_text()

        path = tmp_path / "host.json"
        used, found = record_work(packed, path, groups, identity, 0.3, read_kernel)
    (_, first), (_, last) = found[0], found[-1]
    assert (last["cpu_usage_usec"] - first["cpu_usage_usec"]) / 1e6 == pytest.approx(used, abs=TICK)
    assert last["cpu_usage_usec"] == int(kernel["usage"]) // 1000
    words = kernel["split"].split()
    split = {name: int(ticks) * 1_000_000 * TICK for name, ticks in zip(words[::2], words[1::2], strict=True)}
    assert (last["cpu_user_usec"], last["cpu_system_usec"]) == (split["user"], split["system"])
    assert sum(split.values()) == pytest.approx(last["cpu_usage_usec"], abs=2 * TICK * 1e6)
    words = kernel["limit"].split()
    limit = {name: int(value) for name, value in zip(words[::2], words[1::2], strict=True)}
    assert last["cpu_throttled"] == limit["nr_throttled"] > 0
    assert last["cpu_throttled_usec"] == limit["throttled_time"] // 1000
    assert BALLAST < last["memory_anon"] < 2 * BALLAST
    assert last["memory_anon"] < last["memory_current"] < 1 << 30
    assert (last["memory_max"], last["pids_current"], last["pids_max"]) == (1 << 30, 1, 50)

    process_files([path], tmp_path / "out")
    with (tmp_path / "out" / "containers.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["container_id"] == identity]
    assert len(rows) == len(found)
    shares = [float(row["cpu_percent"]) / 100 for row in rows[1:]]
    times = [monotonic for monotonic, _ in found]
    gaps = [later - sooner for sooner, later in pairwise(times)]
    assert sum(share * gap for share, gap in zip(shares, gaps, strict=True)) == pytest.approx(used, abs=TICK)


def test_version_2_agrees_with_the_kernel_and_with_what_the_process_used(packed: Path, tmp_path: Path) -> None:
    """On hybrid systems as well as on new ones, where the groups lie one folder higher."""
    folders = on_machine("unified" if Path("/sys/fs/cgroup/unified").exists() else ".")
    identity = make_id()
    kernel: list[str] = []
    with real_groups(folders, f"{PARENT}-v2/docker/{identity}") as groups:
        used, found = record_work(
            packed,
            tmp_path / "host.json",
            groups,
            identity,
            0.4,
            lambda: kernel.append((groups[0] / "cpu.stat").read_text()),
        )
    first, last = found[0][1], found[-1][1]
    assert (last["cpu_usage_usec"] - first["cpu_usage_usec"]) / 1e6 == pytest.approx(used, abs=TICK)
    words = kernel[0].split()
    told = dict(zip(words[::2], map(int, words[1::2]), strict=True))
    assert {name: last[f"cpu_{name}"] for name in ("usage_usec", "user_usec", "system_usec")} == {
        name: told[name] for name in ("usage_usec", "user_usec", "system_usec")
    }


def test_containers_that_come_and_go_are_in_every_tick_of_their_lives_and_in_no_other(
    packed: Path, tmp_path: Path
) -> None:
    folders = on_machine("cpu", "cpuacct", "memory")
    path = tmp_path / "host.json"
    lives: dict[str, tuple[float, float, float]] = {}
    with start(packed, "--duration", "1h", *FAST, "--collection", str(path), env=environment()) as process:
        wait_for("a tick", lambda: tick_count(path))
        for number in range(3):
            identity = make_id()
            with real_groups(folders, f"{PARENT}-life{number}/docker/{identity}"):
                born = time.clock_gettime(time.CLOCK_BOOTTIME)
                wait_for("the container", lambda identity=identity: container_lines(path, identity) >= 2)
                dying = time.clock_gettime(time.CLOCK_BOOTTIME)
            lives[identity] = (born, dying, time.clock_gettime(time.CLOCK_BOOTTIME))
            ticks = tick_count(path)
            wait_for("ticks without it", lambda ticks=ticks: tick_count(path) > ticks + 1)
        process.terminate()
    records = read(path)
    check_books(records, 0.05)
    ticks = [record["monotonic"] for record in of(records, "/proc/stat")]
    for identity, (born, dying, dead) in lives.items():
        seen = {monotonic for monotonic, _ in measured(records, identity)}
        # The time of a tick is taken before its files are read: the last may be a moment older than the end.
        assert seen >= {tick for tick in ticks if born <= tick < max(seen)}
        assert {tick for tick in ticks if born <= tick <= dying} <= seen | {
            max(tick for tick in ticks if tick <= dying)
        }
        assert not {tick for tick in seen if tick > dead}


def test_containers_only_writes_nothing_else(packed: Path, tmp_path: Path) -> None:
    identity = make_id()
    tree_2(tmp_path / "sys", f"docker/{identity}")
    path = tmp_path / "containers.json"
    places = ("--sys-root", str(tmp_path / "sys"), "--collection", str(path))
    done = run(packed, "--duration", "200ms", *FAST, "--containers-only", *places, env=environment())
    assert (done.returncode, done.stderr) == (0, "")
    records = read(path)
    kinds = {record["subsystem"] for record in records}
    assert kinds <= {"host", "gap", "clock", "end", f"container/docker/{identity[:12]}"}
    assert len(measured(records, identity)) == records[-1]["measurement"]["ticks"]
    summary = process_files([path], tmp_path / "out")
    assert summary.samples == {"container": len(measured(records, identity))}


@pytest.mark.parametrize("flag", ["--containers-only", "--self-test"])
def test_containers_only_on_a_machine_without_groups_is_refused(packed: Path, tmp_path: Path, flag: str) -> None:
    done = run(packed, flag, "--containers-only", "--sys-root", "/nowhere", env=environment(), cwd=tmp_path)
    sentence = "pcc: no control groups in /nowhere/fs/cgroup (try --sys-root /sys)\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", sentence)
    assert not list(tmp_path.iterdir())


def test_the_group_can_be_switched_off(packed: Path, tmp_path: Path) -> None:
    tree_2(tmp_path / "sys", f"docker/{make_id()}")
    path = tmp_path / "host.json"
    places = ("--sys-root", str(tmp_path / "sys"), "--collection", str(path))
    done = run(packed, "--duration", "100ms", *FAST, "--without", "containers", *places, env=environment())
    assert (done.returncode, done.stderr) == (0, "")
    assert not [record for record in read(path) if record["subsystem"].startswith("container/")]


def test_the_self_test_counts_them(packed: Path, tmp_path: Path) -> None:
    tree_2(tmp_path / "sys", *(f"docker/{make_id()}" for _ in range(7)))
    done = run(packed, "--self-test", "--sys-root", str(tmp_path / "sys"), env=environment())
    assert (done.returncode, done.stderr) == (0, "")
    assert "\n7 containers" in done.stdout


ELSEWHERE = """
import sys
sys.path.insert(0, sys.argv.pop(1))
from pcc.containers import Containers
Containers.__init__.__defaults__ = ((), sys.argv.pop(1))  # the root of the tree that names are looked for in
from pcc.__main__ import main
main()
"""


def test_a_runtime_that_does_not_answer_keeps_no_tick_back(packed: Path, tmp_path: Path) -> None:
    """It answers only when the ticks have gone on: if they waited for it, neither would come."""
    identity = make_id()
    sys_root, path = tmp_path / "sys", tmp_path / "host.json"
    tree_2(sys_root, f"system.slice/docker-{identity}.scope")
    quick, gone_on = runtime({identity: ["/web"]}), threading.Event()

    def slow(place: str, headers: dict[str, str]) -> bytes | None:
        gone_on.wait()
        return quick(place, headers)

    with tempfile.TemporaryDirectory() as root, serving(slow, Path(root) / "run/docker.sock"):
        line = [sys.executable, "-c", ELSEWHERE, str(packed), root, "--duration", "1h", *FAST]
        places = ["--sys-root", str(sys_root), "--collection", str(path)]
        with subprocess.Popen([*line, *places], env=environment()) as process:
            wait_for("some ticks", lambda: tick_count(path) >= 5)
            gone_on.set()
            wait_for("the name", lambda: b'\\"container_name\\":\\"web\\"' in path.read_bytes())
            process.terminate()
    records = read(path)
    check_books(records, 0.05)
    names = [value["container_name"] for _, value in measured(records, identity)]
    assert names[:4] == [""] * 4
    assert names[-1] == "web"
    assert names == sorted(names)  # without a name, and then with it
