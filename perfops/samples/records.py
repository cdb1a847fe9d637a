"""Lines to records. A damaged line costs only itself: it is counted and told with its number."""

import zlib
from collections.abc import Iterable, Iterator
from functools import partial
from gzip import GzipFile
from typing import IO, Any, NamedTuple, cast

import orjson

from perfops.samples.notes import Notes

DAMAGED = "damaged lines"
LONGEST = 64 << 20  # bytes of a line; what is longer is no record, and must not fill the memory
GZIP_MAGIC = b"\x1f\x8b"
NUMBERS = (int, float)
LAST_TIME = 253_402_300_799  # Unix seconds of the last second of the year 9999: what comes later is no time
BOM = b"\xef\xbb\xbf"  # some editors put it in front of the first line


class Record(NamedTuple):
    """One line of a collection: Unix seconds, seconds of boottime or None, subsystem, the kernel's text."""

    timestamp: float
    monotonic: float | None
    subsystem: str
    measurement: str


Fields = tuple[float, float | None, str, str]  # of a record


def read_lines(file: IO[bytes], name: str, notes: Notes) -> Iterator[bytes]:
    """Lines of an open file, plain or gzip (told by its first bytes), in bounded memory.

    A gzip file that ends too early or breaks gives what could be unpacked, and a remark.
    """
    packed = cast("bytes", file.peek(2))[:2] == GZIP_MAGIC if hasattr(file, "peek") else False
    source: IO[bytes] = cast("IO[bytes]", GzipFile(fileobj=file)) if packed else file
    try:
        yield from bounded_lines(source)
    except (EOFError, zlib.error, OSError) as error:
        if not packed:
            raise
        notes.add("cut files", f"{name}: the gzip data ends too early or is damaged ({error}); read up to there")


def bounded_lines(file: IO[bytes]) -> Iterator[bytes]:
    """Lines of an open file, with its end; of one that is longer than LONGEST the first LONGEST bytes."""
    for line in iter(partial(file.readline, LONGEST), b""):
        if len(line) == LONGEST and not line.endswith(b"\n"):
            while (rest := file.readline(LONGEST)) and not rest.endswith(b"\n"):
                pass
        yield line


def parse_record(line: bytes) -> Record | str:
    """The record of a line, or why there is none."""
    try:
        return record_of(orjson.loads(line))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return parse_record(line[len(BOM) :]) if line.startswith(BOM) else reason(error, line)


def record_of(value: Any) -> Record | str:
    """The record of a parsed line, or why it is none; KeyError, TypeError or AttributeError where keys are missing."""
    timestamp, subsystem, measurement = value["timestamp"], value["subsystem"], value["measurement"]
    monotonic = value.get("monotonic")
    if (
        measurement.__class__ is str
        and subsystem.__class__ is str
        and timestamp.__class__ in NUMBERS
        and (monotonic is None or monotonic.__class__ in NUMBERS)
    ):
        if 0 <= timestamp < LAST_TIME:
            return Record(timestamp, monotonic, subsystem, measurement)
        return f"no such time: {timestamp}"
    return "a value has the wrong type"


def read_records(lines: Iterable[bytes], name: str, notes: Notes, first: int = 1) -> Iterator[Record]:
    """Records of a collection's lines; what is no record is remarked under DAMAGED with its line number.

    `first` is the number of the first line.
    """
    for number, line in enumerate(lines, first):
        record = parse_record(line)
        if record.__class__ is Record:
            yield record
        elif line.strip():
            notes.add(DAMAGED, f"{name}, line {number}: {record}")


def reason(error: Exception, line: bytes) -> str:
    """Why a line is no record, in a few words."""
    if isinstance(error, KeyError):
        return f"no {error.args[0]!r}"
    if not isinstance(error, ValueError):
        return "not a JSON object"
    if len(line) >= LONGEST:
        return f"longer than {LONGEST >> 20} MiB"
    return "cut short" if not line.endswith(b"\n") else "not JSON"


def json_object(text: str) -> dict[str, Any] | None:
    """The object in a measurement that is JSON, None where there is none; no text in it holds a zero byte.

    PostgreSQL takes no zero byte in a text, and the kernel gives none: it can only be damage.
    """
    try:
        value = orjson.loads(text.replace("\\u0000", "\ufffd"))
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None
