"""The folder of results on the controller: a folder a run, a folder a machine in it, as the playbooks leave them."""

import json
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from pydantic import ValidationError

from perfops.outputs.summary import FILE, Summary, read_summary

MANIFEST = "run.json"  # a folder without it is not of a run of the playbooks, and nobody's business here
OF_A_RUN = (MANIFEST, "report.html")
JOURNALS = ".hosts"  # how each machine fares, a file each: one that has no folder yet is not home
RECORDINGS = ("collection.json", "collection.json.gz", "streamed.json")
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
        if machine.is_dir() and not machine.is_symlink() and machine.name != JOURNALS
    ]


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


def remove_folder(folder: Folder) -> None:
    """Remove a machine's folder, and that of its run with what stands for all its machines when it was the last one."""
    shutil.rmtree(folder.path)
    run = folder.path.parent
    journals = run / JOURNALS
    if journals.is_dir():
        (journals / f"{folder.machine}.json").unlink(missing_ok=True)
        if not any(journals.iterdir()):
            journals.rmdir()
    if {path.name for path in run.iterdir()} <= set(OF_A_RUN):
        for name in OF_A_RUN:
            (run / name).unlink(missing_ok=True)
        run.rmdir()
