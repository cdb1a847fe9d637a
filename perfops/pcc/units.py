"""Durations and labels as people write them."""

import os
import re

from .errors import PccError

MYPY = False
if MYPY:
    from typing import Dict, Union

SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
LONGEST = 10000 * 86400.0  # a system call's time-out ends at some centuries
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SIZES = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
SIZE = re.compile(r"(\d+)([KMGT]?)B?")
PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")


def parse_duration(text: str, origin: str, example: str) -> float:
    """Seconds of a duration such as `10m`, `250ms` or `1h30m`.

    `origin` names where the text was given (PCC_DURATION, --duration) and `example` is the remedy, for the error.
    """
    seconds, position = 0.0, 0
    for match in PART.finditer(text):
        if match.start() != position:
            break
        seconds += float(match.group(1)) * SECONDS[match.group(2)]
        position = match.end()
    if position != len(text) or not 0 < seconds <= LONGEST:
        raise PccError("bad value for {}: {!r} (try {})".format(origin, text, example))
    return seconds


def parse_size(text: str, origin: str, example: str) -> int:
    """Bytes of a size such as `100M` or `2G`, powers of 1024; 0 is `0`."""
    match = SIZE.fullmatch(text)
    if match is None:
        raise PccError("bad value for {}: {!r} (try {})".format(origin, text, example))
    return int(match.group(1)) * SIZES[match.group(2)]


def size_text(size: int) -> str:
    """A size as parse_size reads it."""
    for letter in "TGMK":
        if size and not size % SIZES[letter]:
            return "{}{}".format(size // SIZES[letter], letter)
    return str(size)


def parse_labels(text: str, origin: str) -> "Dict[str, str]":
    """Labels of `k=v,k=v`."""
    labels = {}
    for item in text.split(","):
        if not item.strip():
            continue
        key, separator, value = item.partition("=")
        if not separator or not key.strip():
            raise PccError(
                "bad value for {}: {!r} has no key or no '=' (try build=42,kind=nightly)".format(origin, item)
            )
        labels[key.strip()] = value.strip()
    return labels


def plain(seconds: float) -> "Union[int, float]":
    """The number to the microsecond, without a fraction where it has none, for messages."""
    seconds = round(seconds, 6)
    return int(seconds) if seconds == int(seconds) else seconds


def clean(text: str) -> str:
    """Text from outside as JSON can hold it: bytes that were no UTF-8 become `\\xNN`.

    Python 3.6 in the C locale takes every letter beyond ASCII for such bytes.
    """
    return os.fsencode(text).decode("utf-8", "backslashreplace")
