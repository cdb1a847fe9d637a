"""Where a secret must not be: command lines, files."""

import threading
from contextlib import suppress
from pathlib import Path


class Watch(threading.Thread):
    """Looks at the command lines of all processes of this machine, those on hosts of its own among them."""

    def __init__(self, text: str) -> None:
        super().__init__(daemon=True)
        self.text = text.encode()
        self.found: set[bytes] = set()
        self.looks = 0
        self.over = threading.Event()

    def run(self) -> None:
        """Until it is over."""
        while not self.over.wait(0.1):
            for process in Path("/proc").iterdir():
                if process.name.isdigit():
                    with suppress(OSError):
                        line = (process / "cmdline").read_bytes()
                        if self.text in line:
                            self.found.add(line)
            self.looks += 1

    def stop(self) -> None:
        """Look no longer."""
        self.over.set()
        self.join()


def files_with(text: str, folder: Path) -> list[Path]:
    """The files beneath a folder that a text is in."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    return [path for path in files if text.encode() in path.read_bytes()]
