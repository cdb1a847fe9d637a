"""Rows to the text they have in a CSV file and in COPY: one place, so that both are the same bytes."""

import re
from typing import TYPE_CHECKING

from perfops.catalogue import Kind
from perfops.samples.rows import Key, Rows

if TYPE_CHECKING:
    from perfops.samples.devices import Values

INFINITE = re.compile(",-?inf")  # what is derived of damaged numbers may be


def quoted(text: str) -> str:
    """A field of a CSV file (RFC 4180), without zero bytes, which PostgreSQL does not take."""
    text = text.replace("\0", "\ufffd")
    if any(character in text for character in ',"\n\r'):
        return '"' + text.replace('"', '""') + '"'
    return text


def encoded(lines: list[str]) -> bytes:
    """The lines as the bytes of a file."""
    return "".join(lines).encode("utf-8", "backslashreplace")


class Lines:
    """The lines of one kind, gathered in `waiting` until whoever writes them takes them; `rows` counts all."""

    def __init__(self, kind: Kind) -> None:
        self.rows = 0
        self.waiting: list[str] = []
        self.template = ",%.4f" * len(kind.metrics)
        self.keys: dict[Key, str] = {"": ""}
        self.last: dict[Key, tuple[Values, str]] = {}

    def add(self, beginning: str, rows: Rows) -> None:
        """Append rows behind their `beginning`, which ends in the timestamp.

        Plain decimals with at most four places, what is no number empty. A key whose values are the very tuple of its
        last row (an idle disk) is not formatted again.
        """
        last, waiting, template, keys = self.last, self.waiting, self.template, self.keys
        for key, values in rows:
            known = last.get(key)
            if known is not None and known[0] is values:
                waiting.append(beginning + known[1])
                continue
            text = (template % values).replace(".0000", "")
            if "n" in text:
                text = text.replace(",nan", ",")
                if "n" in text:
                    text = INFINITE.sub(",", text)
            name = keys.get(key)
            text = f"{name if name is not None else self.name(key)}{text}\n"
            last[key] = (values, text)
            waiting.append(beginning + text)
        self.rows += len(rows)

    def name(self, key: Key) -> str:
        """The key's fields as they stand in its rows."""
        parts = (key,) if isinstance(key, str) else key
        text = self.keys[key] = "".join("," + quoted(part) for part in parts)
        return text
