"""The sampler killed at random moments: every whole tick is there, and a start on the same file says what is missing.

Some times by default, 200 with PERFOPS_SOAK=1; the seed is printed, and PERFOPS_SEED gives it back.
"""

import os
import random
import time
from pathlib import Path

import pytest
from fix_faults import check, kept_lines, ticks_of
from fix_pcc import SOURCES, command, environment, parse, run, start

TIMES = 200 if os.environ.get("PERFOPS_SOAK") == "1" else 3
LINE = ("--frequency", "20ms", "--quiet", "--collection")
LONGEST = 2.0  # seconds: the first tick is on a whole second


def kill_at_random(packed: Path, path: Path, chance: random.Random, *more: str) -> None:
    """Start the sampler, and kill it at some moment: before it has begun, amid a tick or between two."""
    with start(packed, "--duration", "1h", *more, *LINE, str(path), env=environment()) as process:
        time.sleep(chance.uniform(0.1, LONGEST))
        assert process.poll() is None, command(packed, *more)
        process.kill()


@pytest.fixture
def chance() -> random.Random:
    """Random moments; the seed is in what a failing test prints."""
    seed = int(os.environ.get("PERFOPS_SEED") or random.SystemRandom().randrange(1 << 32))
    print(f"PERFOPS_SEED={seed}")
    return random.Random(seed)


def check_whole_ticks(path: Path, outdir: Path) -> int:
    """Every tick but one that was being written has all sources, and is derived; returns how many there are."""
    ticks = ticks_of(parse(kept_lines(path)))
    for tick in ticks[:-1]:
        assert set(SOURCES) <= tick.texts.keys(), f"a part of tick {tick.timestamp} is missing"
    if ticks:
        outcome = check(path, outdir)
        assert not outcome.summary.complete
        assert outcome.summary.ticks == len(ticks)
    return len(ticks)


@pytest.mark.soak
@pytest.mark.parametrize("packing", [(), ("--gzip",)])
def test_killed_at_random_moments(
    packing: tuple[str, ...], packed: Path, tmp_path: Path, chance: random.Random
) -> None:
    suffix = ".json.gz" if packing else ".json"
    counts = []
    for number in range(TIMES):
        path = tmp_path / f"{number}{suffix}"
        kill_at_random(packed, path, chance, *packing)
        counts.append(check_whole_ticks(path, tmp_path / "out") if path.exists() else 0)
        path.unlink(missing_ok=True)
    print(f"killed after {counts} ticks")


@pytest.mark.soak
def test_killed_and_gone_on_with(packed: Path, tmp_path: Path, chance: random.Random) -> None:
    path = tmp_path / "host.json"
    for _ in range(TIMES):
        known = kept_lines(path) if path.exists() else []
        kill_at_random(packed, path, chance, "--append")
        if path.exists():
            assert kept_lines(path)[: len(known)] == known
    done = run(packed, "--duration", "100ms", "--append", *LINE, str(path), env=environment())
    assert (done.returncode, done.stderr) == (0, "")
    outcome = check(path, tmp_path / "out")
    assert outcome.summary.complete
    assert outcome.summary.segments == 1  # the machine went on: the time without the sampler is one long interval
    parts = {tick.part for tick in outcome.ticks}
    gaps = [note for note in outcome.summary.annotations if note.kind == "gap" and "restarted" in note.text]
    assert len(gaps) == len(parts) - 1
