"""perfops spool and pcc --spool-check: what a spool holds, and whether it is whole."""

import json
from pathlib import Path

from fix_command import perfops, refused, succeeded
from fix_pcc import environment, pack, run, start, wait_for
from fix_spool import IDENTITY, START, filled


def test_what_a_spool_holds(tmp_path: Path) -> None:
    folder = filled(tmp_path / "spool", sent=1)
    size = sum(file.stat().st_size for file in folder.glob("*.json"))
    told = f"{IDENTITY}: 2 segments (0 tried), 6 ticks, {size} bytes, 2023-11-14T22:13:23Z to 2023-11-14T22:13:28Z\n"
    for command in ("show", "check"):
        for place in (tmp_path / "spool", folder):
            assert succeeded(perfops("spool", command, place)) == told
    assert json.loads(succeeded(perfops("spool", "show", folder, "--json"))) == [
        {
            "collection": IDENTITY, "folder": str(folder), "held_by": None, "segments": 2, "tried": 0, "ticks": 6,
            "bytes": size, "from": START + 3, "to": START + 8, "gaps": 0, "ticks_in_gaps": 0, "undeclared": 0,
            "quarantined": 0, "kept": 0, "damaged": [],
        }
    ]  # fmt: skip
    done = run(pack(tmp_path), "--spool-check", str(folder), env=environment(PCC_MODE="trickle"))
    assert (done.returncode, done.stdout, done.stderr) == (0, told, "")


def test_damage_is_told_and_left_alone(tmp_path: Path) -> None:
    folder = filled(tmp_path / "spool")
    file = folder / "00000002.json"
    text = file.read_bytes()
    file.write_bytes(text[:900].replace(b"cpu 3", b"cpu x") + text[900:])
    done = perfops("spool", "check", folder)
    told = f"perfops: {folder} is damaged in 1 place (the next pcc mends and declares that)\n"
    assert (done.returncode, done.stderr) == (1, told)
    assert "\n  damaged: 00000002.json: bytes " in done.stdout
    assert perfops("spool", "show", folder).returncode == 0
    done = run(pack(tmp_path), "--spool-check", str(tmp_path / "spool"), env=environment())
    assert done.returncode == 1
    assert "\n  damaged: 00000002.json: bytes " in done.stdout


def test_a_cut_segment_is_damaged_and_a_cut_end_is_not(tmp_path: Path) -> None:
    folder = filled(tmp_path / "spool")
    newest, older = folder / "00000003.json", folder / "00000002.json"
    newest.write_bytes(newest.read_bytes()[:-10])
    assert perfops("spool", "check", folder).returncode == 0
    text = older.read_bytes()
    older.write_bytes(text[: text.rindex(b'{"timestamp":1700000005.000,"monotonic":1005.000000,"subsystem":"frame"')])
    done = perfops("spool", "check", folder)
    assert done.returncode == 1
    assert "  damaged: 00000002: 1 ticks are missing at its end\n" in done.stdout


def test_a_spool_that_is_in_use(tmp_path: Path) -> None:
    line = ("--mode", "trickle", "--server", "127.0.0.1:1", "--frequency", "20ms", "--batch", "60ms", "--flush", "0")
    spool = tmp_path / "spool"
    with start(pack(tmp_path), *line, "--spool", str(spool), env=environment(PCC_APIKEY="key")) as process:
        wait_for("segments", lambda: len(list(spool.glob("*/*.json"))) > 2)
        told = succeeded(perfops("spool", "check", spool))
        process.terminate()
        process.communicate(timeout=60)
    assert told.endswith(f", held by process {process.pid}\n")


def test_no_spool(tmp_path: Path) -> None:
    remedy = "No such file or directory (name a spool, such as ~/.perfops/spool)"
    assert refused(perfops("spool", "show", tmp_path / "no")) == (2, f"cannot read {tmp_path}/no: {remedy}")
    done = run(pack(tmp_path), "--spool-check", f"{tmp_path}/no", env=environment())
    assert (done.returncode, done.stderr) == (2, f"pcc: cannot read {tmp_path}/no: {remedy}\n")
    assert succeeded(perfops("spool", "show", tmp_path)) == f"nothing is in {tmp_path}\n"
