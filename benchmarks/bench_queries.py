r"""Every panel's query of every dashboard, as the role that reads, over a day at 1 Hz among many other collections.

    python benchmarks/bench_queries.py [OTHERS [MORE_OTHERS [ROWS_OF_OTHERS]]]

A collection of 86,400 host rows (4 CPUs, 2 disks, 2 interfaces, 2 file systems, 3 containers) stands among OTHERS (10)
and then MORE_OTHERS (100) collections of ROWS_OF_OTHERS (600) host rows each. Prints p50 and p95 of each query, cold
(the first run after the server was started anew) and warm, and the ratio of the warm time with many to that with few
others (of the best runs, as a machine seldom does one thing alone). Beside the time on the clock stands that on a CPU,
which says what a query costs also where the machine has other work. Virtual machines share their cores, too, which are
half as fast again while the neighbours rest: before and after each run the server does a fixed piece of work, which
reads no table, and a run beside which that took longer than at the machine's own pace is tried again. Beside the p95 of
those that count stands that of all, and it is told how many queries pass the limit either way. Limits: p95 warm 150 ms,
ratio 1.2. A thousand collections and 100 M rows are `10 1000 100000`: some 67 GB.
"""

import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from math import ceil
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import psycopg
from fix_grafana import Asked, View, boards, expand, queries, variables
from psycopg import sql
from psycopg.conninfo import make_conninfo

from perfops.catalogue import CONTAINER, CPU, DISK, FILESYSTEM, HOST, NET, SYSTEM, Kind
from perfops.store import embedded, home, migrate
from perfops.store.grants import grant_reader

FEW, MANY, ROWS = (int(given) for given in (*sys.argv[1:], *("10", "100", "600")[len(sys.argv) - 1 :]))
DAY = 86_400
RUNS = 20
TRIES = 10  # runs at most for each that counts
PACE = "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY hashint4(i)) FROM generate_series(1, 60000) AS i"
SLOW = 1.15  # times what that takes at the machine's own pace: the fastest tenth of CALIBRATION runs
CALIBRATION = 300
LIMIT, RATIO = 150, 1.2
START = datetime(2026, 1, 1, tzinfo=UTC)
OURS = "00000000-0000-4000-8000-000000000000"
SUMMARY = {"snapshots": DAY, "samples": {"host": DAY}, "recorder": "pcc", "host": {"total_cpus": 4}}
DEVICES: tuple[tuple[Kind, tuple[str, ...]], ...] = (
    (HOST, ("",)),
    (SYSTEM, ("",)),
    (CPU, ("all", "0", "1", "2", "3")),
    (DISK, ("sda", "sdb")),
    (NET, ("eth0", "lo")),
    (FILESYSTEM, ("/", "/data")),
    (CONTAINER, ("a" * 64, "b" * 64, "c" * 64)),
)
VALUES = {"%": "100 * r", "MiB": "16384 * r", "B/s": "1e8 * r * r", "1/s": "1e4 * r", "B": "1e10 * r"}


def fill(connection: psycopg.Connection[Any], number: int, seconds: int, kinds: tuple[tuple[Kind, Any], ...]) -> None:
    """A collection of a machine of its own, its samples made in the server; shares of CPU time add up to 100.

    Those of each CPU are whole ticks of a hundredth of a second, of which a second may have one less or more.
    """
    identity = OURS if number == 0 else f"{number:08x}-0000-4000-8000-000000000001"
    name, start = f"vm-{number:04}", START + timedelta(minutes=number)
    query = "INSERT INTO collector (name, site) VALUES (%s, %s) RETURNING id"
    row = connection.execute(query, [name, f"site {number % 5}"]).fetchone()
    assert row is not None
    end = start + timedelta(seconds=seconds)
    connection.execute(
        "INSERT INTO collection"
        " (id, collector_id, run, mode, started_at, ended_at, frequency, complete, labels, summary)"
        " VALUES (%s, %s, 'bench', 'local', %s, %s, 1, true, '{}', %s)",
        [identity, row[0], start, end, json.dumps(SUMMARY)],
    )
    for kind, devices in kinds:
        shares = 100 / sum(metric.unit.value == "%" for metric in kind.metrics) if kind in (HOST, CPU) else 100
        share = f"trunc({shares} * r) * 100 / (99 + trunc(3 * q))" if kind is CPU else f"{shares} * r"
        cells = [sql.SQL(VALUES.get(metric.unit.value, "10 * r").replace("100 * r", share)) for metric in kind.metrics]
        keys = [sql.SQL("device")] * len(kind.keys) + [sql.SQL("'name ' || left(device, 1)")] * len(kind.details)
        text = sql.SQL(
            "INSERT INTO {} SELECT %s::uuid, %s::timestamptz + make_interval(secs => second), {}"
            " FROM generate_series(1, %s) second, unnest(%s::text[]) device,"
            " LATERAL (SELECT random() + 0 * second, random() + 0 * second) AS x(r, q)"
        )
        made = text.format(sql.Identifier(kind.table), sql.SQL(", ").join([*keys, *cells]))
        connection.execute(made, [identity, start, seconds, list(devices)])


