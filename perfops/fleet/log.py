"""What Ansible prints, kept beside the results."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

FILE = "ansible.log"


class Log:
    """Ansible's output in a file of the run's folder; what comes before that folder is there waits for it."""

    def __init__(self, heading: str) -> None:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        self.waiting = [f"# {now} {heading}\n"]
        self.file: IO[str] | None = None

    def write(self, event: Mapping[str, Any], folder: Path | None) -> None:
        """Add what an event printed."""
        if text := event.get("stdout"):
            self.waiting.append(text.replace("\r\n", "\n").rstrip("\n") + "\n")
        if self.file is None and folder and folder.is_dir():
            with suppress(OSError):  # the run goes on without it
                self.file = (folder / FILE).open("a", encoding="utf-8", errors="backslashreplace")
        if self.file:
            with suppress(OSError):
                self.file.writelines(self.waiting)
                self.file.flush()
            self.waiting.clear()

    def close(self) -> None:
        """The last line is in the file."""
        if self.file:
            with suppress(OSError):
                self.file.close()
