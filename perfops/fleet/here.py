"""The checks of this machine: what a run or a stream needs on the controller."""

import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from perfops.dashboards.push import Grafana, check_url
from perfops.dashboards.uids import TAG
from perfops.errors import PerfopsError
from perfops.fleet.checks import HERE, Finding, failed, ok, skipped
from perfops.fleet.playbooks import program
from perfops.receiver.send import connect, read_key
from perfops.receiver.settings import ADDRESS, read_address
from perfops.store import embedded, home
from perfops.store.connection import Target, database, find_target

LEAST_PYTHON, LEAST_CORE = (3, 11), (2, 19)
LEAST_FREE = 1 << 30
PATIENCE = 10  # seconds for an answer over the network
OFF = 1.0  # seconds that two clocks may differ
GIB = 1 << 30


def check_here(db: str | None) -> Iterator[Finding]:
    """The findings about this machine, one a check and in their order."""
    for spec in HERE:
        check = CHECKS[spec.name]
        try:
            yield check(db)
        except PerfopsError as error:
            yield told(spec.name, str(error))
        except OSError as error:
            yield failed(spec.name, error.strerror or str(error))


def told(name: str, message: str) -> Finding:
    """A failure by an error of perfops, whose last words in parentheses are the remedy."""
    split = re.fullmatch(r"(.*) \(([^()]+(?:\([^()]*\)[^()]*)*)\)", message)
    return failed(name, *((split[1], None, split[2]) if split else (message, None)))


def check_python(_: str | None) -> Finding:
    """Python's version."""
    version = ".".join(map(str, sys.version_info[:3]))
    return ok("python", version) if sys.version_info[:2] >= LEAST_PYTHON else failed("python", version)


@cache
def core_version() -> tuple[int, int]:
    """Version of ansible-core, (0, 0) where it does not run."""
    try:
        done = subprocess.run([program("ansible-playbook"), "--version"], capture_output=True, text=True)
    except OSError:
        return 0, 0
    found = re.search(r"core (\d+)\.(\d+)", done.stdout)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def check_ansible(_: str | None) -> Finding:
    """ansible-core's version."""
    version = core_version()
    if version == (0, 0):
        return failed("ansible", "ansible-playbook does not run")
    text = f"core {version[0]}.{version[1]}"
    return ok("ansible", text) if version >= LEAST_CORE else failed("ansible", text)


def check_ssh(_: str | None) -> Finding:
    """The program."""
    found = shutil.which("ssh")
    return ok("ssh", found) if found else failed("ssh", "it is not in the path")


def check_results(_: str | None) -> Finding:
    """The folder of results, or the one it would be made in."""
    place = Path("results") if Path("results").is_dir() else Path.cwd()
    if not os.access(place, os.W_OK | os.X_OK):
        return failed("results", f"{place.absolute()} cannot be written")
    return room("results", place)


def check_home(db: str | None) -> Finding:
    """The disk of the embedded server."""
    server = find_target(db).server
    if server is None:
        return skipped("home", "another database is named")
    return room("home", next(place for place in (server.path, *server.path.parents) if place.exists()))


def room(name: str, place: Path) -> Finding:
    """What is free at a place."""
    free = shutil.disk_usage(place).free
    text = f"{free / GIB:.1f} GiB free in {place.absolute()}"
    return ok(name, text) if free >= LEAST_FREE else failed(name, text)


def check_database(db: str | None) -> Finding:
    """Whether it answers, and as whom; an embedded server that does not run yet is not started for this."""
    target: Target = find_target(db)
    if target.server is not None and embedded.running_pid(home.find_home()) is None:
        return ok("database", f"{target.described()} is started when it is needed")
    with database(target) as connection:
        row = connection.execute("SELECT current_user, (SELECT version_num FROM alembic_version)").fetchone() or (
            "?",
            "?",
        )
    return ok("database", f"{target.described()}: schema {row[1]}, as {row[0]}")


