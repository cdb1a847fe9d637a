"""Times as text."""

from datetime import UTC, datetime
from functools import lru_cache


@lru_cache(maxsize=16)
def _minute(minutes: int) -> str:
    return datetime.fromtimestamp(minutes * 60, UTC).strftime("%Y-%m-%dT%H:%M:")


def iso(timestamp: float) -> str:
    """Unix seconds as ISO 8601 in UTC, with a fraction (microseconds at most) only where there is one.

    Times outside the years 1 to 9999 are a ValueError.
    """
    whole, fraction = divmod(round(timestamp * 1_000_000), 1_000_000)
    minutes, seconds = divmod(whole, 60)
    try:
        text = f"{_minute(minutes)}{seconds:02d}"
    except (OverflowError, OSError) as error:
        raise ValueError(f"no such time: {timestamp}") from error
    return f"{text}.{fraction:06d}".rstrip("0") + "Z" if fraction else text + "Z"


def moment(timestamp: float) -> datetime:
    """Unix seconds as a datetime in UTC, to the microsecond."""
    whole, fraction = divmod(round(timestamp * 1_000_000), 1_000_000)
    return datetime.fromtimestamp(whole, UTC).replace(microsecond=fraction)
