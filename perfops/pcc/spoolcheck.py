"""What a spool holds, and whether all of it is whole: reads alone, also while it is written to and sent from."""

import os
import sys
import time

from .frames import is_torn, scan, time_of
from .output import holder_of
from .repair import head_of, tail_of
from .segments import ASIDE, KEPT, LOCK, NAME, QUARANTINE, folders_in, gaps_in, own_ticks, read

MYPY = False
if MYPY:
    from typing import Any, Dict, List

    from .settings import Options


def collections_in(place: str) -> "List[str]":
    """Folders of the collections in a spool, or the folder of a collection itself."""
    names = os.listdir(place)
    if LOCK in names or any(NAME.fullmatch(name) for name in names):
        return [place]
    return folders_in(place)


def look(folder: str) -> "Dict[str, Any]":
    """What the folder of a collection holds: counts, times in Unix seconds, and what is damaged, in words."""
    names = sorted(os.listdir(folder))
    segments = [name for name in names if NAME.fullmatch(name)]
    found: "Dict[str, Any]" = {
        "collection": os.path.basename(os.path.abspath(folder)),
        "folder": folder,
        "held_by": holder_of(os.path.join(folder, LOCK)),
        "segments": len(segments),
        "tried": sum(".tried" in name for name in segments),
        "ticks": 0,
        "bytes": 0,
        "from": None,
        "to": None,
        "gaps": 0,
        "ticks_in_gaps": 0,
        "undeclared": sum(bool(ASIDE.fullmatch(name)) for name in names),
        "quarantined": count(os.path.join(folder, QUARANTINE)),
        "kept": count(os.path.join(folder, KEPT)),
        "damaged": [],
    }
    before = -1, -1
    for name in segments:
        try:
            text = read(os.path.join(folder, name))
        except OSError:
            continue  # sent meanwhile
        number = int(name[:8])
        before = take_in(found, name, number, text, before, name == segments[-1])
    return found


def take_in(
    found: "Dict[str, Any]", name: str, number: int, text: bytes, before: "tuple[int, int]", newest: bool
) -> "tuple[int, int]":
    """Count a segment in; `before` are numbers of the segment before it and of its last tick; returns its own."""
    parts = scan(text)
    for part in parts:
        if part.data is None and not (newest and is_torn(text, part)):
            found["damaged"].append("{}: bytes {} to {}".format(name, part.begin, part.end))
    head = head_of(parts, number)
    if before[0] == number - 1 and head.number > before[1] >= 0:
        text_of = "{:08d}: {} ticks are missing at its end"
        found["damaged"].append(text_of.format(before[0], head.number - before[1]))
    own = own_ticks(parts, number)
    found["bytes"] += len(text)
    found["ticks"] += len(own)
    for part in own[:1] + own[-1:]:
        moment = time_of(part.data or b"")
        found["from"] = moment if found["from"] is None else found["from"]
        found["to"] = moment
    for gap in gaps_in(parts):
        found["gaps"] += 1
        found["ticks_in_gaps"] += gap.get("ticks", 0)
    return number, tail_of(parts).number


def count(folder: str) -> int:
    """Segments in a folder; none where there is none."""
    try:
        return sum(name.endswith(".json") for name in os.listdir(folder))
    except OSError:
        return 0


def told(found: "Dict[str, Any]") -> "List[str]":
    """What a folder holds, in lines."""
    text = "{collection}: {segments} segments ({tried} tried), {ticks} ticks, {bytes} bytes".format(**found)
    if found["from"] is not None:
        text += ", {} to {}".format(utc(found["from"]), utc(found["to"]))
    if found["gaps"]:
        text += ", {gaps} gaps of {ticks_in_gaps} ticks".format(**found)
    for key, words in (("undeclared", "not declared yet"), ("quarantined", "in quarantine"), ("kept", "sent and kept")):
        if found[key]:
            text += ", {} {}".format(found[key], words)
    if found["held_by"]:
        text += ", held by process {}".format(found["held_by"])
    return [text] + ["  damaged: " + each for each in found["damaged"]]


def utc(seconds: float) -> str:
    """A time as people read it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def run(options: "Options") -> None:
    """Print what a spool holds; exit code 1 where a part of it is damaged."""
    try:
        found = [look(folder) for folder in collections_in(options.spool_check)]
    except OSError as error:
        text = "pcc: cannot read {}: {} (name a spool, such as ~/.perfops/spool)\n"
        sys.stderr.write(text.format(options.spool_check, error.strerror))
        sys.exit(2)
    for each in found:
        print("\n".join(told(each)))
    if not found:
        print("nothing is in " + options.spool_check)
    sys.exit(1 if any(each["damaged"] for each in found) else 0)
