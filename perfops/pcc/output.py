"""The collection's file: one write a tick, whole lines only, and one writer."""

import errno
import fcntl
import os
import struct

from .errors import PccError
from .tail import last_line

MYPY = False
if MYPY:
    from typing import Any, Dict, List, Optional, Tuple

FLOCK = "hhqqi"  # struct flock of fcntl(2)
GZIP_MAGIC = b"\x1f\x8b"


class Output:
    """A collection file, locked against a second writer.

    `size` is what it has in bytes, `total` what was written with the files put aside by rotate(). `last` is the
    timestamp of the last record where the file was there before and is gone on with, and `last_tick` of its last tick.
    """

    def __init__(self, path: str, append: bool = False, gzip: bool = False, min_free: int = 0, rotate: int = 0) -> None:
        self.path = path
        self.gzip = gzip
        self.min_free = min_free
        self.rotate_at = rotate
        self.total = 0
        self.last: "Optional[float]" = None
        self.last_tick: "Optional[float]" = None
        self.open(append)
        if self.short_of_space():
            if not self.size:
                os.unlink(path)
            text = "less than {} MiB is free where {} is to be written (free some, or set --min-free)"
            raise PccError(text.format(min_free >> 20, path), 3)

    def open(self, append: bool) -> None:
        """Open and lock the file; `append` goes on with an existing one behind its last whole line."""
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        try:
            self.descriptor = os.open(self.path, flags if append else flags | os.O_EXCL, 0o644)
        except FileExistsError:
            holder = holder_of(self.path)
            if holder:
                raise written_by(self.path, holder)
            raise PccError(
                "collection {} is there already (name another file, or go on with it by --append)".format(self.path)
            )
        except FileNotFoundError:
            raise PccError("no folder {} (make it, or name another file)".format(os.path.dirname(self.path) or "."))
        except OSError as error:
            raise PccError("cannot write {}: {} (name another file)".format(self.path, error.strerror), 3)
        self.lock()
        self.size = os.lseek(self.descriptor, 0, os.SEEK_END)
        if self.size:
            self.size, self.last = self.whole_lines()
        self.packer = new_packer() if self.gzip else None
        self.total += self.size

    def lock(self) -> None:
        """Take the file for this process alone."""
        try:
            fcntl.lockf(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EAGAIN):
                raise written_by(self.path, holder_of(self.path))
            # Some network disks have no locks; a second writer is unlikely enough to sample there all the same.

    def whole_lines(self) -> "Tuple[int, Optional[float]]":
        """Cut a last line that is not whole; the size of the rest, and the timestamp of its last record."""
        if self.gzip or os.pread(self.descriptor, 2, 0) == GZIP_MAGIC:
            raise PccError("cannot go on with {}, as it is packed (name another file)".format(self.path))
        size, timestamp = last_line(self.descriptor, self.size)
        _, self.last_tick = last_line(self.descriptor, size, "end")
        os.ftruncate(self.descriptor, size)
        os.lseek(self.descriptor, size, os.SEEK_SET)
        return size, timestamp

    def write(self, data: bytes) -> int:
        """Append `data` in one write and return the bytes it took.

        Where it does not fit, the file keeps its last whole tick, and a PccError says so.
        """
        if self.packer:
            data = self.packer.compress(data) + self.packer.flush(SYNC)
        try:
            written = os.write(self.descriptor, data)
            if written < len(data):
                # Usually the disk has just filled up: a second write says why.
                written += os.write(self.descriptor, data[written:])
            if written < len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            self.packer = None  # its stream has lost a part, and ends before that
            try:
                os.ftruncate(self.descriptor, self.size)
            except OSError:
                pass  # the reason above is the one to tell, and readers cope with a cut line
            raise self.failure(error)
        self.size += len(data)
        self.total += len(data)
        return len(data)

    def short_of_space(self) -> bool:
        """Whether less is free, for whoever writes here, than is to be left."""
        if not self.min_free:
            return False
        stat = os.fstatvfs(self.descriptor)
        return stat.f_bavail * stat.f_frsize < self.min_free

    def why_full(self) -> str:
        """Why the collection is to end here, '' where there is room."""
        return "min-free" if self.short_of_space() else ""

    def facts(self) -> "Dict[str, Any]":
        """What the end record says of this output, beside its bytes."""
        return {}

    def rotate(self, about: "List[bytes]", sampled: bytes) -> None:
        """From a size on, put the file aside under the next free number, and begin a new one of the same name.

        It begins with the host record and this tick once more, so that no interval is lost between.
        """
        if not self.rotate_at or self.size < self.rotate_at:
            return
        self.close()
        number = 1
        while os.path.exists("{}.{}".format(self.path, number)):
            number += 1
        try:
            os.rename(self.path, "{}.{}".format(self.path, number))
        except OSError as error:
            raise self.failure(error)
        self.open(False)
        self.write(b"".join(about) + sampled)

    def close(self) -> None:
        """Force the file to disk and close it; PccError where the disk refuses only now, as network disks may."""
        try:
            if self.packer:
                end = self.packer.flush()
                self.total += os.write(self.descriptor, end)
                self.packer = None
            os.fsync(self.descriptor)
            os.close(self.descriptor)
        except OSError as error:
            raise self.failure(error)

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
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
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
