"""Collections of pcc on the machine it runs on: their files, their processes, what their records say.

Nothing but the files and /proc is asked: a collection is known by its id, and whoever writes it has that id on its
command line. So there is no pid file that could be stale.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

FILE = "collection.json"
PROGRAM = "pcc"
CERTIFICATES = "receiver-ca.pem"
LOG = "pcc.log"
SPOOL = "spool"
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
PART = re.compile(r"\.(pcc|receiver-ca\.pem)\.[0-9a-f-]+\Z")  # what broke off on its way here
SEGMENT = re.compile(r"\d{8}(\.tried)?\.json\Z")
ASIDE = re.compile(r"\d{8}.*\.(full|refused)\Z")  # put aside, and not declared yet
QUARANTINE = "quarantine"  # in the spool
UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
LENGTH = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhd])")
BOOT = Path("/proc/sys/kernel/random/boot_id")
READY = b"pcc: collection "  # what pcc says when all it was asked for can be done
TAIL = 1 << 16  # bytes at a file's end that hold its end record
HEAD = 1 << 20  # bytes at a file's start that hold its host record; at its end, the last sample
POLL = 0.1  # seconds between two looks


class Collection:
    """Where a collection of the home folder lies."""

    def __init__(self, home, identity):
        self.id = identity
        self.folder = Path(home, "collections", identity)
        self.file = self.folder / FILE
        self.log = self.folder / LOG
        self.spool = Path(home, SPOOL, identity)


def collections_in(home):
    """All collections of a home folder, in the order of their ids; of some only what was not sent may be left.

    What bears no id is somebody else's.
    """
    names = names_in(Path(home, "collections")) | names_in(Path(home, SPOOL))
    return [Collection(home, name) for name in sorted(filter(UUID.match, names))]


def names_in(folder):
    """Names of what is in a folder, none where there is no such folder."""
    try:
        return {path.name for path in folder.iterdir()}
    except (FileNotFoundError, NotADirectoryError):
        return set()


def left_in(collection):
    """The files of the spool that hold what was not sent, the oldest first."""
    names = sorted(filter(SEGMENT.match, names_in(collection.spool)))
    return [str(collection.spool / name) for name in names]


def kept_in(collection):
    """The files of the spool that nobody sends any more: what was refused, and what was put aside before a kill."""
    refused = collection.spool / QUARANTINE
    names = sorted(name for name in names_in(refused) if name.endswith(".json"))
    aside = sorted(filter(ASIDE.match, names_in(collection.spool)))
    return [str(refused / name) for name in names] + [str(collection.spool / name) for name in aside]


def running_pid(identity):
    """The process that samples for this id, None where there is none."""
    wanted = identity.encode("ascii")
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                words = (process / "cmdline").read_bytes().split(b"\0")
                if b"--id" in words and words[words.index(b"--id") + 1] == wanted and not is_zombie(process):
                    return int(process.name)
            except (OSError, IndexError):  # ended meanwhile
                continue
    return None


def words_of(pid):
    """The command line of a process, as far as it is text; none where it has ended."""
    try:
        return Path("/proc", str(pid), "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
    except OSError:
        return []


def remaining(pid, host):
    """Seconds until the planned end of a collection that runs; its first sample may not be there yet."""
    words = words_of(pid)
    given = {word: words[place + 1] for place, word in enumerate(words[:-1])}
    begin = host.get("timestamp") or max(float(given.get("--start-at", 0)), time.time())
    return max(begin + seconds_of(given.get("--duration", "0s")) - time.time(), 0.0)


def seconds_of(text):
    """Seconds of a duration such as 1h30m."""
    return sum(float(number) * UNITS[unit] for number, unit in LENGTH.findall(text))


def is_zombie(process):
    """Whether a process has ended and only its parent has not looked yet."""
    return (process / "stat").read_bytes().rpartition(b")")[2].split()[0] == b"Z"


def first_record(path, subsystem):
    """The measurement of the first whole line, where it is of this subsystem, else {}."""
    try:
        with path.open("rb") as file:
            return measurement(file.readline(HEAD), subsystem)
    except (FileNotFoundError, NotADirectoryError):
        return {}


def last_record(path, subsystem):
    """The measurement of the last line, where it is whole and of this subsystem, else {}."""
    lines = last_lines(path, TAIL)
    return measurement(lines[-1], subsystem) if lines else {}


def last_tick(path):
    """Time of the last sample, None where there is none near the file's end."""
    for line in reversed(last_lines(path, HEAD)):
        if b'"subsystem":"/proc/' in line[:120]:
            with suppress(ValueError, KeyError):  # the first may be the rest of a line
                return json.loads(line.decode("utf-8"))["timestamp"]
    return None


def last_lines(path, size):
    """The lines in the last bytes of a file, none where there is no such file."""
    try:
        with path.open("rb") as file:
            file.seek(max(file.seek(0, os.SEEK_END) - size, 0))
            return file.read().splitlines(True)
    except (FileNotFoundError, NotADirectoryError):
        return []


