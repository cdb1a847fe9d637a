"""A long recording in parts gives what it gives in one go, byte for byte."""

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from fix_loaded import START, record_machine, tick
from fix_recordings import FOLDER, NAMES, record, write

from perfops.outputs import cuts, parts
from perfops.outputs.process import process_files

SEEDS = range(150 if os.environ.get("PERFOPS_SOAK") == "1" else 6)
needs_two_cpus = pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one CPU: there are no parts")


def outcome(path: Path, outdir: Path) -> dict[str, bytes]:
    """Every file of a processing."""
    process_files([path], outdir)
    return {file.name: file.read_bytes() for file in outdir.iterdir()}


@pytest.fixture
def beside_each_other(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Files of any size in parts of a few kilobytes, in this process; how many they were, a file each."""
    counts: list[int] = []

    def derive_parts(path: Path, label: str, names: dict[str, str], outdir: Path, *_: object) -> list[parts.Derived]:
        found = list(cuts.cut(path, 9000))
        counts.append(len(found))
        derived = []
        for number, part in enumerate(found):
            folder = outdir / f"part {number}"
            folder.mkdir()
            derived.append(parts.derive_part(part, label, names, folder))
            parts.append(folder, outdir)
            folder.rmdir()
        return derived

    monkeypatch.setattr("perfops.outputs.process.worth_it", lambda _: True)
    monkeypatch.setattr("perfops.outputs.process.derive_parts", derive_parts)
    return counts


def compare(path: Path, tmp_path: Path, counts: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Check that parts and one go give the same files, and that there were parts."""
    in_parts = outcome(path, tmp_path / "parts")
    so_far = len(counts)
    monkeypatch.undo()
    in_one_go = outcome(path, tmp_path / "one go")
    assert len(counts) == so_far == 1
    assert in_parts.keys() == in_one_go.keys()
    for name, data in in_one_go.items():
        assert in_parts[name] == data, name
    assert counts[-1] > 3


@pytest.mark.soak
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_real_recording_with_damage(
    name: str, seed: int, tmp_path: Path, beside_each_other: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    source = FOLDER / name / "host_collection.json"
    if not source.exists():
        pytest.skip(f"no real recordings in {FOLDER} (set PERFOPS_COLLECTIONS)")
    choose = random.Random(seed)
    lines = source.read_bytes().splitlines(keepends=True)
    for _ in range(seed):
        place = choose.randrange(len(lines))
        lines[place] = choose.choice([b"", b"\n", b"{}\n", lines[place][:80] + b"\n", lines[place - 1]])
    monkeypatch.setattr(cuts, "BLOCK", choose.choice([100, 5000, 1 << 20]))
    compare(write(tmp_path / "host.json", lines), tmp_path, beside_each_other, monkeypatch)


def life(choose: random.Random) -> Iterator[bytes]:
    """A recording in which much happens: reboots, lone and damaged host records, gaps, repeated and torn ticks."""
    boot = since = 0
    uptime = 100.0
    for number in range(1, 151):
        now, clock = START + number, uptime + number - since
        if choose.random() < 0.1:
            ports = choose.sample([{"name": "eth0", "master": None}, {"name": "lo", "master": None}], 1)
            if choose.random() < 0.5:
                boot, since, uptime = boot + 1, number, choose.uniform(5, 50)
                clock = uptime
            facts = {"boot_id": str(boot), "disks": [{"name": choose.choice(["sda", "sdb"])}], "interfaces": ports}
            lone = choose.choice([0, 0, -0.5])
            yield choose.choice([record(now + lone, "host", facts, clock), record(now, "host", "damaged", clock)])
        if choose.random() < 0.1:
            yield record(now, "gap", {"from": now - 1, "to": now, "ticks": 3, "reason": "late"}, clock)
        measured = tick(number % 40 if choose.random() < 0.05 else number)
        for name, text in measured.items():
            if choose.random() > 0.03:
                yield record(now, name, text, clock)
        if choose.random() < 0.05:
            yield record(now, "/proc/stat", measured["/proc/stat"], clock)


@pytest.mark.soak
@pytest.mark.parametrize("seed", SEEDS)
def test_reboots_and_whatever_else_may_happen_at_a_cut(
    seed: int, tmp_path: Path, beside_each_other: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    compare(write(tmp_path / "host.json", life(random.Random(seed))), tmp_path, beside_each_other, monkeypatch)


@needs_two_cpus
def test_parts_are_derived_by_processes_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = record_machine(tmp_path / "host.json", 400)
    in_one_go = outcome(path, tmp_path / "one go")
    monkeypatch.setattr(parts, "SIZE", path.stat().st_size // 5)
    told: list[int] = []
    process_files([path], tmp_path / "parts", progress=told.append)
    assert told == sorted(told)
    assert len(told) == len(list(cuts.cut(path, parts.even_size(path)))) >= 5
    assert told[-1] == path.stat().st_size
    assert {file.name: file.read_bytes() for file in (tmp_path / "parts").iterdir()} == in_one_go