def asked(connection: psycopg.Connection[Any]) -> list[tuple[Asked, str]]:
    """Every panel's query for the day, with all devices chosen; a comparison is with one other collection."""
    found = []
    for board in boards():
        view = View(START, START + timedelta(seconds=DAY))
        for variable in variables(board):
            name = variable["name"]
            if variable["type"] == "query":
                rows = connection.execute(expand(variable["query"], view)).fetchall()
                view.values[name] = [str(row[-1]) for row in rows]
                if "allValue" in variable:
                    view.everything[name] = variable["allValue"]
                if name in ("baseline", "collection"):
                    view.values[name] = [OURS]
            elif name == "limit":  # the list is as long among many as among few
                view.values[name] = [str(FEW)]
            elif variable["type"] == "custom":
                value = variable["current"]["value"]
                view.values[name] = [value] if isinstance(value, str) else value
            else:
                view.values[name] = [""]
        found += [(each, expand(each.sql, view, each.points)) for each in queries(board) if each.shape != "annotation"]
    return found


class Took(NamedTuple):
    """Milliseconds of a run: by the clock, and on a CPU (0 where the kernel does not say)."""

    clock: float
    cpu: float


class Measured(NamedTuple):
    """Runs of a query: those that count, and all with those that were tried again."""

    counted: list[Took]
    tried: list[Took]

    @property
    def enough(self) -> bool:
        """Whether as many count as are wanted."""
        return len(self.counted) == RUNS

    def times(self, part: int) -> list[float]:
        """By the clock (0) or on a CPU (1), of the runs that count; of all where too few do."""
        return [took[part] for took in (self.counted if self.enough else self.tried)]


@contextmanager
def reading(url: str) -> Iterator[psycopg.Connection[Any]]:
    """A session without helpers, as a dashboard asks for many at once, in which each query is planned anew."""
    with psycopg.connect(url, autocommit=True, prepare_threshold=None) as connection:
        connection.execute("SET max_parallel_workers_per_gather = 0")
        prefer(os.getpid(), *embedded.processes(home.find_home()))
        yield connection


def measure_cold(url: str, queries_: list[tuple[Asked, str]]) -> list[float]:
    """Milliseconds of the first run of each query."""
    with reading(url) as connection:
        return [run(connection, text).clock for _, text in queries_]


