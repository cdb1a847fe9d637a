"""Small files of /proc, /sys and /etc that are read once."""

import os

MYPY = False
if MYPY:
    from typing import List, Optional


def text_of(*parts: str) -> "Optional[str]":
    """The stripped text of a small file, None where it cannot be read."""
    try:
        with open(os.path.join(*parts), "rb") as file:
            return file.read().decode("utf-8", "backslashreplace").strip()
    except OSError:
        return None


def number_of(*parts: str) -> "Optional[int]":
    """The number in a small file, None where there is none."""
    try:
        return int(text_of(*parts) or "")
    except ValueError:
        return None


def names_in(folder: str) -> "Optional[List[str]]":
    """Sorted names in a folder, None where it cannot be listed."""
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return None


def linked_name(*parts: str) -> "Optional[str]":
    """The last part of what a link points to, None where there is no such link."""
    place = os.path.join(*parts)
    return os.path.basename(os.path.realpath(place)) if os.path.exists(place) else None
