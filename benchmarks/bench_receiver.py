"""The receiver under many simulated hosts: each keeps one connection and sends a batch of 10 ticks every 10 s.

The ticks are real, recorded on this machine by pcc just before; receiver, PostgreSQL and generator share its CPUs.
Hosts are spread evenly over the 10 s, and send whether or not earlier answers have come. Prints how many hosts were
sustained, the times of the answers, losses, samples/s a core, bytes on the wire, and where the time goes. The goal is
5,000 hosts on 2 cores with the 99th percentile under 1 s.

usage: bench_receiver.py [HOSTS [ROUNDS [WORKERS]]]
"""

import asyncio
import gzip
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from pathlib import Path
from statistics import quantiles

import psycopg
import uvloop

from perfops.store import embedded, home

HOSTS = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
ROUNDS = int(sys.argv[2]) if len(sys.argv) > 2 else 6
WORKERS = int(sys.argv[3]) if len(sys.argv) > 3 else 2
TICKS, PERIOD = 10, 10.0
GOAL_HOSTS, GOAL_SECONDS = 5000, 1.0
BIN = Path(sys.executable).parent
KINDS = ("host", "system", "cpu", "disk", "net", "filesystem", "container")


def record_ticks(folder: Path, count: int) -> tuple[dict[str, object], list[list[dict[str, object]]]]:
    """The host record and so many ticks of this machine, sampled faster than they will be told."""
    program, file = folder / "pcc", folder / "ticks.json"
    subprocess.run([BIN / "perfops", "build-pcc", "--output", program], check=True, stdout=subprocess.DEVNULL)
    line = ["--frequency", "100ms", "--duration", f"{count * 100}ms", "--collection", file, "--quiet"]
    subprocess.run([sys.executable, program, *line], check=True)
    host: dict[str, object] = {}
    ticks: dict[float, list[dict[str, object]]] = {}
    for text in file.read_text().splitlines():
        record = json.loads(text)
        if record["subsystem"] == "host":
            host = json.loads(record["measurement"])
        elif record["subsystem"] not in ("end", "gap", "clock", "/proc/cpuinfo"):
            ticks.setdefault(record["timestamp"], []).append(record)
    found = list(ticks.values())[:count]
    start = int(time.time()) - count
    for number, records in enumerate(found):
        for each in records:
            each["timestamp"], each["monotonic"] = start + number, 1000.0 + number
    return host, found


class Bodies:
    """The bodies of all hosts and rounds; a gzip body may have several members, and that of the ticks is made once."""

    def __init__(self, folder: Path, hosts: int, rounds: int) -> None:
        facts, ticks = record_ticks(folder, TICKS * rounds + 1)
        self.ids = [str(uuid.uuid4()) for _ in range(hosts)]
        self.facts = facts
        self.shared: list[bytes] = []
        self.stamps: list[float] = []
        self.raw = self.packed = 0
        for number in range(rounds):
            own = ticks[number * TICKS : (number + 1) * TICKS + 1]
            records = [record for tick in own for record in tick]
            text = ("," + json.dumps(records, separators=(",", ":"))[1:] + "}").encode()
            self.shared.append(gzip.compress(text, 6))
            self.stamps.append(float(str(records[0]["timestamp"])))
            self.raw += len(text)
            self.packed += len(gzip.compress(self.head(0, number) + text, 6))

    def head(self, host: int, number: int) -> bytes:
        """What is the host's own of a body."""
        told = json.dumps({**self.facts, "collection": self.ids[host], "mode": "trickle", "labels": {"run": "bench"}})
        record = {"timestamp": self.stamps[number], "subsystem": "host", "measurement": told, "monotonic": 1000.0}
        value = {"identifier": f"vm-{host:05}", "collection": self.ids[host], "sequence": number + 1}
        return (json.dumps(value)[:-1] + ',"measurements":[' + json.dumps(record)).encode()

    def body(self, host: int, number: int) -> bytes:
        """A body as it is sent."""
        return gzip.compress(self.head(host, number), 1) + self.shared[number]


class Host(asyncio.Protocol):
    """One host: its connection, and what was sent and not answered."""

    def __init__(self) -> None:
        self.sent: list[float] = []
        self.times: list[float] = []
        self.answers: dict[int, int] = {}
        self.left = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.left += data
        while (end := self.left.find(b"\r\n\r\n")) >= 0:
            head = self.left[:end].lower()
            place = head.index(b"content-length:") + 15
            length = int(head[place : head.find(b"\r\n", place) if b"\r\n" in head[place:] else None])
            if len(self.left) < end + 4 + length:
                return
            status = int(head[9:12])
            self.left = self.left[end + 4 + length :]
            self.answers[status] = self.answers.get(status, 0) + 1
            self.times.append(time.perf_counter() - self.sent.pop(0))

    def connection_lost(self, _: Exception | None) -> None:
        if self.sent:
            self.answers[0] = self.answers.get(0, 0) + len(self.sent)


async def drive(port: int, key: str, bodies: Bodies) -> tuple[list[float], dict[int, int], float]:
    """Send everything at its time; the seconds of the answers, their statuses, and the seconds it took."""
    loop = asyncio.get_running_loop()
    hosts = []
    for _ in range(HOSTS):
        _, protocol = await loop.create_connection(Host, "127.0.0.1", port)
        hosts.append(protocol)
    start = time.perf_counter() + 0.5
    for number in range(ROUNDS):
        for place, host in enumerate(hosts):
            due = start + PERIOD * (number + place / HOSTS)
            body = bodies.body(place, number)
            if (wait := due - time.perf_counter()) > 0:
                await asyncio.sleep(wait)
            host.sent.append(due)
            host.transport.write(
                f"POST /v1/trickle HTTP/1.1\r\nHost: x\r\napikey: {key}\r\nContent-Encoding: gzip\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
                + body
            )
    deadline = time.perf_counter() + 60
    while any(host.sent for host in hosts) and time.perf_counter() < deadline:
        await asyncio.sleep(0.05)
    seconds = time.perf_counter() - start
    answers: dict[int, int] = {}
    for host in hosts:
        for status, count in host.answers.items():
            answers[status] = answers.get(status, 0) + count
        host.transport.close()
    return [each for host in hosts for each in host.times], answers, seconds


