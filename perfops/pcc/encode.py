"""Records as lines of JSON.

The kernel's text is escaped with a few passes over the bytes: several times cheaper than decoding it and calling the
json module, and this runs every tick on a machine under test.
"""

import json

MYPY = False
if MYPY:
    from typing import Any, Dict, Optional

# Bytes that stand in a JSON string as they are; the four that the kernel's text is full of are replaced below.
PLAIN = bytes(set(range(0x20, 0x7F)) | set(b"\n\t"))


def escape(text: bytes) -> bytes:
    """`text` as the inside of a JSON string; bytes that are not UTF-8 (names can hold any) become `\\xNN`."""
    if text.translate(None, PLAIN):
        return json.dumps(text.decode("utf-8", "backslashreplace")).encode("ascii")[1:-1]
    return text.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n").replace(b"\t", b"\\t")


def stamp(timestamp: float, monotonic: float) -> bytes:
    """The beginning of every record of a tick."""
    return b'{"timestamp":%.3f,"monotonic":%.6f,"subsystem":"' % (timestamp, monotonic)


def line(start: bytes, subsystem: str, measurement: bytes) -> bytes:
    """One record: `start` from stamp(), the subsystem's name, the raw measurement."""
    return start + subsystem.encode("ascii") + b'","measurement":"' + escape(measurement) + b'"}\n'


def json_line(start: bytes, subsystem: str, value: "Any") -> bytes:
    """A record whose measurement is JSON."""
    return line(start, subsystem, json_text(value))


def gap_value(since: float, until: float, ticks: int, reason: str, segment: "Optional[int]" = None) -> "Dict[str, Any]":
    """What a gap record says: the ticks before and after, how many are missing, why, and of which segment they were."""
    value: "Dict[str, Any]" = {"from": round(since, 3), "to": round(until, 3), "ticks": ticks, "reason": reason}
    return value if segment is None else dict(value, segment=segment)


def gap_line(start: bytes, value: "Dict[str, Any]") -> bytes:
    """A gap record."""
    return json_line(start, "gap", value)


def json_text(value: "Any") -> bytes:
    """A measurement that is JSON."""
    return json.dumps(value, sort_keys=True).encode("ascii")
