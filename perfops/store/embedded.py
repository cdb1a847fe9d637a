"""The embedded server: PostgreSQL on a Unix socket, started when needed, entered without a password.

Whoever may enter the 0700 folder of the socket, its owner and root, is any role of the database by `peer`
authentication; nobody else gets in. fsync stays on: what is committed is on the disk.
"""

import fcntl
import os
import shlex
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from perfops.errors import DatabaseError, MachineError
from perfops.store import home as homes
from perfops.store.home import Home

ROLE = DATABASE = "perfops"
PATIENCE = 300  # seconds for a start; recovery after a crash may take long
LEFTOVERS = 20  # seconds for processes of a killed server to notice that it is gone
LOG_LIMIT = 1 << 20  # bytes of the log above which it is put aside at a start
SEGMENT = 16 << 20  # bytes of a piece of PostgreSQL's log (WAL)
ROOM = 4 << 20  # free bytes below which a refused start is the disk's fault


class Status(NamedTuple):
    """What can be said of a server without talking to it; `pid` is None where it does not run."""

    home: Home
    pid: int | None
    version: str | None


def conninfo(home: Home, database: str = DATABASE) -> str:
    """libpq's URI of a database of the server."""
    return f"postgresql://{ROLE}@/{database}?host={quote(str(home.sockets), safe='')}&port={homes.PORT}"


def status(home: Home) -> Status:
    """Whether the server runs, and the major version of its data (None before the first start)."""
    try:
        version = (home.data / "PG_VERSION").read_text(encoding="ascii").strip()
    except OSError:
        version = None
    return Status(home, running_pid(home), version)


def start(home: Home) -> None:
    """Start the server, making its data first where there is none; nothing to do where it runs already.

    Safe to be called by several at once. MachineError where the machine refuses (disk full, no permission),
    DatabaseError where the data are of another major version or the server does not come up.
    """
    homes.prepare(home)
    with locked(home):
        homes.prepare_sockets(home)
        bring_up(home)
        try:
            make_database(home)
        except DatabaseError:
            if running_pid(home) is not None:
                raise
            bring_up(home)  # it ended meanwhile, as one that was killed a moment ago may
            make_database(home)


def bring_up(home: Home) -> None:
    """Launch the server where it does not run."""
    if running_pid(home) is None:
        binaries = homes.programs(home)
        initialize(home, binaries)
        remove_leftovers(home)
        launch(home, binaries)


def stop(home: Home) -> bool:
    """Stop the server, rolling back what is not committed; False where it did not run."""
    if running_pid(home) is None:
        return False
    with locked(home):
        if running_pid(home) is None:
            return False
        done = home.run([homes.programs(home) / "pg_ctl", "stop", "-D", home.data, "-m", "fast", "-w", "-t", "60"])
    if done.returncode and running_pid(home) is not None:
        raise DatabaseError(f"the embedded server does not stop: {last_line(done.stdout)} (see {home.log})")
    return True


def running_pid(home: Home) -> int | None:
    """The server's process, None where it does not run; a file left by a killed one does not count."""
    try:
        pid = int((home.data / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0])
    except (OSError, ValueError):
        return None
    return pid if pid in processes(home, [pid]) else None


def processes(home: Home, pids: list[int] | None = None) -> list[int]:
    """Processes (of `pids`, else of all) that belong to this server, by the name they carry in their title."""
    marker = home.marker.encode()
    found = []
    for pid in [int(name) for name in os.listdir("/proc") if name.isdigit()] if pids is None else pids:  # noqa: PTH208
        folder = Path("/proc", str(pid))
        try:
            if marker in (folder / "cmdline").read_bytes() and folder.stat().st_uid == home.uid:
                found.append(pid)
        except OSError:  # ended meanwhile
            continue
    return found


