"""The files of this repository."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]


def tracked(*places: str) -> list[Path]:
    """Files that git knows, below the places when given; those that are being removed left out."""
    told = subprocess.run(["git", "ls-files", "-z", "--", *places], cwd=ROOT, check=True, capture_output=True)
    names = told.stdout.decode().split("\0")
    return [path for name in names if name and (path := ROOT / name).is_file()]
