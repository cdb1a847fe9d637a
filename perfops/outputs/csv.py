"""Samples to CSV: one file a kind, its columns from the catalogue. The same bytes are copied into PostgreSQL."""

from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import IO

from perfops.catalogue import CONTAINER, KINDS, Kind
from perfops.errors import MachineError
from perfops.outputs.lines import Lines, encoded
from perfops.samples.derive import Sample
from perfops.samples.rows import Rows

ROWS = 4096  # rows gathered before they are encoded and written


class KindFile:
    """The CSV file of one kind, made with its first row."""

    def __init__(self, kind: Kind, folder: Path) -> None:
        self.kind = kind
        self.path = folder / kind.file
        self.lines = Lines(kind)
        self.file: IO[bytes] | None = None

    def add(self, timestamp: str, rows: Rows) -> None:
        """Append rows."""
        self.lines.add(timestamp, rows)
        if len(self.lines.waiting) >= ROWS:
            self.flush()

    def flush(self) -> None:
        """Hand the gathered rows to the kernel."""
        if not self.lines.waiting:
            return
        if self.file is None:
            self.file = self.path.open("wb", buffering=0)
            self.file.write((",".join(self.kind.columns) + "\n").encode("ascii"))
        view = memoryview(encoded(self.lines.waiting))
        while view:
            view = view[self.file.write(view) :]
        self.lines.waiting.clear()

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
        return {name: file.lines.rows for name, file in self.files.items() if file.lines.rows}

    def containers(self) -> list[tuple[str, ...]]:
        """Id, name and runtime of every container written."""
        return [key for key in self.files[CONTAINER.name].lines.keys if isinstance(key, tuple)]


def cannot_write(folder: Path, error: OSError) -> MachineError:
    """The error for a folder that cannot be written to."""
    return MachineError(f"cannot write to {folder}: {error.strerror} (name another folder with --outdir)")
