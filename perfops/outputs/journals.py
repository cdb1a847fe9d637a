"""What is noted of a run and of its machines on the controller: run.json in its folder, and a journal a machine."""

import json
from pathlib import Path
from typing import Any

MANIFEST = "run.json"  # a folder without it is not of a run
JOURNALS = ".hosts"  # in the folder of a run: how each machine fares, a file each


def read(path: Path) -> dict[str, Any]:
    """The object in a file of JSON, {} where there is none that can be read."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def write(path: Path, told: dict[str, Any]) -> None:
    """Write a file of JSON, whole or not at all; OSError where it cannot be written."""
    part = path.with_name(f".{path.name}.part")
    part.write_text(json.dumps(told, indent=4, sort_keys=True) + "\n", encoding="utf-8")
    part.replace(path)
