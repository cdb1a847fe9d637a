"""What the sampler writes in several files and several starts is processed as the one recording it is."""

import random
from pathlib import Path

from fix_pcc import environment, read, run, start, tick_count, wait_for

from perfops.outputs.process import process_files

FAST = ("--frequency", "20ms", "--rotate", "60K", "--id", "0d8f1a52-6c0e-4f2f-9b57-0c6f5a3b1e77")


def one_file(files: list[Path], path: Path) -> Path:
    """The files as the one that would have been written without rotation."""
    seen: set[float] = set()
    with path.open("wb") as whole:
        for file in files:
            lines = file.read_bytes().splitlines(keepends=True)
            records = read(file)
            begins = records[0]["timestamp"]
            skip = begins in seen
            for line, record in zip(lines, records, strict=True):
                if not (skip and record["timestamp"] == begins):
                    whole.write(line)
            seen |= {record["timestamp"] for record in records}
    return path


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_rotated_killed_and_gone_on_with(packed: Path, tmp_path: Path) -> None:
    place = tmp_path / "host.json"
    options = (*FAST, "--collection", str(place))
    with start(packed, "--duration", "1h", *options, env=environment()) as first:
        wait_for("two files and a few ticks", lambda: (tmp_path / "host.json.2").exists() and tick_count(place) > 3)
        first.kill()
    second = run(packed, "--duration", "1s", "--append", *options, env=environment())
    assert second.returncode == 0, second.stderr
    numbered = sorted(tmp_path.glob("host.json.*"), key=lambda path: int(path.suffix[1:]))
    assert len(numbered) > 2
    files = [*numbered, place]
    whole = process_files([one_file(files, tmp_path / "whole.json")], tmp_path / "whole")
    random.Random(5).shuffle(files)
    process_files(files, tmp_path / "out")
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")
    assert whole.complete
    assert whole.warnings == []
    assert whole.ticks == whole.snapshots == whole.samples["host"] + 1
    assert [note.kind for note in whole.annotations if note.kind != "gap"] == ["cut"]
    declared = [note.text for note in whole.annotations if note.text.endswith(": restarted")]
    assert len(declared) == 1
