"""Calls of the operating system that fail: the process is killed before any of them, or the disk is full."""

import errno
import os
from typing import Any

import pytest

from perfops.pcc import recovery, segments, spool, store, tape

MODULES = (recovery, segments, spool, store, tape)
CHANGES = ("write", "open", "rename", "unlink", "fsync", "ftruncate", "truncate", "makedirs", "pwrite")


class KilledError(BaseException):
    """The process is gone."""


class Disk:
    """Stands for the module os where the spool is written: counts calls that change something, and fails at one."""

    def __init__(self) -> None:
        self.left: int | None = None  # calls until it is killed
        self.part = 0.0  # of the write at which it is killed, what gets through
        self.room: int | None = None  # bytes that still fit
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        real = getattr(os, name)
        return (lambda *args, **more: self.call(name, real, *args, **more)) if name in CHANGES else real

    def call(self, name: str, real: Any, *args: Any, **more: Any) -> Any:
        """One call."""
        self.calls += 1
        if self.left is not None:
            if self.left <= 0:
                if name == "write":
                    os.write(args[0], args[1][: int(len(args[1]) * self.part)])
                self.left = None
                raise KilledError
            self.left -= 1
        if name == "write" and self.room is not None:
            data = args[1][: self.room]
            if not data:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            self.room -= len(data)
            return real(args[0], data)
        if name == "fsync" and self.room == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(*args, **more)


def put_in_place(disk: Disk, patch: pytest.MonkeyPatch) -> None:
    """Have the spool use this disk."""
    for module in MODULES:
        patch.setattr(module, "os", disk)
