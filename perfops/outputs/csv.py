"""Samples to CSV: one file a kind, its columns from the catalogue. The same bytes are copied into PostgreSQL."""

import re
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING

from perfops.catalogue import CONTAINER, KINDS, Kind
from perfops.errors import MachineError
from perfops.samples.derive import Sample
from perfops.samples.rows import Key, Rows

if TYPE_CHECKING:
    from perfops.samples.devices import Values

INFINITE = re.compile(",-?inf")  # what is derived of damaged numbers may be
ROWS = 4096  # rows gathered before they are encoded and written


def quoted(text: str) -> str:
    """A field of a CSV file (RFC 4180), without zero bytes, which PostgreSQL does not take."""
    text = text.replace("\0", "\ufffd")
    if any(character in text for character in ',"\n\r'):
        return '"' + text.replace('"', '""') + '"'
    return text


class KindFile:
    """The CSV file of one kind, made with its first row."""

    def __init__(self, kind: Kind, folder: Path) -> None:
        self.kind = kind
        self.path = folder / kind.file
        self.rows = 0
        self.waiting: list[str] = []
        self.file: IO[bytes] | None = None
        self.template = ",%.4f" * len(kind.metrics)
        self.keys: dict[Key, str] = {"": ""}
        self.last: dict[Key, tuple[Values, str]] = {}

    def add(self, timestamp: str, rows: Rows) -> None:
        """Append rows: plain decimals with at most four places, what is no number empty.

        A key whose values are the very tuple of its last row (an idle disk) is not formatted again.
        """
        last, waiting, template, keys = self.last, self.waiting, self.template, self.keys
        for key, values in rows:
            known = last.get(key)
            if known is not None and known[0] is values:
                waiting.append(timestamp + known[1])
                continue
            text = (template % values).replace(".0000", "")
            if "n" in text:
                text = text.replace(",nan", ",")
                if "n" in text:
                    text = INFINITE.sub(",", text)
            name = keys.get(key)
            text = f"{name if name is not None else self.name(key)}{text}\n"
            last[key] = (values, text)
            waiting.append(timestamp + text)
        self.rows += len(rows)
        if len(waiting) >= ROWS:
            self.flush()

    def name(self, key: Key) -> str:
        """The key's fields as they stand in its rows."""
        parts = (key,) if isinstance(key, str) else key
        text = self.keys[key] = "".join("," + quoted(part) for part in parts)
        return text

    def flush(self) -> None:
        """Hand the gathered rows to the kernel."""
        if not self.waiting:
            return
        if self.file is None:
            self.file = self.path.open("wb", buffering=0)
            self.file.write((",".join(self.kind.columns) + "\n").encode("ascii"))
        data = "".join(self.waiting).encode("utf-8", "backslashreplace")
        view = memoryview(data)
        while view:
            view = view[self.file.write(view) :]
        self.waiting.clear()

    def close(self) -> None:
        """Write what is left and close the file."""
        try:
            self.flush()
        finally:
            if self.file is not None:
                self.file.close()


class CsvFolder:
    """The CSV files of a collection, as a context; a full disk is a MachineError."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files = {kind.name: KindFile(kind, folder) for kind in KINDS}

    def __enter__(self) -> "CsvFolder":
        """Nothing is opened before its first row."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write what is left and close the files."""
        for file in self.files.values():
            file.close()

    def write(self, samples: Iterable[Sample]) -> None:
        """Append all samples."""
        files = self.files
        for timestamp, rows in samples:
            for name, found in rows.items():
                files[name].add(timestamp, found)

    def counts(self) -> dict[str, int]:
        """Rows by kind, kinds without any left out."""
        return {name: file.rows for name, file in self.files.items() if file.rows}

    def containers(self) -> list[tuple[str, ...]]:
        """Id, name and runtime of every container written."""
        return [key for key in self.files[CONTAINER.name].keys if isinstance(key, tuple)]


def cannot_write(folder: Path, error: OSError) -> MachineError:
    """The error for a folder that cannot be written to."""
    return MachineError(f"cannot write to {folder}: {error.strerror} (name another folder with --outdir)")
