"""A long recording in parts, side by side: each part is derived in a process of its own, and the CSV files are joined.

A sample depends on two neighbouring snapshots and the host record alone, so a part needs only these of what lies before
it; the outcome is the same, byte for byte, as in one go (held by a test).
"""

import multiprocessing
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from perfops.catalogue import KINDS
from perfops.errors import MachineError
from perfops.outputs.csv import CsvFolder
from perfops.outputs.cuts import BLOCK, Part, cut, part_lines, record_of
from perfops.samples.derive import Primer, derive
from perfops.samples.notes import Notes
from perfops.samples.records import GZIP_MAGIC, read_records
from perfops.samples.snapshots import CONTROL, group
from perfops.samples.story import Story

SIZE = 32 << 20  # bytes of a part: some seconds of work


class Derived(NamedTuple):
    """What came of a part: its story, its rows by kind, and its containers (id, name, runtime)."""

    story: Story
    counts: dict[str, int]
    containers: list[tuple[str, ...]]


def worth_it(path: Path) -> bool:
    """Whether a file is long enough to be read in parts, can be, and there is more than one CPU for it."""
    try:
        if not path.is_file() or path.stat().st_size < 2 * SIZE or len(os.sched_getaffinity(0)) < 2:
            return False
        with path.open("rb") as file:
            return file.read(2) != GZIP_MAGIC
    except OSError:  # who opens it next says why
        return False


def derive_part(part: Part, label: str, names: dict[str, str], outdir: Path, primer: Primer | None = None) -> Derived:
    """Derive one part into a folder of its own; `primer` is for the first one of a file that goes on with another."""
    story = Story(Notes())
    if part.before:
        records = [record for record in map(record_of, part.before) if record]
        primer = Primer(part.host, [tick for tick in group(records) if not tick.records.keys() <= CONTROL])
    records_of_part = read_records(part_lines(part), label, story.notes, part.lines + 1)
    with CsvFolder(outdir) as folder:
        folder.write(derive(group(records_of_part), story, names, primer))
    return Derived(story, folder.counts(), folder.containers())


def even_size(path: Path) -> int:
    """Bytes of a part, at most SIZE, with which the last parts of a file keep all CPUs busy."""
    length, cpus = path.stat().st_size, len(os.sched_getaffinity(0))
    rounds = -(-length // (SIZE * cpus))
    return -(-length // (rounds * cpus))


def derive_parts(
    path: Path,
    label: str,
    names: dict[str, str],
    outdir: Path,
    progress: Callable[[int], None] | None,
    before: Primer | None = None,
) -> Iterator[Derived]:
    """Derive a file in parts into `outdir`, a process a CPU; yields what came of each, in their order.

    `before` is the end of the file that it goes on with. MachineError where a process is killed, as the kernel does
    when memory runs out.
    """
    with tempfile.TemporaryDirectory(dir=outdir, prefix=".parts-") as scratch, workers() as pool:
        jobs: list[tuple[Part, Path, Future[Derived]]] = []
        with interrupts_later():
            for number, part in enumerate(cut(path, even_size(path))):
                folder = Path(scratch, str(number))
                folder.mkdir()
                jobs.append((part, folder, pool.submit(derive_part, part, label, names, folder, before)))
        for part, folder, job in jobs:
            derived = job.result()
            append(folder, outdir)
            if progress:
                progress(part.end)
            yield derived


@contextmanager
def workers() -> Iterator[ProcessPoolExecutor]:
    """A process a CPU; after an error what has not begun is not begun any more."""
    context = multiprocessing.get_context("spawn")  # forking a process that shows progress in a thread may deadlock
    with ProcessPoolExecutor(len(os.sched_getaffinity(0)), mp_context=context, initializer=follow_parent) as pool:
        try:
            yield pool
        except BrokenProcessPool as error:
            raise MachineError("a process that derives a part was killed (is there memory enough?)") from error
        finally:
            pool.shutdown(cancel_futures=True)


def follow_parent() -> None:
    """Leave Ctrl-C to the process that started this one, and end with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def end() -> None:
        if parent:
            parent.join()
            os._exit(1)

    threading.Thread(target=end, daemon=True).start()


@contextmanager
def interrupts_later() -> Iterator[None]:
    """Hold Ctrl-C back for a moment; processes started meanwhile have it held back until they can ignore it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def append(source: Path, target: Path) -> None:
    """Append the CSV files of one folder to those of another, without their headers where there is a file already."""
    for kind in KINDS:
        file = source / kind.file
        if file.exists():
            if (target / kind.file).exists():
                with file.open("rb") as reader, (target / kind.file).open("ab") as writer:
                    reader.readline()
                    shutil.copyfileobj(reader, writer, BLOCK)
                file.unlink()
            else:
                file.rename(target / kind.file)
