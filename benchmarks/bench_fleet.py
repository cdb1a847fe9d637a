"""`playbooks/collect.yml` beside `ansible -m ping` over the same inventory: what a machine more costs the controller.

Real SSH hosts (network namespaces: as root), each of which stands for several of the inventory. Prints CPU and wall
seconds of both, the run's without its sampling, and their ratio; the limit is 8 pings. Then what one machine costs
from each size to the next: it must not grow.

    python benchmarks/bench_fleet.py [HOSTS MACHINES...]      # 4 hosts; 20, 50, 100 machines
"""

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from fix_hosts import Network, hosts, missing, sweep  # noqa: E402
from fix_playbook import command, write_inventory  # noqa: E402

from perfops.store import embedded, home, migrate  # noqa: E402

HOSTS, *SIZES = map(int, sys.argv[1:] or (4, 20, 50, 100))
DURATION = 5.0
LIMIT = 8.0  # pings


class Cost(NamedTuple):
    """CPU seconds of the controller and wall seconds."""

    cpu: float
    wall: float


def cost_of(line: list[str], environment: dict[str, str]) -> Cost:
    """What a command costs with all its children; those on the hosts are nobody's here."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise SystemExit(done.stdout[-4000:] + done.stderr[-2000:])
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(cpu, time.monotonic() - started)


def inventory_of(network: Network, size: int, folder: Path) -> Path:
    """An inventory of a size; several of its machines are one host, each with a home of its own."""
    machines: dict[str, dict[str, Any]] = {}
    for number in range(size):
        variables = network.hosts[number % len(network.hosts)].variables()
        machines[f"vm-{number:03}"] = variables | {"pcc_home": f"/root/homes/{size}-{number}"}
    return write_inventory(folder / f"{size}.yml", machines, results_site="bench")


def measure(network: Network, size: int, url: str, folder: Path) -> tuple[Cost, Cost]:
    """A ping and a run over an inventory of a size; the run's wall seconds without its sampling."""
    inventory = inventory_of(network, size, folder)
    lead = 3 + 0.3 * size
    settings = {"pcc_duration": f"{DURATION:.0f}s", "pcc_lead": lead, "results_root": str(folder / "results")}
    line, environment = command(
        "collect", inventory, url=url, environment=network.environment(), perfops_run=f"of-{size}", **settings
    )
    ping = [str(Path(sys.executable).with_name("ansible")), "-i", str(inventory), "all", "-m", "ping"]
    cost_of(ping, environment)  # connections are there for both
    pinged, ran = cost_of(ping, environment), cost_of(line, environment)
    return pinged, Cost(ran.cpu, ran.wall - DURATION - lead)


def main() -> None:
    """All sizes, and print."""
    if why := missing():
        raise SystemExit(f"bench_fleet: {why}")
    sweep()
    folder = Path(tempfile.mkdtemp(prefix="perfops-bench-", dir="/var/tmp"))
    folder.chmod(0o755)
    os.environ["PERFOPS_HOME"] = str(folder / "server")
    server = home.find_home()
    embedded.start(server)
    found = []
    try:
        url = embedded.conninfo(server)
        migrate.upgrade(url)
        with hosts(*(f"host-{number}" for number in range(HOSTS))) as network:
            for size in SIZES:
                pinged, ran = measure(network, size, url, folder)
                found.append((size, ran))
                ratios = f"{ran.cpu / pinged.cpu:.1f} in CPU, {ran.wall / pinged.wall:.1f} in wall"
                print(
                    f"{size} machines: ping {pinged.cpu / size:.3f} s CPU, {pinged.wall / size:.3f} s wall each;"
                    f" run {ran.cpu / size:.3f} s CPU, {ran.wall / size:.3f} s wall each beyond sampling;"
                    f" ratio {ratios} (limit {LIMIT:.0f})",
                    flush=True,
                )
    finally:
        embedded.stop(server)
        shutil.rmtree(folder, ignore_errors=True)
    for (fewer, before), (more, after) in pairwise(found):
        each = (after.cpu - before.cpu) / (more - fewer)
        print(f"from {fewer} to {more} machines: {each:.3f} s CPU for each more")


if __name__ == "__main__":
    main()
