"""A machine whose devices come, go and wrap: a tree like /proc that changes between two ticks of the sampler."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from fix_pcc import ROOTS, of, parse, start, tick_count, wait_for, whole_lines

FREQUENCY = 0.2
CPU_STEP = (7, 0, 3, 9, 1, 0, 0, 0, 0, 0)  # clock ticks
DISK_STEP = (10, 0, 800, 5, 20, 1, 1600, 9, 0, 12, 14, 0, 0, 0, 0, 0, 0)
NET_STEP = (50_000, 40, 0, 0, 0, 0, 0, 0, 9_000, 30, 0, 0, 0, 0, 0, 0)
HEAD = "Inter-|   Receive  |  Transmit\n face |bytes packets errs drop fifo frame compressed multicast|bytes packets\n"


class Machine:
    """A copy of a recorded tree; CPU time, disks and interfaces are told from what is set here."""

    def __init__(self, folder: Path) -> None:
        self.proc = shutil.copytree(ROOTS / "debian12-2cpu" / "proc", folder / "proc")
        self.cpus = {name: [5000] * 10 for name in ("0", "1", "2", "3")}
        self.offline: dict[str, list[int]] = {}  # CPUs taken out: the kernel keeps their time in the sum
        self.disks = {name: [1000] * 17 for name in ("vda", "vdb")}
        self.ports = {name: [100_000] * 16 for name in ("lo", "eth0", "eth1")}
        for disk in self.disks.values():
            disk[8] = 0
        self.modulus = 1 << 64  # where counters of devices begin anew
        self.counters = {"ctxt": 1_000_000, "processes": 11_000}
        self.write()

    def step(self) -> None:
        """Let every counter grow a little, as in one period."""
        for devices, step in ((self.cpus, CPU_STEP), (self.disks, DISK_STEP), (self.ports, NET_STEP)):
            for name, numbers in devices.items():
                devices[name] = [(number + more) % self.modulus for number, more in zip(numbers, step, strict=True)]
        self.counters = {name: number + 100 for name, number in self.counters.items()}
        self.write()

    def write(self) -> None:
        """Tell it."""
        times = {name: " ".join(map(str, numbers)) for name, numbers in self.cpus.items()}
        whole = " ".join(str(sum(numbers)) for numbers in zip(*self.cpus.values(), *self.offline.values(), strict=True))
        lines = [f"cpu  {whole}", *(f"cpu{name} {told}" for name, told in times.items()), "intr 700000 0 0"]
        lines += [f"{name} {number}" for name, number in self.counters.items()]
        put(self.proc / "stat", "\n".join([*lines, "procs_running 1", "procs_blocked 0", "softirq 0 0", ""]))
        disks = [f" 254 {16 * place} {name} {words(disk)}\n" for place, (name, disk) in enumerate(self.disks.items())]
        put(self.proc / "diskstats", "".join(disks))
        put(self.proc / "net" / "dev", HEAD + "".join(f"{name}: {words(port)}\n" for name, port in self.ports.items()))

    def arguments(self, collection: Path) -> tuple[str, ...]:
        """For a sampler of this machine; --sys-root names nothing, so that devices are told by their names."""
        roots = ("--proc-root", str(self.proc), "--sys-root", str(self.proc / "no-sys"))
        frequency = ("--duration", "1h", "--frequency", f"{FREQUENCY}s", "--quiet")
        return (*frequency, *roots, "--without", "filesystems,containers", "--collection", str(collection))


def words(numbers: list[int]) -> str:
    """Numbers in a line."""
    return " ".join(map(str, numbers))


def put(path: Path, text: str) -> None:
    """Change a file that another process keeps open: its inode stays."""
    with path.open("r+") as file:
        file.write(text)
        file.truncate()


def wait_for_tick(collection: Path) -> None:
    """Wait until one more tick is there."""
    before = tick_count(collection)
    wait_for("a tick", lambda: tick_count(collection) > before)


def between_ticks(pid: int, collection: Path, change: Callable[[], None]) -> None:
    """Wait for the next tick, and make a change while the sampler surely waits for the one after it.

    It is stopped for that. Whether it had begun to sample again follows from the time at which it would have.
    """
    while True:
        wait_for_tick(collection)
        with stopped(pid):
            records = parse(whole_lines(collection))
            begun = of(records, "host")[-1]["timestamp"]
            due = begun + FREQUENCY * (int((records[-1]["timestamp"] - begun) / FREQUENCY + 0.01) + 1)
            if time.time() + 0.02 < due:
                change()
                return


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """A process that does nothing meanwhile."""
    os.kill(pid, signal.SIGSTOP)
    status = Path(f"/proc/{pid}/status")
    wait_for("the stop", lambda: "State:\tT" in status.read_text())
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def record(packed: Path, machine: Machine, collection: Path, changes: list[Callable[[], None]], *more: str) -> None:
    """Sample the machine, with one change after another between two ticks, and a step after each."""

    def step(change: Callable[[], None]) -> None:
        machine.step()
        change()
        machine.write()

    with start(packed, *machine.arguments(collection), *more) as process:
        drive(process, process.pid, collection, [lambda change=change: step(change) for change in changes])


def drive(process: subprocess.Popen[str], pid: int, collection: Path, changes: list[Callable[[], None]]) -> None:
    """Make the changes, wait for the tick that sees the last one, and end the sampler."""
    for change in changes:
        between_ticks(pid, collection, change)
    wait_for_tick(collection)
    os.kill(pid, signal.SIGTERM)
    assert process.communicate() == ("", "")
    assert process.returncode == 0