def measurement(line, subsystem):
    """The measurement of a line of this subsystem as it is, {} for any other line."""
    if not line.endswith(b"\n"):
        return {}
    try:
        record = json.loads(line.decode("utf-8"))
        if record["subsystem"] != subsystem:
            return {}
        return dict(json.loads(record["measurement"]), timestamp=record["timestamp"])
    except (ValueError, KeyError, TypeError):
        return {}


def last_words(path):
    """The last line of a log, '' where there is none."""
    try:
        with path.open("rb") as file:
            lines = file.read(TAIL).decode("utf-8", "replace").strip().splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return ""
    return lines[-1] if lines else ""


def facts(collection):
    """What can be said of a collection now, as the module returns it."""
    pid = running_pid(collection.id)
    host = first_record(collection.file, "host")
    sampled = bool(host) or last_tick(collection.file) is not None  # its first line may be damaged
    end = last_record(collection.file, "end")
    try:
        size = collection.file.stat().st_size
    except (FileNotFoundError, NotADirectoryError):
        size = 0
    return {
        "id": collection.id,
        "collection": str(collection.file),
        "log": str(collection.log),
        "pid": pid,
        "running": pid is not None,
        "finished": pid is None and sampled,
        "complete": pid is None and bool(end),
        "started_at": host.get("timestamp"),
        "ended_at": (last_tick(collection.file) or end["timestamp"]) if end else None,
        "duration": host.get("duration"),
        "frequency": host.get("frequency"),
        "remaining": 0.0 if pid is None else remaining(pid, host),
        "restarted": bool(host) and host.get("boot_id") != boot_id(),
        "mode": host.get("mode"),
        "size": size,
        "reason": end.get("reason"),
        "ticks": end.get("ticks"),
        "missed": end.get("missed"),
        "sent": end.get("sent"),
        "lost": end.get("lost"),
        "refused": end.get("refused"),
        "left": left_in(collection),
        "kept": kept_in(collection),
        "cpu_seconds": end.get("cpu_seconds"),
        "peak_memory_kib": end.get("peak_memory_kib"),
        "said": last_words(collection.log),
    }


def boot_id():
    """What the kernel calls this run of the machine, None where it does not say."""
    try:
        return BOOT.read_text(encoding="ascii").strip()
    except OSError:
        return None


def wait_while(condition, seconds):
    """Wait while the condition holds, `seconds` at most; whether it does no longer."""
    deadline = time.monotonic() + seconds
    while condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(POLL)
    return True


def start(collection, command, environment, patience):
    """Start pcc detached from this process and its terminal, and wait for its first tick; an error is its last words.

    Where it is to begin at a given time, it is waited for no longer than until it is ready to. OSError where the folder
    cannot be made or the program not be started.
    """
    collection.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if collection.file.exists():  # without a tick in it: an earlier start came to nothing
        collection.file.unlink()
    with collection.log.open("wb") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=str(collection.folder),
            env=environment,
            start_new_session=True,
            close_fds=True,
        )

    def begun():
        if "--start-at" in command and process.poll() is None:
            return collection.log.read_bytes().startswith(READY)
        return bool(first_record(collection.file, "host"))

    wait_while(lambda: process.poll() is None and not begun(), patience)
    if begun():
        return None
    status = process.poll()
    if status is None:
        return "no sample within {0} s; it goes on (wait with state=finished, or give a longer timeout)".format(
            patience
        )
    return last_words(collection.log) or "it ended with status {0}".format(status)


def stop(collection, patience):
    """Ask pcc to end, and wait until it has; whether it has."""
    pid = running_pid(collection.id)
    if pid is None:
        return True
    try:
        os.kill(pid, signal.SIGTERM)
    except ProcessLookupError:
        return True
    return wait_while(lambda: running_pid(collection.id) == pid, patience)


def is_there(collection):
    """Whether anything of a collection is on this machine."""
    return collection.folder.is_dir() or collection.spool.is_dir()


def remove(collection):
    """Remove all of a collection, what was not sent with it."""
    for folder in (collection.folder, collection.spool):
        remove_folder(folder)


def remove_folder(folder):
    """Remove a folder, and the one it is in when it was the last there."""
    if folder.is_dir():
        shutil.rmtree(str(folder))
    with suppress(OSError):  # others are there, or nothing was
        folder.parent.rmdir()


def clear(home, pretend=False):
    """Remove the program, what came along, and folders with nothing else in them; whether there was any of it.

    What else lies there is somebody else's, and stays. Nothing is done where a collection is there. With `pretend`
    it is only said.
    """
    if collections_in(home):
        return False
    names = {PROGRAM, CERTIFICATES} | set(filter(PART.match, names_in(Path(home))))
    ours = [path for path in (Path(home, name) for name in sorted(names)) if path.is_file() or path.is_symlink()]
    folders = [Path(home, "collections"), Path(home, SPOOL)]
    empty = [folder for folder in folders if folder.is_dir() and not names_in(folder)]
    bare = Path(home).is_dir() and names_in(Path(home)) <= {path.name for path in ours + empty}
    if pretend:
        return bool(ours or empty or bare)
    for path in ours:
        with suppress(FileNotFoundError):  # somebody else who tidies up here
            path.unlink()
    changed = bool(ours)
    for folder in [*folders, Path(home)]:
        with suppress(OSError):  # something else is there, or it is not
            folder.rmdir()
            changed = True
    return changed