@contextmanager
def locked(home: Home) -> Iterator[None]:
    """Hold the lock of this home: one starts or stops, the others wait."""
    handle = os.open(home.path / "lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def initialize(home: Home, binaries: Path) -> None:
    """Make the data directory, whole or not at all; check the version of an existing one."""
    major = homes.package_version().split(".", 1)[0]
    found = status(home).version
    if found == major:
        return
    if found is not None:
        raise DatabaseError(
            f"{home.data} was made by PostgreSQL {found}, and {homes.PACKAGE} is of {major} now"
            f" (pip install '{homes.PACKAGE}=={found}.*' and pg_dump, or move the folder away and load again)"
        )
    part = home.path / "data.new"
    try:
        shutil.rmtree(part, ignore_errors=True)  # of an interrupted start
        homes.make_private(home, part)
    except OSError as error:
        raise MachineError(f"cannot make {part}: {error.strerror} (name another folder in PERFOPS_HOME)") from error
    options = ["--username", ROLE, "--auth=peer", "--encoding=UTF8", "--locale=C", "--no-instructions"]
    locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]  # the same order of texts on every machine
    settings = ["-c", "log_checkpoints=off", "-c", "timezone=UTC", "-c", "log_timezone=UTC"]
    done = home.run([binaries / "initdb", "-D", part, *options, *locale, *settings])
    if done.returncode:
        reason = refused(home, "initdb", done.stdout)
        shutil.rmtree(part, ignore_errors=True)
        raise reason
    part.rename(home.data)


def remove_leftovers(home: Home) -> None:
    """Wait for the processes of a killed server to end, then remove its lock files.

    The number in them may be another's now, or that of a process that is gone and only not yet looked after.
    """
    deadline = time.monotonic() + LEFTOVERS
    while left := processes(home):
        if time.monotonic() > deadline:
            numbers = ", ".join(map(str, left))
            raise DatabaseError(f"processes of a killed server are still there: {numbers} (end them with kill)")
        time.sleep(0.05)
    socket = home.sockets / f".s.PGSQL.{homes.PORT}"
    for file in (home.data / "postmaster.pid", socket, socket.with_name(f"{socket.name}.lock")):
        file.unlink(missing_ok=True)
    if home.log.exists() and home.log.stat().st_size > LOG_LIMIT:
        home.log.rename(home.log.with_suffix(".log.old"))


def launch(home: Home, binaries: Path) -> None:
    """Start the server and wait until it answers."""
    access, users = home.path / "pg_hba.conf", home.path / "pg_ident.conf"
    try:
        access.write_text("# written at each start\nlocal all all peer map=perfops\n", encoding="utf-8")
        names = dict.fromkeys(["root", home.account])
        users.write_text("".join(f'perfops "{name}" all\n' for name in names), encoding="utf-8")
        for file in (access, users):
            file.chmod(0o644)
    except OSError as error:
        raise MachineError(f"cannot write to {home.path}: {error.strerror} (free some space)") from error
    settings = {
        "cluster_name": home.marker,
        "listen_addresses": "",
        "port": str(homes.PORT),
        "unix_socket_directories": f'"{home.sockets}"',
        "unix_socket_permissions": "0700",
        "hba_file": str(access),
        "ident_file": str(users),
    }
    options = " ".join(f"-c {shlex.quote(f'{name}={value}')}" for name, value in settings.items())
    said = home.log.stat().st_size if home.log.exists() else 0
    done = home.run(
        [binaries / "pg_ctl", "start", "-D", home.data, "-l", home.log, "-w", "-t", str(PATIENCE), "-o", options]
    )
    if done.returncode:
        log = home.log.read_bytes()[said:].decode("utf-8", "replace") if home.log.exists() else ""
        raise refused(home, "the embedded server", log or done.stdout)


def make_database(home: Home) -> None:
    """Make the database where it is missing; waits while a server that somebody else started is still coming up."""
    import psycopg

    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            connection = psycopg.connect(conninfo(home, "postgres"), autocommit=True)
            break
        except psycopg.OperationalError as error:
            if running_pid(home) is None or time.monotonic() > deadline:
                raise DatabaseError(f"the embedded server does not answer: {last_line(str(error))}") from error
            time.sleep(0.05)
    with connection:
        try:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                connection.execute(f"CREATE DATABASE {DATABASE}")
        except psycopg.Error as error:
            raise refused(home, "the embedded server", str(error)) from error


def refused(home: Home, what: str, output: str) -> MachineError | DatabaseError:
    """The error for a program of PostgreSQL that failed."""
    if "No space left" in output or shutil.disk_usage(home.path).free < ROOM:
        return MachineError(f"no space left for the embedded server in {home.path} (free some, or set PERFOPS_HOME)")
    return DatabaseError(f"{what} failed: {last_line(output)} (see {home.log})")


def is_full(home: Home) -> bool:
    """Whether the disk lacks the room for one more piece of PostgreSQL's log, without which a running server ends."""
    return shutil.disk_usage(home.path).free < SEGMENT


def last_line(output: str) -> str:
    """The line of a program's output that says why: the last error, else the last line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if "FATAL:" in line or "error:" in line.lower()]
    return (errors or lines or ["it said nothing"])[-1]
