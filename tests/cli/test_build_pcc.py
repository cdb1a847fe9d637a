"""build-pcc: one small executable file, the same bytes every time."""

import subprocess
import sys
import zipfile
from pathlib import Path

from fix_pcc import ROOTS, environment, pack, read

from perfops.cli.build_pcc import packed

PERFOPS = Path(sys.executable).with_name("perfops")


def test_the_same_sources_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    first, second = pack(tmp_path / "a"), pack(tmp_path / "b")
    assert first.read_bytes() == second.read_bytes() == packed()


def test_it_is_small_executable_and_for_any_python(tmp_path: Path) -> None:
    program = pack(tmp_path)
    assert program.stat().st_size <= 100 * 1024
    assert program.stat().st_mode & 0o777 == 0o755
    assert program.read_bytes().startswith(b"#!/usr/bin/env python3\n")


def test_it_holds_the_sampler_and_nothing_else(tmp_path: Path) -> None:
    with zipfile.ZipFile(pack(tmp_path)) as archive:
        names = archive.namelist()
        assert archive.testzip() is None
    assert "__main__.py" in names
    assert all(name == "__main__.py" or (name.startswith("pcc/") and name.endswith(".py")) for name in names)


def test_it_runs_from_any_folder_with_nothing_of_perfops_near(tmp_path: Path) -> None:
    program = pack(tmp_path)
    line = [program, "--duration", "20ms", "--frequency", "10ms", "--collection", tmp_path / "host.json", "--quiet"]
    line += ["--proc-root", ROOTS / "debian12-2cpu" / "proc"]
    done = subprocess.run(line, cwd="/", env=environment(PYTHONPATH=""), capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert read(tmp_path / "host.json")[-1]["subsystem"] == "end"


def test_a_place_that_cannot_be_written_to_is_one_line(tmp_path: Path) -> None:
    line = [PERFOPS, "build-pcc", "--output", tmp_path / "none" / "pcc"]
    done = subprocess.run(line, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (
        3, f"perfops: cannot write {tmp_path}/none/pcc: No such file or directory (name another file with --output)\n",
    )  # fmt: skip