def check_receiver(_: str | None) -> Finding:
    """Ping with the key; the clock is that in its answer."""
    server = os.environ.get("PCC_SERVER")
    if not server:
        return skipped("receiver", "PCC_SERVER is not set")
    named = os.environ.get("PCC_APIKEY_FILE")
    key = os.environ.get("PCC_APIKEY") or (read_key(Path(named)) if named else "")
    if not key:
        return failed("receiver", "there is no key", remedy="set PCC_APIKEY_FILE; perfops apikey create makes one")
    cafile = os.environ.get("PCC_CAFILE")
    connection, prefix = connect(server, Path(cafile) if cafile else None)
    connection.timeout = PATIENCE
    before = time.time()
    try:
        connection.request("POST", f"{prefix}/v1/ping", headers={"apikey": key, "Content-Length": "0"})
        answer = connection.getresponse()
        body = answer.read(1 << 16)
        connection.request("GET", f"{prefix}/healthz")
        writes = connection.getresponse().status == 200
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "verify_message", None) or getattr(error, "strerror", None) or type(error).__name__
        return failed("receiver", f"no answer from {server}: {reason}")
    finally:
        connection.close()
    after = time.time()
    if answer.status in (401, 403):
        return failed("receiver", f"{server} refuses the key", remedy="make another one: perfops apikey create NAME")
    if answer.status != 200:
        return failed("receiver", f"{server} answers {answer.status}")
    off = offset(server_time(body), (before, after))
    if off is not None and abs(off) > OFF:
        return failed("receiver", f"the clock of {server} is {off:+.1f} s off", remedy="turn on its time service")
    if not writes:
        return failed("receiver", f"{server} cannot write to its database", remedy="see the receiver's log")
    return ok("receiver", f"{server} takes the key")


def server_time(body: bytes) -> float | None:
    """The time in the answer to a ping."""
    try:
        return float(json.loads(body)["time"])
    except (ValueError, KeyError, TypeError):
        return None


def offset(clock: float | None, asked: tuple[float, float]) -> float | None:
    """How far a clock is off for certain, in seconds: it was read between two moments of this machine's."""
    if clock is None:
        return None
    if clock < asked[0]:
        return clock - asked[0]
    return max(clock - asked[1], 0.0)


def check_grafana(_: str | None) -> Finding:
    """Health, and with a token who it is."""
    url, token_file = os.environ.get("PERFOPS_GRAFANA_URL"), os.environ.get("PERFOPS_GRAFANA_TOKEN_FILE")
    if not url:
        return skipped("grafana", "PERFOPS_GRAFANA_URL is not set")
    token = Path(token_file).read_text(encoding="utf-8").split("\n")[0].strip() if token_file else ""
    server = Grafana(check_url(url), token)
    answer = server.call("GET", f"/api/folders/{TAG}" if token else "/api/health")
    if answer.status != 200 and not (token and answer.status == 404):  # nothing was pushed to it yet
        raise server.refused("to answer", answer)
    return ok("grafana", f"{url} answers{' and takes the token' if token else ''}")


def check_port(_: str | None) -> Finding:
    """Whether it can be had, or who has it."""
    address = os.environ.get("PCD_LISTENADDRESS") or ADDRESS
    host, port = read_address(address)
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError as error:
            return taken(address, host, port, error)
    return ok("port", f"{address} is free")


def taken(address: str, host: str, port: int, error: OSError) -> Finding:
    """Who has the address: a receiver, or somebody else."""
    connection = http.client.HTTPConnection("127.0.0.1" if host == "0.0.0.0" else host, port, timeout=2)  # noqa: S104
    try:
        connection.request("GET", "/healthz")
        if connection.getresponse().status in (200, 503):
            return ok("port", f"a receiver listens at {address}")
    except (OSError, http.client.HTTPException):
        pass
    finally:
        connection.close()
    return failed("port", f"{address}: {error.strerror}")


CHECKS: dict[str, Callable[[str | None], Finding]] = {
    "python": check_python,
    "ansible": check_ansible,
    "ssh": check_ssh,
    "results": check_results,
    "home": check_home,
    "database": check_database,
    "receiver": check_receiver,
    "grafana": check_grafana,
    "port": check_port,
}
