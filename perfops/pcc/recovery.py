"""What a spool's folder holds at the start, made whole: after any kill, full disk or damage.

Each segment is read and, where it is damaged, written anew without the damage and with a gap record in its place
(repair.py). What was put aside and not declared yet is to be declared. Files that are half written are removed. All of
it can be broken off at any point and done again.
"""

import os

from .encode import gap_value
from .frames import is_torn, scan, seems_a_tick, time_of
from .repair import Tail, head_of, repaired, tail_of
from .segments import ASIDE, DROPPED, KEPT, NAME, QUARANTINE, REASONS, SENT, Segment, gaps_in, read, remove, write_whole

MYPY = False
if MYPY:
    from typing import Any, Dict, List, NamedTuple, Optional, Tuple

    from .frames import Part

    Gap = NamedTuple("Gap", [("value", Dict[str, Any]), ("asides", Tuple[str, ...])])
    Found = NamedTuple("Found", [("segments", List[Segment]), ("pending", List[Gap]), ("tail", Tail), ("highest", int)])
else:
    from collections import namedtuple

    Gap = namedtuple("Gap", "value asides")  # to be declared, and the files that wait for it
    Found = namedtuple("Found", "segments pending tail highest")


def recover(folder: str, goes_on: bool, host: bytes) -> Found:
    """Make the folder whole; `host` is the host record to take where no other is left."""
    names = sorted(os.listdir(folder))
    for name in names:
        if name.endswith(".part"):
            remove(os.path.join(folder, name))
    numbered = [(int(match.group(1)), name) for name in names for match in [NAME.fullmatch(name)] if match]
    tail, declared = last_sent(folder, names, None, host)
    newest_tail = tail
    segments: "List[Segment]" = []
    pending: "List[Gap]" = []
    texts = {number: read(os.path.join(folder, name)) for number, name in numbered[:1]}
    previous = -1
    for place, (number, name) in enumerate(numbered):
        text = texts.pop(number)
        for later, later_name in numbered[place + 1 : place + 2]:
            texts[later] = read(os.path.join(folder, later_name))
        newest = not texts
        after = head_of(scan(texts[number + 1]), number + 1) if number + 1 in texts else None
        newest_tail = max(newest_tail, tail, key=lambda each: each.number)
        if previous != number - 1:  # what was between them is sent, or declared
            tail, gaps = last_sent(folder, names, number - 1, tail.host or host)
            declared += gaps
        previous = number
        parts = scan(text)
        good = repaired(text, number, tail, after, goes_on or not newest, parts)
        path = os.path.join(folder, name)
        if good != text or not good:
            try:
                if not good:
                    pending += [] if tail.tick else lost_whole(text, parts, number, after)
                    remove(path)
                    names.remove(name)  # its number is free again
                elif text.startswith(good):
                    os.truncate(path, len(good))
                else:
                    write_whole(path, good)
            except OSError:
                good = b""  # no room to mend it: it waits for another start
            parts = scan(good or text)
        declared += gaps_in(parts)
        tail = tail_of(parts, tail)
        if good:
            segments.append(Segment(number, ".tried" in name, len(good), parts))
    # The last one may be put aside or sent, and no later one begun; or one without a beginning follows it.
    tail = max(tail, newest_tail, last_sent(folder, names, None, tail.host)[0], key=lambda each: each.number)
    pending += aside(folder, names, declared)
    highest = max([0] + [int(name[:8]) for name in names if name[:8].isdecimal()])
    highest = max([highest] + [int(name[:8]) for part in (KEPT, QUARANTINE) for name in listed(folder, part)])
    return Found(segments, joined(pending), tail, highest)


