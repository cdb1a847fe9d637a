"""A disk that is full, or fills up: one line, exit code 3, nothing half done, and all is well with room again."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from fix_command import BIN, environment, refused
from fix_loaded import record_machine

from perfops.outputs.process import process_files

ROOT = os.geteuid() == 0


ON_A_SMALL_DISK = 'mount -t tmpfs -o size=$1,mode=755 tmpfs "$2" || exit 99; shift 2; exec "$@"'


def on_a_small_disk(size: str, folder: Path, *line: str | Path, **options: str) -> subprocess.CompletedProcess[str]:
    """Run a command where a folder is a disk of this size; skips where none can be mounted."""
    folder.mkdir(exist_ok=True)
    unshare = ["unshare", "--mount", *([] if ROOT else ["--map-root-user"])]
    done = subprocess.run(
        [*unshare, "sh", "-c", ON_A_SMALL_DISK, "sh", size, folder, *line],
        env=environment(**options),
        capture_output=True,
        text=True,
        timeout=120,
    )
    if done.returncode == 99 or done.stderr.startswith("unshare:"):
        pytest.skip(f"no tmpfs can be mounted here: {done.stderr.strip()}")
    return done


def test_a_full_disk_while_processing(tmp_path: Path) -> None:
    path = record_machine(tmp_path / "a.json", 3000)
    folder = tmp_path / "disk"
    done = on_a_small_disk("100k", folder, BIN / "perfops", "process", path, "--outdir", folder / "out")
    code, text = refused(done)
    assert code == 3
    assert text == f"cannot write to {folder}/out: No space left on device (name another folder with --outdir)"


def test_a_full_disk_under_the_embedded_server(tmp_path: Path) -> None:
    folder = Path(tempfile.mkdtemp(prefix="perfops-test-", dir="/var/tmp"))
    try:
        folder.chmod(0o755)
        done = on_a_small_disk("20m", folder, BIN / "perfops", "list", PERFOPS_HOME=str(folder / "home"))
        code, text = refused(done)
        assert code == 3
        assert text.startswith(
            f"no space left for the embedded server in {folder}/home (free some, or set PERFOPS_HOME)"
        )
    finally:
        shutil.rmtree(folder)


FILL_AND_FREE = """
    perfops list >/dev/null || exit 90
    dd if=/dev/zero of="$1/ballast" bs=1M count=$2 2>/dev/null || exit 91
    perfops load "$3" && exit 92
    test $? = 3 || exit 93
    rm "$1/ballast"
    perfops list | grep -q "nothing is loaded" || exit 94
    perfops load "$3" || exit 95
    perfops db stop >/dev/null
"""


@pytest.mark.parametrize("room", [5, 20, 40])
def test_a_disk_that_fills_up_during_a_load(room: int, tmp_path: Path) -> None:
    """Whatever PostgreSQL lacks the room for, its tables or its log: nothing is loaded; with room again, all is."""
    process_files([record_machine(tmp_path / "a.json", 40_000)], tmp_path / "out")
    folder = Path(tempfile.mkdtemp(prefix="perfops-test-", dir="/var/tmp"))
    disk, used = 250, 48
    line = ("sh", "-c", FILL_AND_FREE, "sh", folder, str(disk - used - room), tmp_path / "out")
    try:
        folder.chmod(0o755)
        path = f"{BIN}:{os.environ['PATH']}"
        done = on_a_small_disk(f"{disk}m", folder, *line, PERFOPS_HOME=str(folder / "home"), PATH=path)
        assert done.returncode == 0, (done.returncode, done.stdout, done.stderr)
        (told,) = (line for line in done.stderr.splitlines() if not line.startswith("loading "))
        assert told.endswith(": No space left on device (free some space; nothing was changed)") or (
            told == f"perfops: no space left for the embedded server in {folder}/home (free some; nothing was changed)"
        )
        assert "new rows: 39999 host" in done.stdout
    finally:
        shutil.rmtree(folder)
