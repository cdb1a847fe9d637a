"""Numbers as people read them: three figures, a prefix and the unit. `format.js` does the same in the browser."""

from datetime import timedelta

from perfops.catalogue import Unit

NONE = "–"
SPACE = "\u00a0"  # between a number and its unit: no line ends there
BINARY = ("", "Ki", "Mi", "Gi", "Ti", "Pi")
DECIMAL = ("", "k", "M", "G")


def human(value: float | None, unit: Unit) -> str:
    """A value with its unit: `1.5 MiB/s`, `1.66 k/s`, `12.3 %`, `–` for None."""
    if value is None:
        return NONE
    match unit:
        case Unit.PERCENT:
            return f"{figures(value)}{SPACE}%"
        case Unit.BYTES:
            return f"{scaled(value, 1024, BINARY)}B"
        case Unit.MIB:
            return f"{scaled(value * 2**20, 1024, BINARY)}B"
        case Unit.BYTES_PER_SECOND:
            return f"{scaled(value, 1024, BINARY)}B/s"
        case Unit.PER_SECOND:
            return scaled(value, 1000, DECIMAL).rstrip() + "/s"
        case Unit.MILLISECONDS:
            return f"{figures(value / 1000)}{SPACE}s" if abs(value) >= 1000 else f"{figures(value)}{SPACE}ms"
        case Unit.COUNT:
            return scaled(value, 1000, DECIMAL).rstrip()


def scaled(value: float, base: int, prefixes: tuple[str, ...]) -> str:
    """The value over the largest power of `base` below it, a space and that power's prefix."""
    power = 0
    while abs(value) >= base and power < len(prefixes) - 1:
        value /= base
        power += 1
    return f"{figures(value)}{SPACE}{prefixes[power]}"


def figures(value: float) -> str:
    """Three figures without an exponent or zeros at the end; all of a larger whole number."""
    size = abs(value)
    if size == 0:
        return "0"
    if size < 0.01:
        return "<0.01" if value > 0 else ">−0.01"
    places = 0 if size >= 99.95 else 1 if size >= 9.995 else 2
    text = f"{value:.{places}f}"
    return text.rstrip("0").rstrip(".") if places else text


def length(seconds: float) -> str:
    """A length of time: `10 min 30 s`, `24 h`, `250 ms`."""
    if 0 < seconds < 1:
        return f"{figures(seconds * 1000)} ms"
    if seconds < 59.95:
        return f"{figures(seconds)} s"
    whole = timedelta(seconds=round(seconds))
    minutes, rest = divmod(whole.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((whole.days, "d"), (hours, "h"), (minutes, "min"), (rest, "s"))
    return " ".join(f"{count} {name}" for count, name in parts if count)
