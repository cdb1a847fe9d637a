"""The folder of results on the controller: a folder a run, a folder a machine in it, as the playbooks leave them."""

import json
import re
import shutil
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from perfops.catalogue import KINDS
from perfops.outputs import inputs, process
from perfops.outputs.journals import JOURNALS, MANIFEST, read, write
from perfops.outputs.summary import FILE, Summary, read_summary

OF_A_RUN = (MANIFEST, "report.html", "ansible.log")
RECORDINGS = ("collection.json", "collection.json.gz", "streamed.json")
SPOOL = "spool"  # in a machine's folder, what it had not sent: segments, and what was processed of them
SEGMENT = re.compile(r"[0-9]+\.json\b")
OF_A_MACHINE = {  # all that perfops writes into a machine's folder; other files there are the user's
    *RECORDINGS,
    *(kind.file for kind in KINDS),
    *(FILE, process.SYSTEM_INFO, inputs.NAMES),
    *(".arriving", ".streamed.json", "collection.json.part"),  # on their way home
}
HEAD = 1 << 20  # bytes at a recording's start that hold its host record


@dataclass(frozen=True, slots=True)
class Folder:
    """The folder of a machine in a run; `bytes` is all it holds, `changed` when the newest of its files was.

    `summary` is None where nothing was processed, as of a machine that streamed and left nothing behind; `stale` says
    that the recording is newer. `collection` is the recorder's id, None where it has none or the recording is not here.
    """

    path: Path
    run: str
    bytes: int
    changed: datetime
    summary: Summary | None
    collection: UUID | None
    stale: bool

    @property
    def machine(self) -> str:
        """Name of the machine."""
        return self.path.name


def find_folders(results: Path) -> list[Folder]:
    """The machines' folders of all runs; links are not followed. OSError is the caller's to explain."""
    runs = sorted(path for path in results.iterdir() if not path.is_symlink() and (path / MANIFEST).is_file())
    return [
        look(machine, run.name)
        for run in runs
        for machine in sorted(run.iterdir())
        if machine.is_dir() and not machine.is_symlink() and machine.name != JOURNALS and not is_foreign(machine)
    ]


def is_foreign(folder: Path) -> bool:
    """Whether there are files in a machine's folder, and none of them is of perfops: nothing of it is to go."""
    names = {path.name for path in folder.iterdir()}
    return bool(names) and not names & {*OF_A_MACHINE, SPOOL}


def look(folder: Path, run: str) -> Folder:
    """What a machine's folder holds."""
    states = [path.lstat() for path in folder.rglob("*")]
    changed = max((state.st_mtime for state in states), default=folder.stat().st_mtime)
    try:
        summary = read_summary(folder)
    except (OSError, ValidationError, UnicodeDecodeError):
        summary = None
    recordings = [path for name in RECORDINGS if (path := folder / name).is_file()]
    collection = summary.collection if summary else next(filter(None, map(recorded_id, recordings)), None)
    processed = (folder / FILE).stat().st_mtime if summary else 0
    stale = any(path.stat().st_mtime > processed for path in recordings if path.name != "streamed.json")
    size = sum(state.st_blocks * 512 for state in states)
    return Folder(folder, run, size, datetime.fromtimestamp(changed, UTC), summary, collection, stale)


def recorded_id(path: Path) -> UUID | None:
    """The id in the host record that begins a recording, None where there is none."""
    try:
        with path.open("rb") as file:
            return UUID(json.loads(json.loads(file.readline(HEAD))["measurement"])["collection"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def remove_folder(folder: Folder) -> list[Path]:
    """Remove what perfops made in a machine's folder, and the folder; that of its run when it was the last machine.

    What else lies there stays, and so do the folders it lies in: returned are its paths.
    """
    left = clear(folder.path)
    run = folder.path.parent
    others = [path for path in run.iterdir() if path.is_dir() and path.name != JOURNALS and not is_foreign(path)]
    if others or away(run, folder.machine):
        mark_pruned(run, folder.machine)
        return left
    shutil.rmtree(run / JOURNALS, ignore_errors=True)
    for name in OF_A_RUN:
        (run / name).unlink(missing_ok=True)
    with suppress(OSError):  # something else is there
        run.rmdir()
    return left


def clear(folder: Path) -> list[Path]:
    """Remove what perfops made in a folder, and the folder where that was all; the paths of what is not of perfops."""
    left = []
    for path in sorted(folder.iterdir()):
        if path.name == SPOOL and path.is_dir() and not path.is_symlink():
            left += clear(path)
        elif path.name.startswith(".process-") and path.is_dir():  # of a processing that was killed
            shutil.rmtree(path)
        elif path.name in OF_A_MACHINE or (folder.name == SPOOL and SEGMENT.match(path.name)):
            path.unlink()
        else:
            left.append(path)
    if not left:
        folder.rmdir()
    return left


def read_journals(run: Path) -> dict[Path, dict[str, Any]]:
    """What is noted of each machine of a run; {} of one whose journal cannot be read."""
    return {path: read(path) for path in sorted((run / JOURNALS).glob("*.json"))}


def away(run: Path, machine: str) -> bool:
    """Whether a machine of the run, another one than this, is not home yet."""
    return any(
        not known.get("pruned") and machine not in (path.stem, known.get("collector"))
        for path, known in read_journals(run).items()
    )


def mark_pruned(run: Path, machine: str) -> None:
    """Note that a machine's recording was removed on purpose: who goes on with the run samples it no more."""
    known = read_journals(run)
    path = next((path for path in known if known[path].get("collector") == machine), run / JOURNALS / f"{machine}.json")
    path.parent.mkdir(exist_ok=True)
    write(path, known.get(path, {}) | {"pruned": True})