def measure(url: str, queries_: list[tuple[Asked, str]]) -> list[Measured]:
    """What each run of each query took, until so many count."""
    with reading(url) as connection:
        usual = sorted(run(connection, PACE).clock for _ in range(CALIBRATION))[CALIBRATION // 10]
        before, times = run(connection, PACE).clock, []
        for _, text in queries_:
            counted: list[Took] = []
            tried: list[Took] = []
            while len(counted) < RUNS and len(tried) < TRIES * RUNS:
                took = run(connection, text)
                after = run(connection, PACE).clock
                tried.append(took)
                if max(before, after) <= SLOW * usual:
                    counted.append(took)
                before = after
            times.append(Measured(counted, tried))
    return times


def run(connection: psycopg.Connection[Any], text: str) -> Took:
    """What one run of a query took, rows fetched."""
    started, before = time.perf_counter(), on_cpu(connection.info.backend_pid)
    connection.execute(text).fetchall()
    clock = 1000 * (time.perf_counter() - started)
    return Took(clock, on_cpu(connection.info.backend_pid) - before)


def on_cpu(process: int) -> float:
    """Milliseconds a process has been on a CPU, 0 where the kernel does not say."""
    try:
        return int(Path("/proc", str(process), "schedstat").read_text().split()[0]) / 1e6
    except OSError:
        return 0.0


def prefer(*processes: int) -> None:
    """Have the niceness of this program count among all sessions, where the kernel has it count within each alone."""
    for process in processes:
        with suppress(OSError):
            Path("/proc", str(process), "autogroup").write_text(f"{os.nice(0)}\n")


def p95(values: list[float]) -> float:
    """The 95th percentile by the nearest rank: of twenty values the second highest."""
    return sorted(values)[ceil(0.95 * len(values)) - 1]


def restart(found: home.Home) -> None:
    """Start the server anew, and drop what the system keeps of its files where that is allowed."""
    embedded.stop(found)
    try:
        os.sync()
        Path("/proc/sys/vm/drop_caches").write_text("1\n")
    except OSError:
        print("the system's cache cannot be dropped here: cold means a new server only")
    embedded.start(found)


def main() -> None:
    """Fill, measure, fill more, measure again."""
    folder = Path(tempfile.mkdtemp(dir="/var/tmp", prefix="perfops-bench-"))
    folder.chmod(0o755)
    os.environ["PERFOPS_HOME"] = str(folder / "home")
    found = home.find_home()
    embedded.start(found)
    try:
        owner = embedded.conninfo(found)
        migrate.upgrade(owner)
        reader = make_conninfo(owner, user="reader")
        warm: list[list[Measured]] = []
        done = 0
        for count in (FEW, MANY):
            with psycopg.connect(owner) as connection:
                for number in range(done, count + 1):
                    fill(connection, number, DAY if number == 0 else ROWS, DEVICES if number == 0 else DEVICES[:2])
                done = count + 1
                grant_reader(connection, "reader", None)
            with psycopg.connect(owner, autocommit=True) as connection:
                connection.execute("VACUUM ANALYZE")
                size = connection.execute("SELECT pg_size_pretty(pg_database_size(current_database()))").fetchone()
            with psycopg.connect(reader, autocommit=True) as connection:
                todo = asked(connection)
            restart(found)
            cold = measure_cold(reader, todo)
            warm.append(measure(reader, todo))
            print(f"{count + 1} collections, {size[0] if size else '?'}: {len(todo)} queries")
        tell(todo, cold, *warm)
    finally:
        embedded.stop(found)
        shutil.rmtree(folder)


def tell(todo: list[tuple[Asked, str]], cold: list[float], few: list[Measured], many: list[Measured]) -> None:
    """A line a query, the slowest first; then how they do against the limits, by the clock and on a CPU."""
    lines = []
    for place, (each, _) in enumerate(todo):
        clock, cpu = (many[place].times(part) for part in (0, 1))
        high, any_high = p95(clock), p95([took.clock for took in many[place].tried])
        ratio = min(clock) / min(few[place].times(0))
        name = f"{each.board}: {each.place}"
        lines.append((high, any_high, p95(cpu), median(clock), cold[place], ratio, name))
    print(f"{'p50':>8}{'p95':>8}{'of all':>8}{'on CPU':>8}{'cold':>8}  ms{'ratio':>7}  panel")
    for high, any_high, cpu_high, middle, first, ratio, name in sorted(lines, reverse=True):
        print(f"{middle:8.1f}{high:8.1f}{any_high:8.1f}{cpu_high:8.1f}{first:8.1f}  {ratio:9.2f}  {name}")
    grown = [line for line in lines if line[5] > RATIO and line[3] > 5]  # below that it is the clock's noise
    by_clock, by_any, by_cpu = (sum(line[place] > LIMIT for line in lines) for place in (0, 1, 2))
    whole, whole_cpu = (sum(min(each.times(part)) for each in many) for part in (0, 1))
    of_few, of_few_cpu = (sum(min(each.times(part)) for each in few) for part in (0, 1))
    tried, counted = (sum(len(each[place]) for each in many) for place in (1, 0))
    short = sum(not each.enough for each in many)
    print(
        f"of {len(lines)} queries p95 warm above {LIMIT} ms: {by_clock} at the machine's own pace,"
        f" {by_any} of all runs, {by_cpu} on a CPU"
    )
    print(f"{tried - counted} of {tried} runs were tried again as the machine was slower; {short} queries have too few")
    print(
        f"ratio above {RATIO}: {len(grown)}; of all {whole / of_few:.2f}, on a CPU {whole_cpu / (of_few_cpu or 1):.2f}"
    )


if __name__ == "__main__":
    main()
