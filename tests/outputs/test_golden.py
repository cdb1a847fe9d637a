"""Real recordings against what another program computed from them, from its second row on."""

import csv
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from fix_recordings import FOLDER, NAMES, needs_recordings

from perfops.outputs.process import process_files
from perfops.samples import disk
from perfops.samples.notes import Notes
from perfops.samples.stamps import iso

if TYPE_CHECKING:
    from perfops.samples.devices import Devices

pytestmark = needs_recordings
WITH_GOLDENS = ("azure-d4-loadtest", "oci-e4-loadtest")
HALF = 0.00005 + 1e-9  # half of the last printed decimal


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def golden(name: str, kind: str) -> Iterator[dict[str, str]]:
    """Rows of a golden file without those of its first timestamp, which span two intervals."""
    found = rows(FOLDER / name / "upstream" / f"{kind}.csv")
    for row in found:
        if row["#timestamp"] != found[0]["#timestamp"]:
            yield row | {"time": datetime.fromtimestamp(int(row["#timestamp"]), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}


@pytest.fixture(scope="module", params=NAMES)
def processed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    outdir = tmp_path_factory.mktemp(request.param)
    files = [FOLDER / request.param / name for name in ("host_collection.json", "container_collection.json")]
    process_files([file for file in files if file.exists()], outdir)
    return request.param, outdir


def test_rows_are_snapshots_minus_one(processed: tuple[str, Path]) -> None:
    name, outdir = processed
    with (FOLDER / name / "host_collection.json").open() as file:
        times = {json.loads(line)["timestamp"] for line in file}
    assert len(rows(outdir / "host.csv")) == len(times) - 1
    assert len(rows(outdir / "system.csv")) == len(times) - 1


def compared(processed: tuple[str, Path]) -> tuple[str, Path]:
    if processed[0] not in WITH_GOLDENS:
        pytest.skip(f"{processed[0]} has no golden files")
    return processed


def test_cpu(processed: tuple[str, Path]) -> None:
    name, outdir = compared(processed)
    ours = {(row["timestamp"], row["cpu"]): row for row in rows(outdir / "cpu.csv")}
    columns = ("user", "nice", "system", "iowait", "steal", "idle")
    count = 0
    for row in golden(name, "stat"):
        mine = ours[row["time"], "all" if row["CPU"] == "-1" else row["CPU"]]
        for column in columns:
            theirs = float(row["%usr" if column == "user" else f"%{column}"])
            assert abs(float(mine[column]) - theirs) <= HALF, (row, column)
            count += 1
    print(f"{name}: {count} values of stat compared")
    assert count > 2000


def test_memory(processed: tuple[str, Path]) -> None:
    name, outdir = compared(processed)
    host = {row["timestamp"]: row for row in rows(outdir / "host.csv")}
    system = {row["timestamp"]: row for row in rows(outdir / "system.csv")}
    pairs = {
        "kbmemfree": "mem_free", "kbavail": "mem_available", "kbmemused": "mem_used", "%memused": "mem_used_percent",
        "kbbuffers": "mem_buffers", "kbcached": "mem_cached", "kbcommit": "mem_committed",
        "%commit": "mem_commit_percent", "kbactive": "mem_active", "kbinact": "mem_inactive", "kbdirty": "mem_dirty",
    }  # fmt: skip
    count = 0
    for row in golden(name, "meminfo"):
        both = host[row["time"]] | system[row["time"]]
        for theirs, mine in pairs.items():
            expected = float(row[theirs]) / (1024 if theirs.startswith("kb") else 1)
            assert abs(float(both[mine]) - expected) <= HALF, (row, mine)
            count += 1
    print(f"{name}: {count} values of meminfo compared")
    assert count > 1300


def test_disks(processed: tuple[str, Path]) -> None:
    """Whole disks as they stand in disk.csv; partitions and loop devices, which it leaves out, by the same function."""
    name, outdir = compared(processed)
    ours = {(row["timestamp"], row["device"]): row for row in rows(outdir / "disk.csv")}
    every = every_device(name)
    pairs = {"rtps": "read_ops", "wtps": "write_ops", "dtps": "discard_ops"}
    bytes_of = {"bread/s": "read_bytes", "bwrtn/s": "write_bytes", "bdscd/s": "discard_bytes"}
    places = ("read_bytes", "write_bytes", "discard_bytes", "read_ops", "write_ops", "discard_ops")
    count = 0
    for row in golden(name, "diskstats"):
        key = row["time"], row["DEV"]
        mine = {column: float(ours[key][column]) for column in places} if key in ours else every[key]
        for theirs, column in pairs.items():
            assert abs(mine[column] - float(row[theirs])) <= HALF, (row, column)
        for theirs, column in bytes_of.items():
            assert abs(mine[column] - float(row[theirs]) * 512) <= HALF, (row, column)
        assert abs(mine["read_ops"] + mine["write_ops"] + mine["discard_ops"] - float(row["tps"])) <= 3 * HALF
        count += 7
    print(f"{name}: {count} values of diskstats compared")
    assert count > 6000


def every_device(name: str) -> dict[tuple[str, str], dict[str, float]]:
    columns = ("read_bytes", "write_bytes", "discard_bytes", "read_ops", "write_ops", "discard_ops")
    found: dict[tuple[str, str], dict[str, float]] = {}
    before: Devices | None = None
    earlier = 0
    with (FOLDER / name / "host_collection.json").open() as file:
        for line in file:
            record = json.loads(line)
            if record["subsystem"] == "/proc/diskstats":
                now = disk.parse(record["measurement"], before)
                if before:
                    wanted = dict.fromkeys(now.counters, True)
                    seconds = record["timestamp"] - earlier
                    made, _ = disk.derive(before, now, seconds, wanted, Notes(), "")
                    for device, values in made:
                        found[iso(record["timestamp"]), device] = dict(zip(columns, values, strict=False))
                before, earlier = now, record["timestamp"]
    return found


def test_containers(processed: tuple[str, Path]) -> None:
    """CPU and memory; the golden rates are printed with two decimals, its io columns are counters and not compared."""
    name, outdir = compared(processed)
    ours = {(row["timestamp"], row["container_id"]): row for row in rows(outdir / "containers.csv")}
    count = 0
    for row in rows(FOLDER / name / "upstream" / "containers.csv"):
        time = datetime.fromtimestamp(int(row["timestamp"]), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        mine = ours[time, row["container_id"]]
        assert mine["container_name"] == row["container_name"]
        for column in ("cpu_percent", "cpu_user_percent", "cpu_system_percent", "memory_percent"):
            if not row[column]:
                assert not mine[column]
            else:
                assert abs(float(mine[column]) - float(row[column])) <= 0.005 + HALF, (row, mine, column)
            count += 1
        for column in ("memory_current_bytes", "memory_max_bytes", "pids_current"):
            assert float(mine[column]) == float(row[column])
            count += 1
    print(f"{name}: {count} values of containers compared")
    assert count > 2000


def test_processor(processed: tuple[str, Path]) -> None:
    name, outdir = compared(processed)
    theirs = json.loads((FOLDER / name / "upstream" / "system_info.json").read_text())
    mine = json.loads((outdir / "system_info.json").read_text())
    assert {key: mine[key] for key in theirs} == theirs


def test_totals_count_the_disks_and_the_synthetic_interface_once(processed: tuple[str, Path]) -> None:
    _, outdir = processed
    host = {row["timestamp"]: row for row in rows(outdir / "host.csv")}
    ports = {row["interface"] for row in rows(outdir / "net.csv")}
    physical = {port for port in ports if port.startswith(("eth", "en"))}
    assert len(physical) == 1
    net = {row["timestamp"]: row for row in rows(outdir / "net.csv") if row["interface"] in physical}
    for time, row in host.items():
        assert float(row["net_rx_bytes"]) == float(net[time]["rx_bytes"])
        assert float(row["net_tx_packets"]) == float(net[time]["tx_packets"])
