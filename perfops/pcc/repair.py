"""A damaged segment made good: what is whole stays as it is, what is lost is declared in a gap record in its place.

Nothing is guessed: how many ticks are missing is known by the numbers of the frames around. The beginning of a segment,
the host record and the last tick before it, is restored from the segment before. A torn end is where the writer was
killed: it is cut off, and was no tick yet.
"""

from .encode import gap_line, gap_value
from .frames import frame, is_tick, is_torn, restamped, said, sampled, seems_a_tick, start_of, time_of, value_of

MYPY = False
if MYPY:
    from typing import List, NamedTuple, Optional

    from .frames import Part

    # The end of a segment: number, records and host record of its last tick.
    Tail = NamedTuple("Tail", [("number", int), ("tick", bytes), ("host", bytes)])
    # What lies behind a segment: the number its next one begins with, and the time of that one's first own tick.
    Next = NamedTuple("Next", [("number", int), ("time", "Optional[float]")])
else:
    from collections import namedtuple

    Tail = namedtuple("Tail", "number tick host")
    Next = namedtuple("Next", "number time")

NOTHING = Tail(0, b"", b"")


def tail_of(parts: "List[Part]", before: Tail = NOTHING) -> Tail:
    """The end of a segment, of which `before` is what was before it."""
    number, tick, host = before
    for part in parts:
        if part.data is None:
            continue
        number = part.number
        tick = sampled(part.data) or tick
        host = (said(part.data, b"host") or [host])[-1]
    return Tail(number, tick, host)


def head_of(parts: "List[Part]", segment: int) -> Next:
    """How many ticks a segment begins behind, and when its first own one was."""
    before = -1
    for place, part in enumerate(parts):
        if part.data is None:
            continue
        ticks = is_tick(part.data)
        if before < 0:
            repeats = segment > 1 and place == 0 and ticks
            before = part.number - (ticks and not repeats)
            if repeats:
                continue
        if ticks:
            return Next(before, time_of(part.data))
    return Next(before, None)


def begins_well(parts: "List[Part]") -> bool:
    """Whether there is a host record in front, as a receiver must have it."""
    return bool(parts) and parts[0].data is not None and bool(said(parts[0].data, b"host"))


def repaired(
    text: bytes, segment: int, before: Tail, after: "Optional[Next]", goes_on: bool, parts: "List[Part]"
) -> bytes:
    """The segment without its damage; the same bytes where there is none. `parts` are those of its text.

    `before` is the end of the segment before it, without a tick where that is not known any more, `after` the beginning
    of the one behind it, None for the newest. Where the collection `goes_on`, what is missing at the very end is told
    by the gap of the restart.
    """
    last = before
    known = bool(before.tick) or segment == 1
    out: "List[bytes]" = []
    if begins_well(parts):
        # What it begins with is the tick before it, whatever became of the segment that this was in.
        last, known = last if segment == 1 else tail_of(parts[:1], last), True
    elif last.tick and last.host and segment > 1:
        start = start_of(last.tick)
        out.append(frame(restamped(last.host, start) + last.tick, last.number))
    elif last.host and (parts[0].data if parts else None) is None:
        for part in [part for part in parts if part.data is not None][:1]:
            data = part.data or b""
            out.append(frame(restamped(last.host, start_of(data)), part.number - is_tick(data)))
    frequency = value_of(last.host).get("frequency") or 1.0
    for place, part in enumerate(parts):
        if part.data is not None:
            out.append(text[part.begin : part.end])
            last = tail_of([part], last)
            known = True
            continue
        follower = parts[place + 1] if place + 1 < len(parts) else None
        if follower is not None and follower.data is not None:
            until = follower.number - is_tick(follower.data)
            lost = until - last.number if known else 1
            moment, start = time_of(follower.data), start_of(follower.data)
            if not known:
                # Without the tick before it this one gives no row; the gap must reach over it.
                later = [each for each in parts[place + 2 :] if each.data is not None and is_tick(each.data)]
                until_time = time_of(later[0].data) if later and later[0].data else moment + frequency
                since = moment - frequency
                out.append(frame(gap_line(start, gap_value(since, until_time, lost, "damaged")), until))
            elif lost > 0:
                since = time_of(last.tick) if last.tick else moment - lost * frequency
                out.append(frame(gap_line(start, gap_value(since, moment, lost, "damaged")), until))
        elif after is None and not goes_on and not is_torn(text, part):
            lost = (
                max(part.number - last.number, 0)
                if part.number >= 0
                else int(seems_a_tick(text[part.begin : part.end]))
            )
            if lost and last.tick:
                since = time_of(last.tick)
                value = gap_value(since, since + (lost + 1) * frequency, lost, "damaged")
                out.append(frame(gap_line(start_of(last.tick), value), last.number))
    if after is not None and after.number > last.number:
        out += missing_end(last, after, segment, frequency)
    if len(out) == 1 and all(part.data is None for part in parts):
        return b""  # nothing but what it would have begun with
    return b"".join(out)


def missing_end(last: Tail, after: Next, segment: int, frequency: float) -> "List[bytes]":
    """A frame that declares the ticks between a segment's last one and the next segment's first."""
    lost = after.number - last.number - (segment == 1 and not last.tick)
    if lost <= 0 or not last.tick:
        return []
    since = time_of(last.tick)
    until = after.time if after.time is not None else since + (lost + 1) * frequency
    return [frame(gap_line(start_of(last.tick), gap_value(since, until, lost, "damaged")), after.number)]
