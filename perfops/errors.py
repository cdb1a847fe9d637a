"""The errors a user meets: one lower-case sentence with the value and the remedy, and a documented exit code."""

import errno


class PerfopsError(Exception):
    """A failure to be told in one line; `exit_code` is the status of the command."""

    exit_code = 1


class CheckFailedError(PerfopsError):
    """A check ran and found a difference (exit code 1)."""


class BadInputError(PerfopsError):
    """What was given cannot be used: a file, a value, a name (exit code 2)."""

    exit_code = 2


class MachineError(PerfopsError):
    """This machine refused: disk full, no permission, a program missing (exit code 3)."""

    exit_code = 3


class DatabaseError(PerfopsError):
    """The database could not be reached or refused (exit code 4)."""

    exit_code = 4


class TargetError(PerfopsError):
    """A machine under test could not be reached, or refused (exit code 5)."""

    exit_code = 5


def remedy(error: OSError) -> str:
    """What helps where a file here cannot be written."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return "make room"
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return "make it writable for this user"
    return "see what is wrong there"
