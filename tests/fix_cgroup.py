"""Control groups: trees of both versions as the kernel documents them, and real ones of this machine."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

REAL = Path("/sys/fs/cgroup")
CONTROLLERS = ("cpu", "cpuacct", "memory", "pids", "blkio")
NO_LIMIT_1 = 9223372036854771712  # version 1, pages of 4 KiB
FILES_2 = {
    "cpu.stat": (
        "usage_usec 677117341\nuser_usec 627805472\nsystem_usec 49311869\ncore_sched.force_idle_usec 0\n"
        "nr_periods 7927\nnr_throttled 6206\nthrottled_usec 592414138\nnr_bursts 0\nburst_usec 0\n"
    ),
    "memory.current": "360976384\n",
    "memory.max": "2147483648\n",
    "memory.stat": "anon 110592\nfile 321662976\nkernel 39202816\nkernel_stack 49152\npgfault 71\nanon_thp 5\n",
    "io.stat": (
        "259:0 rbytes=282624 wbytes=10981793792 rios=10 wios=19275 dbytes=0 dios=0\n"
        "8:16 rbytes=1000 wbytes=2000 rios=3 wios=4 dbytes=5 dios=6\n"
    ),
    "pids.current": "97\n",
    "pids.max": "19108\n",
}
VALUES_2 = {
    "cpu_usage_usec": 677117341, "cpu_user_usec": 627805472, "cpu_system_usec": 49311869, "cpu_periods": 7927,
    "cpu_throttled": 6206, "cpu_throttled_usec": 592414138, "memory_current": 360976384, "memory_max": 2147483648,
    "memory_anon": 110592, "memory_file": 321662976, "io_read_bytes": 283624, "io_write_bytes": 10981795792,
    "io_read_ops": 13, "io_write_ops": 19279, "pids_current": 97, "pids_max": 19108,
}  # fmt: skip
BLKIO = "8:0 Read {0}\n8:0 Write {1}\n8:0 Sync 1\n8:0 Async 2\n8:0 Discard 0\n8:0 Total 3\n8:16 Read 1\nTotal 4\n"
FILES_1 = {
    "cpuacct": {"cpuacct.usage": "677117341999\n", "cpuacct.stat": "user 62780\nsystem 4931\n"},
    "cpu": {"cpu.stat": "nr_periods 7927\nnr_throttled 6206\nthrottled_time 592414138999\n"},
    "memory": {
        "memory.usage_in_bytes": "360976384\n",
        "memory.limit_in_bytes": "2147483648\n",
        "memory.stat": (
            "cache 5\nrss 6\nmapped_file 0\nhierarchical_memory_limit 2147483648\n"
            "total_cache 321662976\ntotal_rss 110592\ntotal_rss_huge 7\n"
        ),
    },
    "blkio": {
        "blkio.throttle.io_service_bytes": BLKIO.format(282623, 10981793792),
        "blkio.throttle.io_serviced": BLKIO.format(9, 19275),
    },
    "pids": {"pids.current": "97\n", "pids.max": "19108\n"},
}
VALUES_1 = VALUES_2 | {
    "cpu_user_usec": 627800000, "cpu_system_usec": 49310000, "io_read_bytes": 282624, "io_write_bytes": 10981793792,
    "io_read_ops": 10, "io_write_ops": 19275,
}  # fmt: skip
NOTHING = dict.fromkeys(VALUES_2)


def make_id() -> str:
    """A container's id."""
    return secrets.token_hex(32)


def write(folder: Path, files: dict[str, str]) -> Path:
    """A folder with these files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


def tree_2(sys_root: Path, *groups: str, files: dict[str, str] = FILES_2, below: str = "") -> Path:
    """A tree of version 2 with these groups; `below` is `unified` on a hybrid system."""
    root = write(sys_root / "fs" / "cgroup" / below, {"cgroup.controllers": "cpuset cpu io memory pids\n"})
    (root / "cgroup.stat").write_text("nr_descendants 1\nnr_dying_descendants 0\n")
    for group in groups:
        write(root / group, files)
    return root


def tree_1(sys_root: Path, *groups: str, files: dict[str, dict[str, str]] = FILES_1) -> Path:
    """A tree of version 1 with these groups in every controller; cpu and cpuacct share a folder, as systemd has it."""
    root = sys_root / "fs" / "cgroup"
    folders = {"cpu": "cpu,cpuacct", "cpuacct": "cpu,cpuacct"}
    for controller, names in files.items():
        folder = folders.get(controller, controller)
        write(root / folder, {"cgroup.procs": "1\n"})
        if folder != controller:
            (root / controller).symlink_to(folder)
        for group in groups:
            write(root / folder / group, names)
    return root


def on_machine(*controllers: str) -> list[Path]:
    """The folders of real version 1 controllers; a test skips where groups cannot be made in them."""
    folders = [REAL / name for name in controllers]
    for folder in folders:
        try:
            probe = folder / f"probe-{os.getpid()}-{secrets.token_hex(4)}"
            if not (folder / "cgroup.procs").exists():
                pytest.skip(f"no control groups in {folder} on this machine")
            probe.mkdir()
            probe.rmdir()
        except OSError as error:
            pytest.skip(f"no control group can be made in {folder}: {error.strerror}")
    return folders


@contextmanager
def real_groups(folders: list[Path], group: str) -> Iterator[list[Path]]:
    """A real group in each of the folders, removed in the end with what is above it."""
    made = [folder / group for folder in folders]
    try:
        for place in made:
            place.mkdir(parents=True)
        yield made
    finally:
        for folder, place in zip(folders, made, strict=True):
            while place != folder:
                if place.exists():
                    place.rmdir()
                place = place.parent
