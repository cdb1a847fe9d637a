"""When to try again: full jitter, 1 s to 30 s, or when the receiver says."""

import random
import time
from email.utils import parsedate_to_datetime

MYPY = False
if MYPY:
    from typing import Optional

FIRST, LONGEST = 1.0, 30.0  # seconds
MOST = 86400.0


class BackOff:
    """Seconds to the next try: anything up to a limit that doubles, so that many senders do not come back at once."""

    def __init__(self) -> None:
        self.limit = FIRST

    def succeeded(self) -> None:
        """Begin anew."""
        self.limit = FIRST

    def next(self, asked: "Optional[float]" = None) -> float:
        """Seconds to wait; not less than was `asked` for."""
        delay = random.uniform(0, self.limit)  # noqa: S311
        self.limit = min(self.limit * 2, LONGEST)
        return delay if asked is None else asked + min(delay, FIRST)


def retry_after(text: "Optional[str]") -> "Optional[float]":
    """Seconds of a Retry-After header, which may be a number or a date; None where it says neither."""
    if not text:
        return None
    text = text.strip()
    if text.isdecimal():
        return min(float(text[:9]), MOST)
    try:
        moment = parsedate_to_datetime(text)
        return min(max(moment.timestamp() - time.time(), 0.0), MOST)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
