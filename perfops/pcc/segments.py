"""The files of a collection in the spool, and what their names say.

DIR/<collection id>/
  lock              locked by whoever writes or sends; holds the host record of the last start
  00000007.json     a segment; the newest is being written, the others are sealed
  00000006.tried.json   a segment that was sent at least once: the receiver may have it
  00000005.sent     the last one that was acknowledged: tells what a damaged beginning of the next one was
  00000004.1768077310000.full   dropped for want of room, or .refused by the receiver: put aside until the gap record
                    about it is written, then removed, or moved into quarantine/; the first tick behind it, in ms
  sent/             acknowledged segments, with --keep-sent
  quarantine/       what the receiver refused, and in .reason why
"""

import os
import re

from .encode import gap_value
from .frames import is_tick, said, time_of, value_of
from .repair import head_of, tail_of
from .units import UUID

MYPY = False
if MYPY:
    from typing import Any, Dict, List, Optional

    from .frames import Part

NAME = re.compile(r"(\d{8})(\.tried)?\.json")
ASIDE = re.compile(r"(\d{8})(?:-\d+)?(?:\.(\d+))?\.(full|refused)")
SENT = re.compile(r"(\d{8})\.sent")
QUARANTINE, KEPT, LOCK = "quarantine", "sent", "lock"
DROPPED = "spool full"
REASONS = {"full": DROPPED, "refused": "refused"}


class Segment:
    """A sealed segment: its number, the ticks before and up to its end, and times in Unix seconds."""

    def __init__(self, number: int, tried: bool, size: int, parts: "List[Part]") -> None:
        self.number = number
        self.tried = tried
        self.size = size
        self.forced = False  # to disk
        head, first = head_of(parts, number), next((part.data for part in parts if part.data is not None), b"")
        self.before = head.number
        self.first_own = head.time
        self.last = tail_of(parts).number
        self.begins = time_of(first)

    @property
    def ticks(self) -> int:
        """How many ticks are its own, without the one that it repeats."""
        return max(self.last - self.before, 0)

    def name(self) -> str:
        """The name of its file."""
        return "{:08d}{}.json".format(self.number, ".tried" if self.tried else "")

    def gap(self, until: "Optional[float]", reason: str) -> "Dict[str, Any]":
        """What is declared where it is lost; `until` is the first tick after it, None where there is none yet.

        Its last tick lives on in the next segment: there it stands without the one before, and gives no row. The first
        tick of all gives none anyway.
        """
        ticks = self.ticks - (self.number == 1)
        value = gap_value(self.begins, until or 0.0, ticks, reason, self.number)
        return value if until is not None else dict(value, to=None)


def folders_in(spool: str) -> "List[str]":
    """Folders of the collections in a spool, in the order of their ids."""
    folders = [os.path.join(spool, name) for name in sorted(os.listdir(spool)) if UUID.fullmatch(name)]
    return [folder for folder in folders if os.path.isdir(folder)]


def gaps_in(parts: "List[Part]") -> "List[Dict[str, Any]]":
    """What the gap records of a segment say."""
    return [value_of(line) for part in parts if part.data is not None for line in said(part.data, b"gap")]


def own_ticks(parts: "List[Part]", number: int) -> "List[Part]":
    """The frames with ticks of its own."""
    first = head_of(parts, number).time
    return [
        part
        for part in parts
        if part.data is not None and is_tick(part.data) and first is not None and time_of(part.data) >= first
    ]


def read(path: str) -> bytes:
    """All bytes of a file."""
    with open(path, "rb") as file:
        return file.read()


def write_whole(path: str, text: bytes) -> None:
    """Write a file whole or not at all, and force it to disk."""
    part = path + ".part"
    try:
        with open(part, "wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.rename(part, path)
    except OSError:
        remove(part)  # it takes room
        raise


def remove(path: str) -> None:
    """Remove a file; it is all the same if there is none."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass


def force(path: str) -> None:
    """Force a file to disk; no descriptor is kept for that, as segments may wait by the thousand."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