def cpu_seconds(*roots: int) -> float:
    """CPU seconds of processes and all below them that are alive, and of those that were."""
    tick = os.sysconf("SC_CLK_TCK")
    stats = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        stats[int(folder.name)] = (int(fields[1]), sum(map(int, fields[11:15])) / tick)
    wanted, size = set(roots), 0
    while len(wanted) != size:
        size = len(wanted)
        wanted |= {pid for pid, (parent, _) in stats.items() if parent in wanted}
    return sum(stats[pid][1] for pid in wanted if pid in stats)


def figures(port: int) -> dict[str, float]:
    """The receiver's own counts."""
    text = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics").read().decode()
    return {name: float(value) for name, value in (row.rsplit(" ", 1) for row in text.splitlines() if row[0] != "#")}


def main() -> None:
    """Run once, and print."""
    wanted = HOSTS * 2 + 1000
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(wanted, resource.getrlimit(resource.RLIMIT_NOFILE)[1])))
    folder = Path(tempfile.mkdtemp(prefix="perfops-bench-", dir="/var/tmp"))
    folder.chmod(0o755)
    os.environ |= {"PERFOPS_HOME": str(folder / "home"), "PCD_HOME": str(folder / "pcd")}
    found = home.find_home()
    try:
        embedded.start(found)
        bodies = Bodies(folder, HOSTS, ROUNDS)
        line = [BIN / "perfops", "apikey", "create", "bench"]
        key = subprocess.run(line, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
        line = [BIN / "perfops", "receive", "--listen", "127.0.0.1:0", "--workers", str(WORKERS)]
        receiver = subprocess.Popen(line, stderr=subprocess.PIPE, text=True)
        assert receiver.stderr is not None
        port = int(json.loads(receiver.stderr.readline())["url"].rsplit(":", 1)[1])
        postgres = embedded.running_pid(found)
        assert postgres is not None
        before = [cpu_seconds(receiver.pid), cpu_seconds(postgres), sum(os.times()[:2])]
        times, answers, seconds = uvloop.run(drive(port, key, bodies))
        after = [cpu_seconds(receiver.pid), cpu_seconds(postgres), sum(os.times()[:2])]
        counts = figures(port)
        receiver.terminate()
        print(receiver.stderr.read()[:2000], file=sys.stderr)
        receiver.wait()
        with psycopg.connect(embedded.conninfo(found)) as connection:
            stored = {kind: connection.execute(f"SELECT count(*) FROM {kind}_sample").fetchone()[0] for kind in KINDS}
        report(times, answers, seconds, [b - a for a, b in zip(before, after, strict=True)], counts, stored, bodies)
    finally:
        embedded.stop(found)
        shutil.rmtree(folder)


def report(
    times: list[float],
    answers: dict[int, int],
    seconds: float,
    used: list[float],
    counts: dict[str, float],
    stored: dict[str, int],
    bodies: Bodies,
) -> None:
    """Print the figures; exit code 1 where the goal is missed."""
    expected = HOSTS * (TICKS * ROUNDS)
    lost = expected - stored["host"]
    cuts = quantiles(times, n=1000) if len(times) > 1 else [0.0] * 999
    rows = sum(stored.values())
    per_tick = rows / max(stored["host"], 1)
    print(
        f"receiver: {HOSTS} hosts for {seconds:.0f} s, {WORKERS} workers, {len(os.sched_getaffinity(0))} CPUs:"
        f" {answers.get(200, 0)} of {HOSTS * ROUNDS} batches answered 200, {answers}"
    )
    told = f"median {cuts[499]:.3f} s, p99 {cuts[989]:.3f} s, max {max(times, default=0):.3f} s"
    print(f"  answers: {told}; lost samples: {lost}")
    print(f"  {stored['host'] / seconds:,.0f} samples/s, {rows / seconds:,.0f} rows/s ({per_tick:.1f} rows a sample)")
    core = stored["host"] / max(used[0] + used[1], 1e-9)
    print(
        f"  CPU seconds: receiver {used[0]:.1f}, PostgreSQL {used[1]:.1f}, generator {used[2]:.1f};"
        f" {core:,.0f} samples a second and core (receiver and PostgreSQL together)"
    )
    ticks = TICKS * ROUNDS
    print(f"  bytes a sample: raw {bodies.raw / ticks:,.0f}, gzip {bodies.packed / ticks:,.0f}")
    stages = {name.split('"')[1]: value for name, value in counts.items() if name.startswith("pcd_stage_seconds")}
    batches = max(answers.get(200, 0), 1)
    told = ", ".join(f"{name} {1000 * value / batches:.2f}" for name, value in stages.items())
    together = batches / max(counts["pcd_transactions_total"], 1)
    print(f"  ms a batch by stage (wall): {told}; {together:.1f} batches a transaction")
    good = not lost and cuts[989] < GOAL_SECONDS and answers.get(200, 0) == HOSTS * ROUNDS
    goal = f"goal: {GOAL_HOSTS} hosts, p99 < {GOAL_SECONDS:g} s, nothing lost"
    print(f"  {'sustained' if good else 'NOT sustained'} ({goal})")
    sys.exit(not good)


if __name__ == "__main__":
    main()
