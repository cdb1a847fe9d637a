"""Block devices in the counters of a control group."""

import os

from .smallfiles import text_of
from .topology import NOT_WHOLE

MYPY = False
if MYPY:
    from typing import Dict


class Devices:
    """Which block devices count in a sum: whole disks, but none of the layers that would count the same bytes again.

    Of the layers a multipath device counts: what goes to it is not counted for the control group at its paths.
    """

    def __init__(self, sys_root: str) -> None:
        self.sys_root = sys_root
        self.known: "Dict[bytes, bool]" = {}

    def count(self, device: bytes) -> bool:
        """Whether a device, by its numbers, counts."""
        known = self.known.get(device)
        if known is None:
            known = self.known[device] = self.look(device.decode("ascii", "replace"))
        return known

    def look(self, numbers: str) -> bool:
        """Look a device up in /sys; one that is not there counts."""
        if not numbers[:1].isdigit():
            return False  # a path of an NVMe disk, which has no numbers
        place = os.path.realpath(os.path.join(self.sys_root, "dev/block", numbers))
        name = os.path.basename(place)
        if name.startswith("dm-"):
            return (text_of(place, "dm/uuid") or "").startswith("mpath-")
        return not name.startswith(NOT_WHOLE) and ("/devices/virtual/" not in place or name.startswith("nvme"))
