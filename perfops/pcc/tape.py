"""Writing to a disk that may be full: what does not fit leaves a file as it was."""

import errno
import os

MYPY = False
if MYPY:
    from typing import Union

NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_APPEND  # behind what was cut back, too


def append_whole(descriptor: int, size: int, data: bytes) -> None:
    """Append in one write to an open file of so many bytes; OSError, and it is cut back, where there is no room."""
    try:
        written = os.write(descriptor, data)
        if written < len(data):  # the disk has just filled up: a second write says why
            written += os.write(descriptor, data[written:])
        if written < len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    except OSError:
        try:
            os.ftruncate(descriptor, size)
        except OSError:
            pass  # the reason above is the one to tell, and readers cope with a cut line
        raise


def is_short(place: "Union[str, int]", least: int) -> bool:
    """Whether less than so many bytes are free, for whoever writes here; `place` is a folder or an open file."""
    if not least:
        return False
    stat = os.statvfs(place)
    return stat.f_bavail * stat.f_frsize < least


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
        """Append whole; OSError, and the file is as it was, where there is no room."""
        append_whole(self.descriptor, self.size, text)
        self.size += len(text)