def last_sent(
    folder: str, names: "List[str]", number: "Optional[int]", host: bytes
) -> "Tuple[Tail, List[Dict[str, Any]]]":
    """The end of a segment that is no more to be sent, and the gaps it declares; of the newest of them for None."""
    places = [name for name in names if SENT.fullmatch(name) or ASIDE.fullmatch(name)]
    for part in (KEPT, QUARANTINE):
        places += [os.path.join(part, name) for name in listed(folder, part) if name.endswith(".json")]
    places = [place for place in places if "-" not in os.path.basename(place)]
    places.sort(key=lambda place: os.path.basename(place)[:8])
    if number is not None:
        places = [place for place in places if int(os.path.basename(place)[:8]) == number]
    if not places:
        return Tail(0, b"", host), []
    parts = scan(read(os.path.join(folder, places[-1])))
    return tail_of(parts, Tail(0, b"", host)), gaps_in(parts)


def listed(folder: str, part: str) -> "List[str]":
    """Names of segments in a folder within; none where there is no such folder."""
    try:
        return sorted(name for name in os.listdir(os.path.join(folder, part)) if name[:8].isdecimal())
    except OSError:
        return []


def lost_whole(text: bytes, parts: "List[Part]", number: int, after: "Any") -> "List[Gap]":
    """What is declared of a segment of which nothing is left, not even what it began with."""
    if after is not None and number == 1 and after.number > 1:
        moment = after.time or 0.0
        return [Gap(gap_value(moment - after.number, moment, after.number - 1, "damaged"), ())]
    if parts and seems_a_tick(text) and not is_torn(text, parts[-1]):
        return [Gap(dict(gap_value(time_of(text), 0.0, 1, "damaged"), to=None), ())]
    return []


def aside(folder: str, names: "List[str]", declared: "List[Dict[str, Any]]") -> "List[Gap]":
    """What was put aside and is not declared; what is declared is settled."""
    pending: "List[Gap]" = []
    for name in names:
        match = ASIDE.fullmatch(name)
        if not match:
            continue
        number, until, kind = int(match.group(1)), int(match.group(2) or 0) / 1000, match.group(3)
        parts = scan(read(os.path.join(folder, name)))
        gaps = gaps_of(parts, number, "-" in name, REASONS[kind], until or None)
        if any(tells_of(value, gaps[0], number) for value in declared):
            settle(folder, name)
        else:
            pending += [Gap(value, (name,)) for value in gaps]
    return pending


def tells_of(value: "Dict[str, Any]", gap: "Dict[str, Any]", number: int) -> bool:
    """Whether a declared gap is that of a segment; of several that were dropped one after the other it is one."""
    last = value.get("segment")
    if last is None or value.get("reason") != gap["reason"]:
        return False
    return bool(value.get("first", last) <= number <= last and value["from"] <= gap["from"])


def joined(gaps: "List[Gap]") -> "List[Gap]":
    """Those of segments that were dropped one after the other as one."""
    found: "List[Gap]" = []
    for gap in sorted(gaps, key=lambda each: each.value.get("segment") or 0):
        before: "Dict[str, Any]" = found[-1].value if found else {}
        first = int(gap.value.get("first") or gap.value.get("segment") or 0)
        if gap.value["reason"] == before.get("reason") == DROPPED and before.get("segment") == first - 1:
            value = dict(gap.value, ticks=before["ticks"] + gap.value["ticks"], first=before.get("first", first - 1))
            value["from"] = before["from"]
            found[-1] = Gap(value, found[-1].asides + gap.asides)
        else:
            found.append(gap)
    return found


def gaps_of(
    parts: "List[Part]", number: int, single: bool, reason: str, until: "Optional[float]"
) -> "List[Dict[str, Any]]":
    """The gap that a segment leaves that is lost, or a `single` tick of it, and those it had to declare itself."""
    gaps = gaps_in(parts)  # a single tick is put aside with its own gap record
    return gaps if single else [Segment(number, False, 0, parts).gap(until, reason)] + gaps


def settle(folder: str, name: str) -> None:
    """What was put aside is declared: remove it, or move it into the quarantine."""
    path = os.path.join(folder, name)
    if name.endswith(".full"):
        remove(path)
        return
    os.makedirs(os.path.join(folder, QUARANTINE), exist_ok=True)
    try:
        os.rename(path, os.path.join(folder, QUARANTINE, name.split(".")[0] + ".json"))
    except FileNotFoundError:
        pass
