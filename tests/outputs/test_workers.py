"""The helpers that derive the parts of a long recording end with the command, whatever ends it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fix_command import BIN, environment, refused
from fix_loaded import record_machine
from fix_pcc import wait_for

from perfops.outputs import parts

needs_two_cpus = pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one CPU: there are no parts")


def descendants(pid: int) -> set[int]:
    """Processes that a process started, and those that they started."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found: set[int] = set()
    waiting = [pid]
    while waiting:
        waiting += (more := children.get(waiting.pop(), []))
        found |= set(more)
    return found


def workers(process: subprocess.Popen[str]) -> set[int]:
    """The helpers that derive parts and have come far enough to have written something."""
    found = set()
    for pid in descendants(process.pid):
        try:
            opened = [str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if any("/.parts-" in name for name in opened):
            found.add(pid)
    return found


@pytest.fixture(scope="module")
def long_recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording of several parts."""
    path = record_machine(tmp_path_factory.mktemp("long") / "host.json", 6000, end=False)
    data = path.read_bytes()
    with path.open("ab") as file:
        while file.tell() < 4 * parts.SIZE:
            file.write(data)
    return path


@pytest.fixture
def processing(long_recording: Path, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """`perfops process` at work on a long recording, its helpers, too; in a group of its own, as a shell has it."""
    line = [BIN / "perfops", "process", long_recording, "--outdir", tmp_path / "out"]
    with subprocess.Popen(
        line, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as started:
        try:
            wait_for("helpers at work", lambda: started.poll() is not None or len(workers(started)) > 1)
            yield started
        finally:
            started.kill()


def gone(pids: set[int]) -> bool:
    """Whether none of the processes lives; a zombie does not."""
    for pid in pids:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if state not in "ZX":
            return False
    return True


@needs_two_cpus
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_all_of_them_without_a_traceback(
    number: signal.Signals, processing: subprocess.Popen[str], tmp_path: Path
) -> None:
    """Control-C goes to the whole group, SIGTERM to the one process."""
    started = descendants(processing.pid)
    if number == signal.SIGINT:
        os.killpg(processing.pid, number)
    else:
        processing.terminate()
    _, told = processing.communicate(timeout=60)
    assert processing.returncode == 128 + number
    assert "Traceback" not in told
    assert [line for line in told.splitlines() if "processing: " not in line] == []
    wait_for("the end of the helpers", lambda: gone(started))
    assert list((tmp_path / "out").iterdir()) == []


@needs_two_cpus
def test_helpers_end_with_a_process_that_is_killed(processing: subprocess.Popen[str]) -> None:
    started = descendants(processing.pid)
    assert len(started) > 1
    processing.kill()
    processing.wait()
    wait_for("the end of the helpers", lambda: gone(started))


@needs_two_cpus
def test_a_helper_that_is_killed_is_one_line(processing: subprocess.Popen[str], tmp_path: Path) -> None:
    os.kill(min(workers(processing)), signal.SIGKILL)
    out, told = processing.communicate(timeout=60)
    told = "".join(line for line in told.splitlines(keepends=True) if "processing: " not in line)
    done = subprocess.CompletedProcess([], processing.returncode, out, told)
    assert refused(done) == (3, "a process that derives a part was killed (is there memory enough?)")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_process_started_by_the_tests_is_seen_as_a_descendant() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        assert child.pid in descendants(os.getpid())
        assert not gone({child.pid})
