"""Programs that sample a machine once a second, as bench_collector.py runs them side by side."""

import shutil
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

SADC = "/usr/lib/sysstat/sadc"
SYSTEM_PYTHON = "/usr/bin/python3"
NOT_IN_SADC = "filesystems,containers"  # groups of pcc that sadc -S ALL has nothing of (it is XALL that has more)
COLLECTD = """
Interval 1
BaseDir "{folder}"
PIDFile "{folder}/collectd.pid"
TypesDB "/usr/share/collectd/types.db"
PluginDir "/usr/lib/collectd"
{plugins}
LoadPlugin csv
<Plugin csv>
  DataDir "{folder}/csv"
</Plugin>
"""
COLLECTD_PLUGINS = "cpu contextswitch memory swap vmem load disk interface protocols df"
PSUTIL = """
import json, sys, time
import psutil
with open(sys.argv[1], "w", buffering=1) as file:
    while True:
        space = {}
        for partition in psutil.disk_partitions():
            space[partition.mountpoint] = psutil.disk_usage(partition.mountpoint)
        json.dump([
            time.time(), psutil.cpu_times(percpu=True), psutil.cpu_stats(), psutil.virtual_memory(),
            psutil.swap_memory(), psutil.disk_io_counters(perdisk=True), psutil.net_io_counters(pernic=True),
            psutil.getloadavg(), space,
        ], file)
        file.write("\\n")
        time.sleep(1 - time.time() % 1)
"""


class Program(NamedTuple):
    """A running program: how many bytes it has made so far, and what else has to be ended with it."""

    name: str
    process: subprocess.Popen[bytes]
    size: Callable[[], int]
    stop: Callable[[], None] = lambda: None


def size_of(path: Path) -> int:
    """Bytes in a file, or in all files of a folder."""
    if path.is_dir():
        return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    return path.stat().st_size if path.exists() else 0


def start(name: str, line: list[str], made: Path) -> Program:
    """Start a program that writes to a file or a folder."""
    process = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return Program(name, process, lambda: size_of(made))


def start_pcc(name: str, python: str, packed: Path, folder: Path, *more: str) -> Program:
    """Start the sampler."""
    file = folder / f"{name}.json".replace(" ", "-")
    line = [python, str(packed), "--duration", "1d", "--quiet", "--min-free", "0", "--collection", str(file), *more]
    return start(name, line, file)


def start_node_exporter() -> Program:
    """Start the exporter, and ask it once a second as Prometheus does."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    line = ["prometheus-node-exporter", f"--web.listen-address=127.0.0.1:{port}"]
    process = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    got = [0]
    over = threading.Event()

    def scrape() -> None:
        request = urllib.request.Request(f"http://127.0.0.1:{port}/metrics", headers={"Accept-Encoding": "gzip"})
        while not over.wait(1):
            try:
                with urllib.request.urlopen(request, timeout=5) as answer:
                    got[0] += len(answer.read())
            except OSError:
                continue  # it has not begun to listen, or ends

    threading.Thread(target=scrape, daemon=True).start()
    return Program("node_exporter", process, lambda: got[0], over.set)


def start_collectd(folder: Path) -> Program:
    """Start collectd with the plugins that read what pcc reads."""
    own = folder / "collectd"
    own.mkdir()
    plugins = "\n".join(f"LoadPlugin {plugin}" for plugin in COLLECTD_PLUGINS.split())
    (own / "conf").write_text(COLLECTD.format(folder=own, plugins=plugins))
    return start("collectd", [shutil.which("collectd") or "/usr/sbin/collectd", "-f", "-C", str(own / "conf")], own)


def start_all(packed: Path, folder: Path) -> tuple[list[Program], list[str]]:
    """Start all that this machine has; what it has not, with the package that would bring it."""
    python = SYSTEM_PYTHON if Path(SYSTEM_PYTHON).exists() else sys.executable
    programs = [
        start_pcc("pcc as sadc", python, packed, folder, "--without", NOT_IN_SADC),
        start_pcc("pcc", python, packed, folder),
        start_pcc("pcc venv", sys.executable, packed, folder),
    ]
    missing = []
    if Path(SADC).exists():
        programs.append(start("sadc -S ALL", [SADC, "-S", "ALL", "1", str(folder / "sa")], folder / "sa"))
    else:
        missing.append("sadc (apt install sysstat)")
    if shutil.which("prometheus-node-exporter"):
        programs.append(start_node_exporter())
    else:
        missing.append("node_exporter (apt install prometheus-node-exporter)")
    if shutil.which("collectd") or Path("/usr/sbin/collectd").exists():
        programs.append(start_collectd(folder))
    else:
        missing.append("collectd (apt install collectd-core)")
    if find_spec("psutil"):
        programs.append(start("psutil loop", [sys.executable, "-c", PSUTIL, str(folder / "psutil")], folder / "psutil"))
    else:
        missing.append("psutil (pip install psutil)")
    return programs, missing
