"""The collection's file: one write a tick, whole lines only, and one writer."""

import errno
import fcntl
import os
import struct

from .errors import PccError
from .known import BEGINNING, asides_of, ends_of_packed, is_packed, last_line, newest_of, not_regular, open_regular
from .tape import append_whole, is_short
from .units import size_text

MYPY = False
if MYPY:
    from typing import Any, Dict, List, Optional

FLOCK = "hhqqi"  # struct flock of fcntl(2)


class Output:
    """A collection file, locked against a second writer.

    `size` is what it has in bytes, `total` what was written with the files that were put aside. `last` is the timestamp
    of the last record where the collection was there before and is gone on with, and `last_tick` of its last tick.
    """

    def __init__(self, path: str, append: bool = False, gzip: bool = False, min_free: int = 0, rotate: int = 0) -> None:
        self.path = path
        self.gzip = gzip
        self.min_free = min_free
        self.rotate_at = rotate
        self.descriptor = -1
        self.size = self.total = 0
        self.last: "Optional[float]" = None
        self.last_tick: "Optional[float]" = None
        if append and newest_of(path):
            self.go_on()
        else:
            self.begin()
        if self.short_of_space():
            if not self.size:
                os.unlink(path)
            text = "less than {} is free where {} is to be written (free some, or set --min-free)"
            raise PccError(text.format(size_text(min_free), path), 3)

    def begin(self) -> None:
        """Make the file and lock it."""
        try:
            self.descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        except FileExistsError:
            if not os.path.isfile(self.path):
                raise not_regular(self.path)
            holder = holder_of(self.path)
            if holder:
                raise written_by(self.path, holder)
            raise PccError(
                "collection {} is there already (name another file, or go on with it by --append)".format(self.path)
            )
        except FileNotFoundError:
            raise PccError("no folder {} (make it, or name another file)".format(os.path.dirname(self.path) or "."))
        except OSError as error:
            raise self.cannot_write(error)
        self.lock()
        self.size = 0
        self.packer = new_packer() if self.gzip else None

    def cannot_write(self, error: OSError) -> PccError:
        """What the user is told where there is nothing yet."""
        return PccError("cannot write {}: {} (name another file)".format(self.path, error.strerror), 3)

    def go_on(self) -> None:
        """Open and lock what is there, and go on behind its last whole line.

        A packed file cannot be gone on with as it is, and a plain one not by packing: it is put aside for a new one. So
        is one that was put aside already, where the collection ended before the next one was begun.
        """
        self.total = sum(os.path.getsize(path) for _, path in asides_of(self.path))
        newest = newest_of(self.path) or self.path
        try:
            self.descriptor = open_regular(newest, os.O_RDWR)
        except IsADirectoryError:
            raise not_regular(newest)
        except OSError as error:
            raise self.cannot_write(error)
        self.lock()
        size = os.lseek(self.descriptor, 0, os.SEEK_END)
        if is_packed(self.descriptor):
            self.last, self.last_tick = ends_of_packed(self.descriptor)
            self.refuse_others(newest)
        elif size:
            whole, self.last = last_line(self.descriptor, size)
            _, self.last_tick = last_line(self.descriptor, whole, "end")
            self.refuse_others(newest)
            if newest == self.path and not self.gzip:
                os.ftruncate(self.descriptor, whole)
                os.lseek(self.descriptor, whole, os.SEEK_SET)
                self.size = whole
                self.total += whole
                self.packer = None
                return
        elif newest == self.path:
            self.packer = new_packer() if self.gzip else None
            return
        if newest == self.path:
            self.total += size
            self.put_aside()
        os.close(self.descriptor)
        self.begin()

    def refuse_others(self, path: str) -> None:
        """PccError where a file holds no record at all: it is somebody else's, unless its first one was cut."""
        if self.last is None and os.pread(self.descriptor, len(BEGINNING), 0) != BEGINNING:
            raise PccError("{} is no collection (name another file)".format(path))

    def lock(self) -> None:
        """Take the file for this process alone."""
        try:
            fcntl.lockf(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EAGAIN):
                raise written_by(self.path, holder_of(self.path))
            # Some network disks have no locks; a second writer is unlikely enough to sample there all the same.

    def write(self, data: bytes) -> int:
        """Append `data` in one write and return the bytes it took.

        Where it does not fit, the file keeps its last whole tick, and a PccError says so.
        """
        if self.packer:
            data = self.packer.compress(data) + self.packer.flush(SYNC)
        try:
            append_whole(self.descriptor, self.size, data)
        except OSError as error:
            self.packer = None  # its stream has lost a part, and ends before that
            if not self.size:
                self.remove()
            raise self.failure(error)
        if not os.fstat(self.descriptor).st_nlink:
            raise PccError("{} was removed while it was written: what it held is lost".format(self.path), 3)
        self.size += len(data)
        self.total += len(data)
        return len(data)

    def remove(self) -> None:
        """Leave no empty file behind."""
        try:
            os.unlink(self.path)
        except OSError:
            pass  # there is a better reason to tell

    def short_of_space(self) -> bool:
        """Whether less is free, for whoever writes here, than is to be left."""
        return is_short(self.descriptor, self.min_free)

    def why_full(self) -> str:
        """Why the collection is to end here, '' where there is room."""
        return "min-free" if self.short_of_space() else ""

    def facts(self) -> "Dict[str, Any]":
        """What the end record says of this output, beside its bytes."""
        return {}

    def turns(self) -> bool:
        """Whether the file is large enough to be put aside."""
        return bool(self.rotate_at) and self.size >= self.rotate_at

    def rotate(self, about: "List[bytes]", sampled: bytes) -> None:
        """From a size on, put the file aside, and begin a new one of the same name.

        It begins with the host record and this tick once more, so that no interval is lost between.
        """
        self.put_aside()
        self.close()
        self.begin()
        self.write(b"".join(about) + sampled)

    def put_aside(self) -> None:
        """Give the file a higher number than any other has; where it was moved away, there is nothing to do."""
        aside = asides_of(self.path)
        try:
            if os.path.samestat(os.stat(self.path), os.fstat(self.descriptor)):
                os.rename(self.path, "{}.{}".format(self.path, aside[-1][0] + 1 if aside else 1))
        except FileNotFoundError:
            pass
        except OSError as error:
            raise self.failure(error)

    def close(self) -> None:
        """Force the file to disk and close it; PccError where the disk refuses only now, as network disks may."""
        if self.descriptor < 0:
            return
        descriptor, self.descriptor = self.descriptor, -1
        try:
            if self.packer:
                end = self.packer.flush()
                self.total += os.write(descriptor, end)
                self.packer = None
            os.fsync(descriptor)
        except OSError as error:
            raise self.failure(error)
        finally:
            os.close(descriptor)

    def failure(self, error: OSError) -> PccError:
        """What the user is told."""
        return PccError(
            "cannot write {}: {} (what was sampled before is kept: {} bytes)".format(
                self.path, error.strerror, self.size
            ),
            3,
        )


SYNC = 2  # zlib.Z_SYNC_FLUSH: all that was given so far can be unpacked, whatever becomes of the rest


def new_packer() -> "Any":
    """A gzip stream; the first level packs a tick, much like the one before it, to a tenth."""
    import zlib

    return zlib.compressobj(1, zlib.DEFLATED, 31)


def holder_of(path: str) -> "Optional[int]":
    """The process that has locked a file, None where there is none or it cannot be asked."""
    try:
        descriptor = open_regular(path, os.O_RDONLY)
    except (OSError, PccError):
        return None
    try:
        answer = fcntl.fcntl(descriptor, fcntl.F_GETLK, struct.pack(FLOCK, fcntl.F_WRLCK, 0, 0, 0, 0))
        kind, _, _, _, pid = struct.unpack(FLOCK, answer)
        return None if kind == fcntl.F_UNLCK else int(pid)
    except OSError:
        return None
    finally:
        os.close(descriptor)


def written_by(path: str, holder: "Optional[int]") -> PccError:
    """The error for a file that another process writes."""
    return PccError(
        "collection {} is being written by process {} (name another file, or end that)".format(
            path, holder or "unknown"
        )
    )
