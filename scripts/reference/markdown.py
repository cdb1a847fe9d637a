"""Pieces of a page."""

from collections.abc import Iterable, Sequence


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; a bar in a cell is escaped."""
    lines = [columns, ["---"] * len(columns), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def code(text: object) -> str:
    """Text as code, nothing for nothing."""
    return f"`{text}`" if text not in (None, "") else ""


def block(text: str, language: str = "sh") -> str:
    """Lines of code."""
    return f"```{language}\n{text}\n```\n"
