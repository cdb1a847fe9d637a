"""Times as text."""

from datetime import UTC, datetime


def iso(timestamp: float) -> str:
    """Unix seconds as ISO 8601 in UTC, with a fraction (microseconds at most) only where there is one.

    Times outside the years 1 to 9999 are a ValueError.
    """
    micros = round(timestamp * 1_000_000)
    seconds, fraction = divmod(micros, 1_000_000)
    try:
        text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    except (OverflowError, OSError) as error:
        raise ValueError(f"no such time: {timestamp}") from error
    return f"{text}.{fraction:06d}".rstrip("0") + "Z" if fraction else text + "Z"


def moment(timestamp: float) -> datetime:
    """Unix seconds as a datetime in UTC, to the microsecond."""
    seconds, fraction = divmod(round(timestamp * 1_000_000), 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=fraction)
