"""How a machine fares in its run: a small file on the controller, so that a run can be gone on with after any kill."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ansible_collections.perfops.perfops.plugins.plugin_utils import parts

FOLDER, MANIFEST = ".hosts", "run.json"  # in the folder of a run


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
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        part.unlink(missing_ok=True)


def first_start(run: Path, start_at: float | None) -> float | None:
    """When the run in this folder began: the first start that any of its machines kept, noted in run.json once."""
    if not run.is_dir():
        return start_at
    with parts.alone(run):
        manifest = read(run / MANIFEST)
        if manifest and "start_at" not in manifest and start_at is not None:
            manifest["start_at"] = start_at
            write_manifest(run, manifest)
    found: float | None = manifest.get("start_at", start_at)
    return found


def write_manifest(run: Path, manifest: dict[str, Any]) -> None:
    """Write what is known of the run in this folder; OSError where it cannot be written."""
    write_whole(run / MANIFEST, json.dumps(manifest, indent=4, sort_keys=True) + "\n")
