"""A disk that refuses: full, or not to be written to. What was sampled before is kept, and one line says so."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from fix_faults import check, ticks_of, whole
from fix_pcc import SOURCES, environment

LONG = ("--duration", "1m", "--frequency", "20ms", "--quiet", "--min-free", "0")
UNSHARE = ["unshare", "--mount", *(["--map-root-user"] if os.getuid() else [])]
# In a mount namespace of its own, so that nothing stays mounted: a disk mounted with the options $1, the sampler on it,
# what it wrote brought out.
ON_A_DISK = """
mount -t tmpfs -o "$1" tmpfs "$2" || exit 99
shift; folder=$1; name=$2; shift 2
"$@" --collection "$folder/$name"; code=$?
cat "$folder/$name" >"$folder.$name" 2>/dev/null
exit $code
"""


def run_on(options: str, name: str, packed: Path, folder: Path, *more: str) -> tuple[int, str]:
    """Run the sampler on a disk mounted with these options; its exit code and what it said."""
    folder.mkdir()
    line = [
        *UNSHARE,
        "sh",
        "-c",
        ON_A_DISK,
        "sh",
        options,
        str(folder),
        name,
        sys.executable,
        str(packed),
        *LONG,
        *more,
    ]
    done = subprocess.run(line, capture_output=True, text=True, timeout=100, env=environment())
    if done.returncode == 99 or done.stderr.startswith("unshare:"):
        pytest.skip(f"no tmpfs can be mounted here: {done.stderr.strip()}")
    return done.returncode, done.stderr


@pytest.mark.parametrize(("name", "more"), [("host.json", ()), ("host.json.gz", ("--gzip",))])
def test_a_disk_that_fills_up(name: str, more: tuple[str, ...], packed: Path, tmp_path: Path) -> None:
    folder = tmp_path / "disk"
    code, said = run_on("size=256k", name, packed, folder, *more)
    kept = folder.with_name(f"disk.{name}")
    size = kept.stat().st_size
    assert size > 200 * 1024
    reason = f"No space left on device (what was sampled before is kept: {size} bytes)"
    assert (code, said) == (3, f"pcc: cannot write {folder}/{name}: {reason}\n")
    outcome = check(kept, tmp_path / "out")
    assert all(set(SOURCES) <= tick.texts.keys() for tick in ticks_of(outcome.records))
    assert not outcome.summary.complete
    assert whole(kept) == (not more)  # a packed stream has no end, and its ticks are whole all the same


def test_a_folder_that_cannot_be_written_to(packed: Path, tmp_path: Path) -> None:
    folder = tmp_path / "disk"
    code, said = run_on("ro", "host.json", packed, folder)
    assert (code, said) == (
        3, f"pcc: cannot write {folder}/host.json: Read-only file system (name another file)\n",
    )  # fmt: skip
    assert (tmp_path / "disk.host.json").read_bytes() == b""
