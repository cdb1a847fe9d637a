"""A large machine, made up: trees of /proc and /sys with many CPUs, disks, interrupts and containers."""

from hashlib import sha256
from pathlib import Path

CPUS, DISKS, INTERRUPTS, CONTAINERS = 256, 200, 3000, 100
NUMBER = "12345678901"


def proc_tree(folder: Path) -> Path:
    """Its /proc."""
    for name in ("net", "self", "pressure"):
        (folder / name).mkdir(parents=True)
    times = " ".join(str(123456 * place) for place in range(1, 11))
    lines = [f"cpu  {times}", *(f"cpu{number} {times}" for number in range(CPUS))]
    lines += ["intr 999999999" + " 12345" * INTERRUPTS, "ctxt 123456789", "btime 1795521372", "processes 11120"]
    lines += ["procs_running 1", "procs_blocked 0", "softirq 9 1 1 1 1 1 1 1 1 1 1", ""]
    (folder / "stat").write_text("\n".join(lines))
    (folder / "diskstats").write_text(
        "".join(f" 259 {number} nvme{number}n1 {' '.join(['12345678'] * 17)}\n" for number in range(DISKS))
    )
    for name in ("meminfo", "vmstat", "loadavg", "net/dev", "net/snmp", "net/netstat", "cpuinfo", "self/mounts"):
        (folder / name).write_bytes(Path("/proc", name).read_bytes())
    return folder


def sys_tree(folder: Path, containers: int) -> Path:
    """Its /sys: whole disks, and Docker's containers as control groups of version 2."""
    for number in range(DISKS):
        (folder / "block" / f"nvme{number}n1").mkdir(parents=True)
    groups = folder / "fs" / "cgroup"
    for number in range(containers):
        group = groups / "system.slice" / f"docker-{sha256(bytes([number])).hexdigest()}.scope"
        group.mkdir(parents=True)
        for name, text in control_group().items():
            (group / name).write_text(text)
    groups.mkdir(parents=True, exist_ok=True)
    (groups / "cgroup.controllers").write_text("cpu io memory pids\n")
    (groups / "cgroup.stat").write_text(f"nr_descendants {containers + 1}\nnr_dying_descendants 0\n")
    return folder


def control_group() -> dict[str, str]:
    """The files of a container that pcc reads."""
    cpu = ("usage_usec", "user_usec", "system_usec", "nr_periods", "nr_throttled", "throttled_usec")
    disk = f"rbytes={NUMBER} wbytes={NUMBER} rios={NUMBER} wios={NUMBER} dbytes=0 dios=0"
    memory = ("anon", "file", "kernel", "kernel_stack", "pagetables", "sock", "shmem", "file_mapped", "file_dirty")
    return {
        "cpu.stat": "".join(f"{name} {NUMBER}\n" for name in cpu),
        "memory.current": f"{NUMBER}\n",
        "memory.max": "max\n",
        "memory.stat": "".join(f"{name} {NUMBER}\n" for name in memory),
        "io.stat": "".join(f"259:{number} {disk}\n" for number in range(4)),
        "pids.current": "12\n",
        "pids.max": "4096\n",
    }
