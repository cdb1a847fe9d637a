"""How a machine fares in its run: a small file on the controller, so that a run can be gone on with after any kill."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from typing import Any

FOLDER = ".hosts"  # in the folder of a run


def read(path: str | Path) -> dict[str, Any]:
    """What was noted, {} where nothing is."""
    try:
        found: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found


def note(path: str | Path, **values: Any) -> dict[str, Any]:
    """Note these values beside what is noted already; OSError where they cannot be written."""
    merged = read(path) | values
    write_whole(Path(path), json.dumps(merged, indent=2, sort_keys=True) + "\n")
    return merged


def write_whole(path: Path, text: str) -> None:
    """Write a file whole or not at all, and make its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def first_start(run: Path, start_at: float | None) -> float | None:
    """When the run in this folder began: the first start that any of its machines kept, noted in run.json once."""
    place = run / "run.json"
    if not run.is_dir():
        return start_at
    descriptor = os.open(run, os.O_RDONLY | os.O_DIRECTORY)  # as `perfops run` holds it while it writes there
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        manifest = read(place)
        if manifest and "start_at" not in manifest and start_at is not None:
            manifest["start_at"] = start_at
            write_whole(place, json.dumps(manifest, indent=4, sort_keys=True) + "\n")
    finally:
        os.close(descriptor)
    found: float | None = manifest.get("start_at", start_at)
    return found
