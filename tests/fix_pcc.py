"""The packed sampler as it runs on a machine under test, and what it writes."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

import orjson

ROOTS = Path(__file__).with_name("roots")
SOURCES = (
    *("/proc/stat", "/proc/meminfo", "/proc/diskstats", "/proc/net/dev", "/proc/loadavg", "/proc/vmstat"),
    *("/proc/net/snmp", "/proc/net/netstat", "/proc/sys/fs/file-nr"),
)
ROUNDING = 2e-6  # monotonic is told to the microsecond
Records = list[dict[str, Any]]


def pack(folder: Path) -> Path:
    """`perfops build-pcc` into a folder: the file that goes to a target."""
    program = folder / "pcc"
    perfops = Path(sys.executable).with_name("perfops")
    subprocess.run([perfops, "build-pcc", "--output", program], check=True, stdout=subprocess.DEVNULL)
    return program


def command(program: Path, *arguments: str, python: str | Path = sys.executable) -> list[str]:
    """A command line of the packed sampler."""
    return [str(python), str(program), *arguments]


def run(program: Path, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run the packed sampler to its end."""
    line = command(program, *arguments, python=options.pop("python", sys.executable))
    return subprocess.run(line, capture_output=True, text=True, timeout=60, **options)


def start(program: Path, *arguments: str, **options: Any) -> subprocess.Popen[str]:
    """Start the packed sampler."""
    line = command(program, *arguments, python=options.pop("python", sys.executable))
    return subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def wait_for(what: str, condition: Callable[[], object], seconds: float = 30) -> None:
    """Look until the condition holds; an error names it."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds} s for {what}")
        time.sleep(0.005)


def whole_lines(path: Path) -> list[bytes]:
    """Lines of a collection that is being written, without a last one that is not whole."""
    data = path.read_bytes() if path.exists() else b""
    return data[: data.rfind(b"\n") + 1].splitlines(keepends=True)


def tick_count(path: Path) -> int:
    """Ticks in a collection that is being written."""
    return sum(b'"subsystem":"/proc/loadavg"' in line for line in whole_lines(path))


def parse(lines: Iterable[bytes]) -> Records:
    """Records of lines; the measurement of those that hold JSON is parsed, too."""
    records = []
    for line in lines:
        record = orjson.loads(line)
        if record["subsystem"] in ("host", "gap", "clock", "end"):
            record["measurement"] = orjson.loads(record["measurement"])
        records.append(record)
    return records


def read(path: Path) -> Records:
    """Records of a collection, all of which must be whole lines."""
    data = path.read_bytes()
    assert data.endswith(b"\n"), f"{path} ends in the middle of a line: {data[-60:]!r}"
    return parse(data.splitlines())


def of(records: Records, subsystem: str) -> Records:
    """The records of a subsystem."""
    return [record for record in records if record["subsystem"] == subsystem]


def check_grid(records: Records, frequency: float, last: int | None = None) -> int:
    """Check that every tick lies on the grid of the frequency, and return the number of the last tick.

    With gap records counted, tick k is never before k periods and, but for the `last` of the duration, always before
    k + 1, whatever the load: where it would be later, it is a missed tick. So nothing drifts.
    """
    number, origin, before = -1, None, -1.0
    for record in records:
        if record["subsystem"] == "gap":
            number += record["measurement"]["ticks"]
        if record["subsystem"] != SOURCES[0]:
            continue
        number += 1
        origin = record["monotonic"] if origin is None else origin
        since = record["monotonic"] - origin
        assert since > before, f"tick {number} is not after the one before it"
        assert since >= number * frequency - ROUNDING, f"tick {number} is early: {since}"
        if number != last:
            assert since < (number + 1) * frequency + ROUNDING, f"tick {number} is late and not missed: {since}"
        before = since
    return number


def check_books(records: Records, frequency: float, last: int | None = None) -> dict[str, Any]:
    """Check a whole collection: host first, end last, its counts are those of the records; returns the end's facts."""
    assert records[0]["subsystem"] == "host"
    assert [record["subsystem"] for record in records].count("end") == 1
    end: dict[str, Any] = records[-1]["measurement"]
    assert records[-1]["subsystem"] == "end"
    for source in SOURCES:
        assert len(of(records, source)) == end["ticks"], source
    assert sum(gap["measurement"]["ticks"] for gap in of(records, "gap")) == end["missed"]
    assert check_grid(records, frequency, last) + 1 == end["ticks"] + end["missed"]
    return end


@cache
def interpreters() -> dict[str, str]:
    """Python versions of this machine, such as 3.6, each with a program that runs it."""
    found = {"{}.{}".format(*sys.version_info): sys.executable}
    candidates = sorted(Path.home().glob(".pyenv/versions/3.*/bin/python"))
    candidates += [Path(path) for minor in range(6, 20) if (path := shutil.which(f"python3.{minor}"))]
    for candidate in candidates:
        told = subprocess.run(
            [candidate, "-S", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # pyenv puts programs on the path that only say what to install
            text=True,
        )
        if told.returncode == 0:
            found.setdefault(told.stdout.strip(), str(candidate))
    return found


def environment(**variables: str) -> dict[str, str]:
    """This process's environment without the sampler's variables, and with the given ones."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PCC_")} | variables
