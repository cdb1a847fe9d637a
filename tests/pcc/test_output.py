"""The collection's file: new, whole lines only, and what is told where the machine refuses it."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from fix_pcc import SOURCES, environment, of, read, run

SHORT = ("--duration", "20ms", "--frequency", "10ms")
LONG = ("--duration", "1m", "--frequency", "10ms", "--quiet", "--min-free", "0")
NOBODY = 65534


def test_a_file_that_is_there_is_left_alone(packed: Path, tmp_path: Path) -> None:
    path = tmp_path / "host.json"
    path.write_text("mine\n")
    done = run(packed, *SHORT, "--collection", str(path))
    assert (done.returncode, done.stderr) == (
        2, f"pcc: collection {path} is there already (name another file, or go on with it by --append)\n",
    )  # fmt: skip
    assert path.read_text() == "mine\n"


def test_a_link_to_nowhere_is_not_followed(packed: Path, tmp_path: Path) -> None:
    path = tmp_path / "host.json"
    path.symlink_to(tmp_path / "elsewhere.json")
    assert run(packed, *SHORT, "--collection", str(path)).returncode == 2
    assert not (tmp_path / "elsewhere.json").exists()


def test_a_missing_folder_is_named(packed: Path, tmp_path: Path) -> None:
    done = run(packed, *SHORT, "--collection", f"{tmp_path}/none/host.json")
    assert (done.returncode, done.stderr) == (2, f"pcc: no folder {tmp_path}/none (make it, or name another file)\n")


def test_a_folder_is_no_file(packed: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = run(packed, *SHORT, "--collection", f"{tmp_path}/file/host.json")
    assert done.returncode == 3
    assert done.stderr == f"pcc: cannot write {tmp_path}/file/host.json: Not a directory (name another file)\n"


@pytest.fixture
def open_folder(packed: Path) -> Iterator[Path]:
    """A folder with the sampler in it that every user can enter, and only its owner can write to."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(packed, folder)
        folder.chmod(0o555)
        yield folder
        folder.chmod(0o755)


def python_of_everyone(identity: dict[str, object]) -> str:
    """A Python that this user can run; as root the tests' own often lies in root's home."""
    for python in (sys.executable, "/usr/bin/python3"):
        try:
            subprocess.run([python, "-c", ""], check=True, stderr=subprocess.DEVNULL, **identity)  # type: ignore[call-overload]
        except (OSError, subprocess.CalledProcessError):
            continue
        return python
    pytest.skip("no Python that an unprivileged user can run (apt install python3)")


def test_a_folder_that_may_not_be_written_to(open_folder: Path) -> None:
    identity: dict[str, object] = {}
    if os.getuid() == 0:
        identity = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
    path = open_folder / "host.json"
    done = run(
        open_folder / "pcc", *SHORT, "--collection", str(path), python=python_of_everyone(identity), cwd="/", **identity
    )
    assert (done.returncode, done.stderr) == (
        3, f"pcc: cannot write {path}: Permission denied (name another file)\n",
    )  # fmt: skip
    assert not path.exists()


# In a mount namespace of its own, so that nothing stays mounted whatever happens: a disk of $1 KiB, the sampler on it,
# what it wrote brought out.
ON_A_SMALL_DISK = """
mount -t tmpfs -o size=$1k tmpfs "$2" || exit 99
shift; folder=$1; shift
"$@" --collection "$folder/host.json"; code=$?
test ! -e "$folder/host.json" || cat "$folder/host.json" >"$folder.json"
exit $code
"""


@pytest.mark.parametrize("size", [4, 64])
def test_a_full_disk_keeps_whole_ticks_and_is_told_in_one_line(packed: Path, tmp_path: Path, size: int) -> None:
    folder = tmp_path / "disk"
    folder.mkdir()
    unshare = ["unshare", "--mount", *(["--map-root-user"] if os.getuid() else [])]
    done = subprocess.run(
        [*unshare, "sh", "-c", ON_A_SMALL_DISK, "sh", str(size), str(folder), sys.executable, str(packed), *LONG],
        capture_output=True,
        text=True,
        timeout=60,
    )
    if done.returncode == 99 or done.stderr.startswith("unshare:"):
        pytest.skip(f"no tmpfs can be mounted here: {done.stderr.strip()}")
    kept = folder.with_suffix(".json")
    size_kept = kept.stat().st_size if kept.exists() else 0
    reason = f"No space left on device (what was sampled before is kept: {size_kept} bytes)"
    assert (done.returncode, done.stderr) == (3, f"pcc: cannot write {folder}/host.json: {reason}\n")
    if size == 4:  # not even the first tick fits
        assert not kept.exists()
        return
    records = read(kept)
    assert kept.stat().st_size > 32 * 1024
    assert not of(records, "end")
    assert len({len(of(records, source)) for source in SOURCES}) == 1


def test_a_limit_on_the_size_of_files_is_told_the_same_way(packed: Path, tmp_path: Path) -> None:
    path = tmp_path / "host.json"
    line = [sys.executable, str(packed), *LONG, "--collection", str(path)]
    limited = ["sh", "-c", 'ulimit -f 64; exec "$@"', "sh", *line]
    done = subprocess.run(limited, capture_output=True, text=True, timeout=60)
    assert done.returncode == 3
    assert done.stderr.startswith(f"pcc: cannot write {path}: File too large (")
    assert len({len(of(read(path), source)) for source in SOURCES}) == 1


def test_nobody_listening_is_no_failure(packed: Path, tmp_path: Path) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    line = [sys.executable, str(packed), *SHORT]
    done = subprocess.run([*line, "--collection", str(tmp_path / "a.json")], stderr=write_end, env=environment())
    os.close(write_end)
    assert done.returncode == 0
    closed = subprocess.run(["sh", "-c", 'exec "$@" 2>&-', "sh", *line, "--collection", str(tmp_path / "b.json")])
    assert closed.returncode == 0
    for name in ("a.json", "b.json"):
        assert read(tmp_path / name)[-1]["subsystem"] == "end"


def test_one_line_before_and_one_after(packed: Path, tmp_path: Path) -> None:
    path = tmp_path / "host.json"
    done = run(packed, *SHORT, "--collection", str(path))
    first, last = done.stderr.splitlines()
    identity = read(path)[0]["measurement"]["collection"]
    assert first == f"pcc: collection {identity} into {path}: every 0.01 s for 0.02 s"
    end = read(path)[-1]["measurement"]
    assert last == (
        f"pcc: {end['ticks']} ticks, {end['missed']} missed, {end['bytes']} bytes, {end['cpu_seconds']:.2f} s CPU,"
        " ended by duration"
    )
