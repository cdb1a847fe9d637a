"""The folder of a run and that of a machine in it, as collect.yml lays them out; run.json says what came of it."""

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4, uuid5

from perfops.errors import BadInputError, MachineError, remedy
from perfops.fleet.outcome import read_run
from perfops.outputs.journals import JOURNALS, MANIFEST, read, write

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\Z")
SPACE = UUID("361e6d51-faec-444a-9079-341386da8e2e")  # in which Ansible's filter to_uuid makes its ids


@dataclass(frozen=True, slots=True)
class Place:
    """Where a machine's results lie, and the id of its collection."""

    run: str
    folder: Path
    machine: str
    collection: str
    new: bool = False  # whether the run has begun with this

    @property
    def here(self) -> Path:
        """The machine's folder."""
        return self.folder / self.machine

    @property
    def recording(self) -> Path:
        """The machine's recording, when it is home; somebody may have packed it since."""
        plain, packed = self.here / "collection.json", self.here / "collection.json.gz"
        return packed if packed.is_file() and not plain.is_file() else plain

    @property
    def journal(self) -> Path:
        """What is noted of the machine."""
        return self.folder / JOURNALS / f"{self.machine}.json"


def open_place(root: Path, run: str, machine: str) -> Place:
    """Make the folders, and give the run its identity unless it has one. BadInputError, MachineError."""
    for word, name in (("a run", run), ("a machine", machine.replace(":", "."))):
        if not NAME.match(name):
            raise BadInputError(
                f"bad name for {word}: {name!r} (letters, digits, dots, dashes and underscores; try nightly-42)"
            )
    folder = root.absolute() / run
    try:
        (folder / machine).mkdir(parents=True, exist_ok=True)
        with alone(folder, wait=True):
            told = read_run(folder)
            new = not told.get("id")
            if new:
                told = {"run": run, "mode": "local", "id": str(uuid4())}
                write(folder / MANIFEST, told)
    except OSError as error:
        raise MachineError(f"cannot write {folder}: {error.strerror} (name another folder in --results)") from error
    if told.get("mode", "local") != "local":
        raise BadInputError(f"the run {run} is streamed, by perfops trickle (go on with that, or take another name)")
    return Place(run, folder, machine, str(uuid5(SPACE, f"{told['id']}/{machine}")), new)


def forget(place: Place) -> None:
    """Remove the folder of a machine where nothing came of it, and that of its run where it has begun with this."""
    with suppress(OSError), alone(place.folder, wait=True):
        place.here.rmdir()
        if place.new and {path.name for path in place.folder.iterdir()} == {MANIFEST}:
            (place.folder / MANIFEST).unlink()
            place.folder.rmdir()


def record(place: Place, site: str, facts: dict[str, Any], *, removed: bool) -> None:
    """Write down what came of the machine: in run.json, and for `perfops settle` and collect.yml in its journal."""
    about = {"collector": place.machine, "site": site, "mode": "local", "home": str(place.recording)}
    try:
        with alone(place.folder, wait=True):
            told = read_run(place.folder)
            told.setdefault("hosts", {})[place.machine] = facts
            write(place.folder / MANIFEST, told)
        note(place, **facts, **about, removed=removed)
    except OSError as error:
        raise MachineError(f"cannot write {place.folder}: {error.strerror} ({remedy(error)}, and go on)") from error


def read_noted(place: Place) -> dict[str, Any]:
    """The machine's journal, {} where there is none that can be read."""
    return read(place.journal)


def note(place: Place, **values: Any) -> None:
    """Note values in the machine's journal, beside what is there. MachineError."""
    try:
        place.journal.parent.mkdir(exist_ok=True)
        write(place.journal, read_noted(place) | values)
    except OSError as error:
        raise MachineError(f"cannot write {place.journal}: {error.strerror} ({remedy(error)}, and go on)") from error


@contextmanager
def alone(folder: Path, *, wait: bool = False) -> Iterator[None]:
    """Hold a folder; BadInputError where another command of perfops holds it, and is not waited for."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield
    except BlockingIOError:
        raise BadInputError(
            f"another perfops brings {folder} home now (wait for it, or name another run in --run)"
        ) from None
    finally:
        os.close(descriptor)
