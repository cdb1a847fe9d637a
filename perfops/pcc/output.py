"""The collection's file: one write a tick, whole lines only."""

import errno
import os

from .errors import PccError


class Output:
    """A new collection file."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.size = 0
        folder = os.path.dirname(path) or "."
        try:
            self.descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        except FileExistsError:
            raise PccError("collection {} is there already (name another file, or move it away)".format(path))
        except FileNotFoundError:
            raise PccError("no folder {} (make it, or name another file)".format(folder))
        except OSError as error:
            raise PccError("cannot write {}: {} (name another file)".format(path, error.strerror), 3)

    def write(self, data: bytes) -> None:
        """Append `data` in one write; where it does not fit, the file keeps its last whole tick: PccError says so."""
        try:
            written = os.write(self.descriptor, data)
            if written < len(data):
                # Usually the disk has just filled up: a second write says why.
                written += os.write(self.descriptor, data[written:])
            if written < len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            try:
                os.ftruncate(self.descriptor, self.size)
            except OSError:
                pass  # the reason above is the one to tell, and readers cope with a cut line
            raise self.failure(error)
        self.size += len(data)

    def close(self) -> None:
        """Force the file to disk and close it; PccError where the disk refuses only now, as network disks may."""
        try:
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
