"""Which mounts are worth watching, and their space."""

import json
import os
from pathlib import Path

import pytest

from perfops.pcc.encode import stamp
from perfops.pcc.filesystems import SUBSYSTEM, FileSystems, local_mounts, unescape

CLOUD = """\
sysfs /sys sysfs rw,nosuid,nodev,noexec,relatime 0 0
proc /proc proc rw,nosuid,nodev,noexec,relatime 0 0
udev /dev devtmpfs rw,nosuid,relatime,size=8177460k 0 0
tmpfs /run tmpfs rw,nosuid,nodev,noexec,relatime,size=1643408k,mode=755 0 0
/dev/sda1 / ext4 rw,relatime,discard,errors=remount-ro 0 0
/dev/loop0 /snap/core20/2318 squashfs ro,nodev,relatime 0 0
/dev/sda15 /boot/efi vfat rw,relatime,fmask=0077 0 0
/dev/sdb1 /mnt ext4 rw,relatime 0 0
/dev/sr0 /media/cdrom iso9660 ro,relatime 0 0
/dev/sda1 /var/lib/data\\040one ext4 rw,relatime 0 0
/dev/mapper/vg-data /srv/data\\040one xfs rw,relatime 0 0
/dev/mapper/vg-data /srv/again xfs rw,relatime 0 0
tank/home /home zfs rw,xattr 0 0
server:/export /net/export nfs4 rw,relatime 0 0
//server/share /net/share cifs rw,relatime 0 0
/dev/fuse /etc/pve fuse rw,nosuid,nodev 0 0
overlay /var/lib/docker/overlay2/x/merged overlay rw 0 0
damaged line
"""


def test_of_a_clouds_table_what_lies_on_its_own_disks_counts_once() -> None:
    assert local_mounts(CLOUD) == ["/", "/boot/efi", "/mnt", "/srv/data one", "/home"]


@pytest.mark.parametrize(
    ("rows", "mounts"),
    [
        ("overlay / overlay rw 0 0\n/dev/sda1 /etc/hosts ext4 rw 0 0\n", ["/", "/etc/hosts"]),  # a container
        ("rootfs / rootfs rw 0 0\n/dev/vda1 / ext4 rw 0 0\n", ["/"]),  # the first root is hidden by the second
        ("/dev/vda1 /boot ext4 rw 0 0\n/dev/vda1 / ext4 rw 0 0\n", ["/"]),  # a bind mount that came first
        ("/dev/vda1 / ext4 rw 0 0\n/dev/vda1 /bind ext4 rw 0 0\n", ["/"]),
        ("server:/root / nfs rw 0 0\n", ["/"]),
        ("tmpfs /tmp tmpfs rw 0 0\n", ["/"]),  # a chroot, whose root is no mount
        ("/dev/vda1 /data ext4 rw 0 0\n", ["/", "/data"]),
        ("", ["/"]),
    ],
)
def test_the_root_counts_whatever_it_is_and_hides_its_device_elsewhere(rows: str, mounts: list[str]) -> None:
    assert local_mounts(rows) == mounts


@pytest.mark.parametrize(
    ("escaped", "name"),
    [("/a\\040b", "/a b"), ("/a\\011b\\012c", "/a\tb\nc"), ("/a\\134b", "/a\\b"), ("/a\\134040b", "/a\\040b")],
)
def test_the_kernels_escapes(escaped: str, name: str) -> None:
    assert unescape(escaped) == name


def tree(tmp_path: Path, rows: str) -> str:
    (tmp_path / "self").mkdir(exist_ok=True)
    (tmp_path / "self" / "mounts").write_bytes(os.fsencode(rows))
    return str(tmp_path)


def space(file_systems: FileSystems) -> list[dict[str, object]]:
    return [json.loads(line) for line in file_systems.measurement().splitlines()]


def beside_root(file_systems: FileSystems) -> list[dict[str, object]]:
    """All but the root, which is always there."""
    root, *others = space(file_systems)
    assert root["mount_point"] == "/"
    return others


def test_space_is_what_statvfs_tells(tmp_path: Path) -> None:
    (row,) = space(FileSystems(tree(tmp_path, "/dev/vda1 / ext4 rw 0 0\n"), {}))
    stat = os.statvfs("/")
    assert list(row) == [
        "mount_point",
        "block_size",
        "blocks_total",
        "blocks_free",
        "blocks_available",
        "files_total",
        "files_free",
    ]
    assert (row["mount_point"], row["block_size"], row["blocks_total"]) == ("/", stat.f_frsize, stat.f_blocks)
    assert row["files_total"] == stat.f_files
    assert 0 <= int(str(row["blocks_available"])) <= int(str(row["blocks_free"])) <= stat.f_blocks


def test_names_of_any_bytes_are_text_and_what_does_not_answer_is_left_out(tmp_path: Path) -> None:
    folder = tmp_path / 'a "b\udcff'
    folder.mkdir()
    name = str(folder).replace(" ", "\\040")
    rows = f"/dev/a {name} ext4 rw 0 0\n/dev/b {tmp_path}/gone ext4 rw 0 0\n/dev/c /proc ext4 rw 0 0\n"
    assert [row["mount_point"] for row in beside_root(FileSystems(tree(tmp_path, rows), {}))] == [
        f'{tmp_path}/a "b\\xff'
    ]


def test_an_unmounted_file_system_leaves_and_a_fuller_one_tells_so(tmp_path: Path) -> None:
    folder = tmp_path / "disk"
    folder.mkdir()
    file_systems = FileSystems(tree(tmp_path, f"/dev/a {folder} ext4 rw 0 0\n"), {})
    (row,) = beside_root(file_systems)
    file_systems.seen[str(folder)] = ((1, 2, 3, 4, 5, 6), "what was told before is no longer so")
    (again,) = beside_root(file_systems)
    assert again.keys() == row.keys()
    folder.rmdir()
    assert beside_root(file_systems) == []


def test_no_table_of_mounts_is_no_failure(tmp_path: Path) -> None:
    unreadable: dict[str, str] = {}
    file_systems = FileSystems(str(tmp_path), unreadable)
    assert unreadable == {SUBSYSTEM: "No such file or directory"}
    assert file_systems.lines(stamp(1, 1)) == []


def test_the_group_can_be_left_out(tmp_path: Path) -> None:
    unreadable: dict[str, str] = {}
    assert FileSystems(str(tmp_path), unreadable, {"filesystems"}).lines(stamp(1, 1)) == []
    assert unreadable == {}


def test_the_real_table_has_the_root() -> None:
    assert "/" in [row["mount_point"] for row in space(FileSystems("/proc", {}))]
