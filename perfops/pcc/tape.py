"""A file that grows by whole writes: what does not fit leaves it as it was."""

import errno
import os

NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_APPEND  # behind what was cut back, too


class Tape:
    """A new file with its first bytes in it; OSError, and no file, where there is no room."""

    def __init__(self, path: str, text: bytes) -> None:
        self.size = 0
        self.descriptor = os.open(path, NEW, 0o600)
        try:
            self.append(text)
        except OSError:
            os.close(self.descriptor)
            os.unlink(path)
            raise

    def append(self, text: bytes) -> None:
        """Append in one write; OSError, and the file is cut back, where there is no room."""
        try:
            written = os.write(self.descriptor, text)
            if written < len(text):  # the disk has just filled up: a second write says why
                written += os.write(self.descriptor, text[written:])
            if written < len(text):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError:
            try:
                os.ftruncate(self.descriptor, self.size)
            except OSError:
                pass  # the reason above is the one to tell, and recovery copes with a cut frame
            raise
        self.size += len(text)
