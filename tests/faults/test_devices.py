"""Devices that vanish and come back, CPUs that are taken out, counters that wrap or begin anew.

What is lost is the device's value in the intervals that the machine's own counters do not cover, and nothing else.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from fix_faults import Outcome, check
from fix_machine import DISK_STEP, NET_STEP, Machine, record


def nothing() -> None:
    """Let another period pass."""


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine of four CPUs, two disks and two interfaces."""
    return Machine(tmp_path)


def outcome(packed: Path, machine: Machine, folder: Path, *changes: Callable[[], None]) -> Outcome:
    """Sample the machine while it changes, derive that, and hold the one against the other."""
    record(packed, machine, folder / "host.json", [nothing, *changes, nothing])
    found = check(folder / "host.json", folder / "out")
    # The sampler says nothing of it: it keeps what the machine tells.
    assert found.summary.complete
    assert found.summary.segments == 1
    return found


def present(found: Outcome, source: str, name: str) -> list[bool]:
    """In which ticks a device is told of."""
    return [name in tick.texts[source] for tick in found.ticks]


def test_a_disk_that_vanishes_and_returns(packed: Path, machine: Machine, tmp_path: Path) -> None:
    taken = {}

    def vanish() -> None:
        taken["vdb"] = machine.disks.pop("vdb")

    def come_back() -> None:
        machine.disks["vdb"] = [0] * 17

    found = outcome(packed, machine, tmp_path, vanish, nothing, come_back)
    there = present(found, "/proc/diskstats", "vdb")
    # From its last tick before to its first tick after: an interval more than ticks are without it.
    assert there.count(False) >= 2
    assert found.lost == {("disk", "vdb"): there.count(False) + 1}


def test_an_interface_that_vanishes_and_returns(packed: Path, machine: Machine, tmp_path: Path) -> None:
    def vanish() -> None:
        del machine.ports["eth1"]

    def come_back() -> None:
        machine.ports["eth1"] = [0] * 16

    found = outcome(packed, machine, tmp_path, vanish, nothing, come_back)
    there = present(found, "/proc/net/dev", "eth1")
    assert there.count(False) >= 2
    assert found.lost == {("net", "eth1"): there.count(False) + 1}


def test_cpus_that_are_taken_out_and_put_back(packed: Path, machine: Machine, tmp_path: Path) -> None:
    def take_out() -> None:
        machine.offline = {name: machine.cpus.pop(name) for name in ("1", "3")}

    def put_back() -> None:
        machine.cpus = dict(sorted((machine.cpus | machine.offline).items()))
        machine.offline = {}

    found = outcome(packed, machine, tmp_path, take_out, nothing, put_back)
    there = present(found, "/proc/stat", "cpu3")
    assert there.count(False) >= 2
    lost = there.count(False) + 1
    assert found.lost == {("cpu", "1"): lost, ("cpu", "3"): lost}


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize(("kind", "name"), [("disk", "vda"), ("net", "eth0")])
def test_a_counter_that_wraps(bits: int, kind: str, name: str, packed: Path, machine: Machine, tmp_path: Path) -> None:
    devices, place, step = {"disk": (machine.disks, 6, DISK_STEP), "net": (machine.ports, 0, NET_STEP)}[kind]
    machine.modulus = 1 << bits
    devices[name][place] = machine.modulus - 2 * step[place] - 1  # begins anew with the third step
    machine.write()
    found = outcome(packed, machine, tmp_path, nothing, nothing)
    assert found.lost == {(kind, name): 1}
    (told,) = found.summary.warnings
    assert f"{name}: its counters fell" in told


@pytest.mark.parametrize(("kind", "name"), [("disk", "vdb"), ("net", "eth1")])
def test_a_device_whose_counters_begin_anew(
    kind: str, name: str, packed: Path, machine: Machine, tmp_path: Path
) -> None:
    devices = {"disk": machine.disks, "net": machine.ports}[kind]

    def begin_anew() -> None:
        devices[name] = [0] * len(devices[name])

    found = outcome(packed, machine, tmp_path, begin_anew, nothing)
    assert found.lost == {(kind, name): 1}
    assert any(f"{name}: its counters fell" in warning for warning in found.summary.warnings)


def test_a_cpu_whose_counters_begin_anew(packed: Path, machine: Machine, tmp_path: Path) -> None:
    def begin_anew() -> None:
        machine.cpus["2"] = [0] * 10

    found = outcome(packed, machine, tmp_path, begin_anew, nothing)
    assert set(found.lost) <= {("cpu", "2"), ("cpu", "all")}
    assert found.lost["cpu", "2"] == 1
