"""File systems from statfs[*]: one JSON object a line."""

import orjson

Values = tuple[float, ...]


def parse(text: str, before: dict[str, tuple[str, Values]]) -> dict[str, tuple[str, Values]]:
    """Lines to (mount point, values), by the line's text; lines that stand as they stood `before` are not read again.

    ValueError (orjson's among them), KeyError or TypeError where a line is not such an object.
    """
    return {line: before.get(line) or _read(line) for line in text.split("\n") if line}


def _read(line: str) -> tuple[str, Values]:
    space = orjson.loads(line)
    block, total, free, available = (
        int(space[name]) for name in ("block_size", "blocks_total", "blocks_free", "blocks_available")
    )
    used = max(total - free, 0)
    usable = used + available
    return str(space["mount_point"]), (
        float(total * block),
        float(free * block),
        float(available * block),
        used / usable * 100 if usable > 0 else 0.0,
    )
