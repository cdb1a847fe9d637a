"""Progress on standard error: a bar on a terminal, plain lines elsewhere, nothing for what takes less than a second."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

QUIET = 1.0  # seconds before anything is shown
LINE = 5.0  # seconds between two plain lines


@contextmanager
def advancing(label: str, total: int) -> Iterator[Callable[[int], None]]:
    """A function to call with how much of `total` is done."""
    started = time.monotonic()
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:3.0f} %"),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(label, total=total, visible=False)

            def draw(done: int) -> None:
                bar.update(task, completed=done, visible=time.monotonic() - started > QUIET)

            yield draw
        return
    last = started

    def tell(done: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last > (QUIET if last == started else LINE):
            last = now
            share = f" {done / total:.0%}" if total else ""
            print(f"{label}:{share}", file=sys.stderr, flush=True)

    yield tell


@contextmanager
def reading(files: Sequence[Path]) -> Iterator[Callable[[int], None]]:
    """Progress over bytes of the files; of packed files and standard input the total is a guess or unknown."""
    total = sum(map(expected_size, files))
    with advancing("processing", total) as tell:
        yield lambda done: tell(min(done, total) if total else done)


def expected_size(path: Path) -> int:
    """Bytes that a file is expected to hold when it is unpacked; 0 where that is unknown."""
    try:
        return path.stat().st_size * (8 if path.suffix == ".gz" else 1) if path.is_file() else 0
    except OSError:  # who opens it next says why
        return 0
