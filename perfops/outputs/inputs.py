"""What is read: collection files, standard input, and the names of containers that lie beside them."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO

import orjson

from perfops.errors import BadInputError
from perfops.samples.notes import Notes

STDIN = Path("-")
NAMES = "container_names.json"


class Lines:
    """Lines on their way: remembers the first, and tells `progress` how many bytes have passed.

    BadInputError where they cannot be read to the end.
    """

    def __init__(self, lines: Iterable[bytes], label: str, progress: Callable[[int], None] | None) -> None:
        self.lines = lines
        self.label = label
        self.progress = progress
        self.first = b""

    def __iter__(self) -> Iterator[bytes]:
        """Yield the lines."""
        passed = 0
        try:
            for number, line in enumerate(self.lines):
                if not number:
                    self.first = line
                passed += len(line)
                if self.progress and not number % 1024:
                    self.progress(passed)
                yield line
        except OSError as error:
            raise cannot_read(self.label, error) from error


def label_of(path: Path) -> str:
    """The name of an input in what is told of it; bytes that are no UTF-8 are escaped."""
    return "standard input" if path == STDIN else os.fsencode(path).decode("utf-8", "backslashreplace")


def cannot_read(label: str, error: OSError) -> BadInputError:
    """The error for a file that cannot be read."""
    reason = "no such file" if isinstance(error, FileNotFoundError) else error.strerror
    return BadInputError(f"cannot read {label}: {reason} (give a collection, a .json or .json.gz file)")


def open_input(path: Path, stack: ExitStack) -> IO[bytes]:
    """The file, or standard input, open for reading bytes."""
    if path == STDIN:
        if sys.stdin is None:  # closed by who started this
            raise BadInputError("standard input is closed (give a collection, a .json or .json.gz file)")
        return sys.stdin.buffer
    try:
        return stack.enter_context(path.open("rb", buffering=1 << 20))
    except OSError as error:
        raise cannot_read(label_of(path), error) from error


def nothing_usable(label: str, first_line: bytes, host: bool, notes: Notes) -> str:
    """Why a file gives no sample at all."""
    told = next(notes.lines(), None)
    if not first_line and not told:
        return f"{label} is empty (a collection has one JSON record a line)"
    if first_line.lstrip()[:1] == b"<":
        start = first_line[:40].decode("utf-8", "backslashreplace").strip()
        return f"{label} is HTML or XML, not a collection: it starts with {start!r} (was an error page saved?)"
    if not told and host:
        return f"{label} holds no sample, only what the recorder says of itself (was there anything to sample?)"
    told = told or "no record is of a known subsystem"
    return f"{label} holds nothing usable: {told} (a collection has one JSON record a line)"


def read_container_names(paths: Sequence[Path], notes: Notes) -> dict[str, str]:
    """The container_names.json (full id to name) that lie beside the files, together; {} where there is none."""
    names: dict[str, str] = {}
    for folder in {path.parent for path in paths if path != STDIN}:
        file = folder / NAMES
        try:
            found = orjson.loads(file.read_bytes())
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            notes.add("damaged files", f"{label_of(file)} cannot be read: {error}; containers go by their ids")
            continue
        if isinstance(found, dict):
            names |= {str(key): str(value) for key, value in found.items()}
        else:
            notes.add("damaged files", f"{label_of(file)} is not a JSON object; containers go by their ids")
    return names
