"""Trees of /sys as machines have them: disks, interfaces, firmware."""

import os
from pathlib import Path

PCI = "pci0000:00/0000:00:02.0"
AZURE_TAG, OCI_TAG = "7783-7084-3265-9085-8269-3286-77", "OracleCloud.com"


def link(place: Path, target: Path) -> None:
    """A relative link, as /sys has them."""
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(os.path.relpath(target, place.parent))


def disk(
    root: Path,
    place: str,
    size: int | None = 2048,
    rotational: int = 0,
    iostats: int = 1,
    scheduler: str | None = None,
    numbers: str | None = None,
    uuid: str | None = None,
) -> None:
    """A disk whose device lies at `place` below /sys/devices; `uuid` is that of the device mapper."""
    real = root / "devices" / place
    (real / "queue").mkdir(parents=True)
    if size is not None:
        (real / "size").write_text(f"{size}\n")
    (real / "queue" / "rotational").write_text(f"{rotational}\n")
    (real / "queue" / "iostats").write_text(f"{iostats}\n")
    if scheduler is not None:
        (real / "queue" / "scheduler").write_text(f"{scheduler}\n")
    if uuid is not None:
        (real / "dm").mkdir()
        (real / "dm" / "uuid").write_text(f"{uuid}\n")
    link(root / "block" / real.name, real)
    if numbers is not None:
        link(root / "dev" / "block" / numbers, real)


def port(
    root: Path, name: str, device: str | None = None, driver: str = "", master: str = "", speed: str | None = None
) -> None:
    """An interface; `device` is the place of the device behind it, below /sys/devices."""
    real = root / "devices" / (f"{device}/net/{name}" if device else f"virtual/net/{name}")
    real.mkdir(parents=True)
    link(root / "class" / "net" / name, real)
    if speed is not None:
        (real / "speed").write_text(f"{speed}\n")
    if device:
        link(real / "device", root / "devices" / device)
        if driver:
            (root / "bus" / "drivers" / driver).mkdir(parents=True, exist_ok=True)
            if not (root / "devices" / device / "driver").exists():
                link(root / "devices" / device / "driver", root / "bus" / "drivers" / driver)
    if master:
        link(real / "master", root / "class" / "net" / master)


def firmware(root: Path, asset_tag: str) -> None:
    """What the firmware says of the machine's chassis."""
    folder = root / "class" / "dmi" / "id"
    folder.mkdir(parents=True)
    (folder / "chassis_asset_tag").write_text(f"{asset_tag}\n")
