"""Space of mounted file systems.

Only what lies on block devices of this machine (and the root, whatever it is): asking a dead network server for its
free space would stop the sampler until the server is back.
"""

import json
import os
import select

from . import encode
from .sources import read_whole
from .units import clean

MYPY = False
if MYPY:
    from typing import Collection, Dict, List, Tuple

SUBSYSTEM = "statfs[*]"
LOCAL_TYPES = ("zfs",)
FUSE = "/dev/fuse"  # a program answers for such a file system, and may hang
READ_ONLY_IMAGES = ("squashfs", "iso9660", "erofs")


def local_mounts(text: str) -> "List[str]":
    """Mount points in /proc/self/mounts worth watching: each device once, where it was mounted first.

    The root is one of them also where the table does not name it: in a chroot it is no mount of its own.
    """
    chosen: "Dict[str, str]" = {"": "/"}
    for row in text.splitlines():
        fields = row.split(" ")
        if len(fields) < 3:
            continue
        device, mount_point, kind = fields[:3]
        if kind in READ_ONLY_IMAGES:
            continue
        if mount_point == "/":
            chosen = {key: value for key, value in chosen.items() if value != "/"}
            chosen[device] = mount_point
        elif (device.startswith("/dev/") and device != FUSE) or kind in LOCAL_TYPES:
            chosen.setdefault(device, mount_point)
    return [unescape(mount_point) for mount_point in chosen.values()]


def unescape(mount_point: str) -> str:
    """A mount point without the octal escapes the kernel writes for white space and backslashes."""
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        mount_point = mount_point.replace(code, character)
    return mount_point


class FileSystems:
    """The mounted file systems; the kernel says when the list has changed, so that it is read only then.

    `unreadable` takes why there is no list, where there is none; `without` names the groups that are switched off.
    """

    def __init__(self, proc_root: str, unreadable: "Dict[str, str]", without: "Collection[str]" = ()) -> None:
        self.changes = select.poll()
        self.mounts: "List[str]" = []
        self.seen: "Dict[str, Tuple[Tuple[int, ...], str]]" = {}
        if "filesystems" in without:
            return
        try:
            self.table = os.open(os.path.join(proc_root, "self/mounts"), os.O_RDONLY | os.O_CLOEXEC)
            self.read_mounts()
        except OSError as error:
            unreadable[SUBSYSTEM] = error.strerror or str(error)
        else:
            self.changes.register(self.table, select.POLLPRI)

    def read_mounts(self) -> None:
        """Read the list anew."""
        self.mounts = local_mounts(os.fsdecode(read_whole(self.table)))

    def lines(self, start: bytes) -> "List[bytes]":
        """The record of this tick, if there is any file system to tell of."""
        text = self.measurement()
        return [encode.line(start, SUBSYSTEM, text)] if text else []

    def measurement(self) -> bytes:
        """One JSON object a line for every file system that answers."""
        if self.changes.poll(0):
            self.read_mounts()
        rows = []
        for mount_point in self.mounts:
            try:
                stat = os.statvfs(mount_point)
            except OSError:
                continue  # unmounted a moment ago, or not for us to see
            if not stat.f_blocks:
                continue
            values = (stat.f_frsize, stat.f_blocks, stat.f_bfree, stat.f_bavail, stat.f_files, stat.f_ffree)
            known = self.seen.get(mount_point)
            if known is None or known[0] != values:
                name = clean(mount_point)
                known = (
                    values,
                    '{"mount_point":%s,"block_size":%d,"blocks_total":%d,"blocks_free":%d,"blocks_available":%d,'
                    '"files_total":%d,"files_free":%d}\n' % ((json.dumps(name),) + values),
                )
                self.seen[mount_point] = known
            rows.append(known[1])
        return "".join(rows).encode("ascii")
