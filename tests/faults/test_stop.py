"""Time that passes without the sampler: stopped for a while, as a busy or suspended machine does it; a clock that is
set; a machine that is started anew.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fix_faults import check
from fix_machine import FREQUENCY, Machine, drive, record, stopped, wait_for_tick
from fix_pcc import command, environment, of, start, wait_for

SECONDS = 5.0 if os.environ.get("PERFOPS_SOAK") == "1" else 1.0
HOUR = 3600


@pytest.mark.soak
def test_stopped_for_a_while(packed: Path, tmp_path: Path) -> None:
    path = tmp_path / "host.json"
    line = ("--duration", "1h", "--frequency", "50ms", "--quiet", "--collection", str(path))
    with start(packed, *line, env=environment()) as process:
        wait_for_tick(path)
        with stopped(process.pid):
            time.sleep(SECONDS)
        wait_for_tick(path)
        wait_for_tick(path)
        process.terminate()
        assert process.communicate() == ("", "")
    outcome = check(path, tmp_path / "out")
    end = outcome.records[-1]["measurement"]
    (gap,) = [gap for gap in of(outcome.records, "gap") if gap["measurement"]["ticks"] >= SECONDS / 0.05 - 1]
    assert gap["measurement"]["reason"] == "late"
    assert outcome.summary.missed == end["missed"] >= SECONDS / 0.05 - 1
    assert outcome.summary.segments == 1
    assert outcome.lost.keys().isdisjoint({("cpu", "all"), ("net", "lo")})


SET = """
import sys, time
sys.path.insert(0, sys.argv.pop(1))
ahead, real, calls = float(sys.argv.pop(1)), time.time, []
def now():
    calls.append(None)
    return real() + (ahead if 4 < len(calls) < 10 else 0)  # for five ticks, then it is set right
time.time = now
from pcc.__main__ import main
main()
"""


@pytest.mark.parametrize("ahead", [HOUR, -HOUR])
def test_a_wall_clock_that_is_set_by_an_hour_and_back(ahead: int, packed: Path, tmp_path: Path) -> None:
    path = tmp_path / "host.json"
    line = [sys.executable, "-c", SET, str(packed), str(ahead), "--duration", "1s", "--frequency", "50ms", "--quiet"]
    subprocess.run([*line, "--collection", str(path)], check=True, env=environment())
    outcome = check(path, tmp_path / "out")
    told = [round(record["measurement"]["ahead"]) for record in of(outcome.records, "clock")]
    assert told == [ahead, 0]
    assert outcome.summary.segments == 1
    assert outcome.summary.ticks == len(outcome.ticks)
    assert [note.kind for note in outcome.summary.annotations if note.kind == "clock"] == ["clock"] * 2


def reboot(machine: Machine) -> None:
    """Let the machine be started anew: another boot, and every counter from its beginning."""
    boot_id = machine.proc / "sys/kernel/random/boot_id"
    boot_id.write_text("00000000-0000-4000-8000-000000000001\n")
    for devices in (machine.cpus, machine.disks, machine.ports):
        devices.update({name: [0] * len(numbers) for name, numbers in devices.items()})
    machine.counters = dict.fromkeys(machine.counters, 0)
    machine.write()


def check_reboot(path: Path, outdir: Path) -> None:
    """Nothing is lost but the time without the sampler, and no rate reaches over it."""
    outcome = check(path, outdir)
    assert (outcome.summary.segments, outcome.lost) == (2, {})
    (told,) = [note for note in outcome.summary.annotations if note.kind == "reboot"]
    assert told.start.timestamp() == pytest.approx(next(tick for tick in outcome.ticks if tick.part == 2).timestamp)
    assert outcome.summary.complete


def test_a_reboot_in_the_middle(packed: Path, tmp_path: Path) -> None:
    machine, path = Machine(tmp_path), tmp_path / "host.json"
    with start(packed, *machine.arguments(path), env=environment()) as process:
        for _ in range(3):
            wait_for_tick(path)
        process.kill()
    reboot(machine)
    record(packed, machine, path, [machine.write] * 3, "--append")
    check_reboot(path, tmp_path / "out")


def test_a_reboot_after_which_the_monotonic_clock_begins_anew(packed: Path, tmp_path: Path) -> None:
    """In a time namespace of its own, which is as a machine that was up for less time."""
    machine, path = Machine(tmp_path), tmp_path / "host.json"
    record(packed, machine, path, [machine.write] * 3)
    back = int(time.clock_gettime(time.CLOCK_BOOTTIME)) - 60
    unshare = ["unshare", "--time", "--boottime", str(-back), "--fork", "--kill-child"]
    if back <= 0 or subprocess.run([*unshare, "true"], capture_output=True).returncode:
        pytest.skip("no time namespace can be had here")
    reboot(machine)
    line = [*unshare, *command(packed, *machine.arguments(path), "--append")]
    before = path.stat().st_size
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        wait_for("a tick", lambda: path.stat().st_size > before)
        (child,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        drive(process, int(child), path, [machine.step] * 3)
    monotonic = [record["monotonic"] for record in of([*check(path, tmp_path / "out").records], "/proc/stat")]
    assert min(monotonic[-3:]) < 60 + 100 * FREQUENCY < max(monotonic[:3])
    check_reboot(path, tmp_path / "out")


def test_the_hang_up_of_a_terminal_ends_it_cleanly(packed: Path, tmp_path: Path) -> None:
    path = tmp_path / "host.json"
    line = ("--duration", "1h", "--frequency", "50ms", "--quiet", "--collection", str(path))
    with start(packed, *line, env=environment()) as process:
        wait_for_tick(path)
        process.send_signal(signal.SIGHUP)
        assert process.communicate() == ("", "")
    outcome = check(path, tmp_path / "out")
    assert (process.returncode, outcome.summary.end_reason) == (0, "SIGHUP")
