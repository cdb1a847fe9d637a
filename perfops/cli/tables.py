"""Tables on standard output: drawn by rich on a terminal that is wide enough, plain aligned columns elsewhere.

Nothing is cut in either: a value that is shown can be copied.
"""

import shutil
import sys
from collections.abc import Mapping, Sequence

GAP = "  "  # between two plain columns


def show(columns: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[str] = ()) -> None:
    """Print a table with the names of its columns above; those in `right` hold numbers."""
    lines = plain([columns, *rows], [column in right for column in columns])
    if sys.stdout.isatty() and max(map(len, lines)) < shutil.get_terminal_size().columns:
        draw(columns, rows, right)
    else:
        print("\n".join(lines))


def draw(columns: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[str]) -> None:
    """A table for people."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", no_wrap=True)
    for row in rows:
        table.add_row(*map(Text, row))
    Console().print(table)


def plain(rows: Sequence[Sequence[str]], right: Sequence[bool]) -> list[str]:
    """Lines of aligned columns, each as wide as its widest cell."""
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    return [
        GAP.join(
            cell.rjust(width) if number else cell.ljust(width)
            for cell, width, number in zip(row, widths, right, strict=True)
        ).rstrip()
        for row in rows
    ]


def counts(samples: Mapping[str, int]) -> str:
    """Samples by kind in the order of the catalogue."""
    from perfops.catalogue import KINDS

    return ", ".join(f"{samples[kind.name]} {kind.name}" for kind in KINDS if samples.get(kind.name)) or "none"


def pairs(rows: Sequence[tuple[str, str]], indent: str = GAP) -> None:
    """Print names and values, a line each."""
    width = max((len(name) for name, _ in rows), default=0)
    for name, value in rows:
        print(f"{indent}{name.ljust(width)}{GAP}{value}")
