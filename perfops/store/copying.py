"""CSV files into tables: the bytes go to COPY as they are, each row with its collection's id in front."""

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO
from uuid import UUID

import psycopg
from psycopg import sql

from perfops.catalogue import Kind
from perfops.errors import BadInputError
from perfops.store.connection import Connection
from perfops.store.sources import check_header, header_fields

BLOCK = 1 << 18  # bytes
PLACE = re.compile(r"line (\d+)(?:, column (\w+))?(?:: \"(.*)\")?$", re.DOTALL)
SHOWN = 60  # characters of a bad value


def copy_file(
    connection: Connection,
    kind: Kind,
    path: Path,
    collection: UUID,
    advance: Callable[[int], None],
    *,
    table: str | None = None,
) -> int:
    """Copy a CSV file into the kind's table, or into `table` with the same columns; returns the number of rows.

    `advance` is called with the bytes of each block. BadInputError names the line, column and value the server refused.
    """
    try:
        file = path.open("rb", buffering=BLOCK)
    except OSError as error:
        raise BadInputError(f"cannot read {path}: {error.strerror}") from error
    with file, connection.cursor() as cursor:
        header = file.readline()
        columns = check_header(header_fields(header, path), kind, path)
        names = sql.SQL(", ").join(sql.Identifier(name) for name in ("collection_id", *columns))
        into = sql.Identifier(table or kind.table)
        statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv{})").format(into, names, texts(kind))
        try:
            with cursor.copy(statement) as copy:
                for block in prefixed(read_blocks(file, advance), f"{collection},".encode()):
                    copy.write(block)
        except psycopg.DataError as error:
            raise BadInputError(refused_row(path, error)) from error
        except psycopg.IntegrityError as error:
            raise BadInputError(refused_row(path, error)) from error
        return cursor.rowcount


def texts(kind: Kind) -> sql.Composable:
    """COPY's option for the columns that are text: an empty one, as a container's unknown name, is a text, too."""
    columns = sql.SQL(", ").join(sql.Identifier(column.name) for column in (*kind.keys, *kind.details))
    return sql.SQL(", FORCE_NOT_NULL ({})").format(columns) if kind.keys else sql.SQL("")


def read_blocks(file: IO[bytes], advance: Callable[[int], None]) -> Iterator[bytes]:
    """The rest of an open file in blocks; `advance` hears of each once it is done with."""
    while block := file.read(BLOCK):
        yield block
        advance(len(block))


def prefixed(blocks: Iterable[bytes], prefix: bytes) -> Iterator[bytes]:
    """The blocks of a CSV file without its header, with `prefix` at the start of each row.

    A line end inside quotes starts no row. Between two quotes stands either a quoted field or, where the number of
    quotes so far is even, what is outside; a doubled quote in a field leaves that count as it was.
    """
    starts, quoted = True, False
    replacement = b"\n" + prefix
    for block in blocks:
        if quoted or b'"' in block:
            parts = block.split(b'"')
            for place in range(int(quoted), len(parts), 2):
                parts[place] = parts[place].replace(b"\n", replacement)
            quoted ^= not len(parts) % 2
            text = b'"'.join(parts)
        else:
            text = block.replace(b"\n", replacement)
        if starts:
            text = prefix + text
        starts = not quoted and block.endswith(b"\n")
        yield text[: -len(prefix)] if starts else text


def refused_row(path: Path, error: psycopg.Error) -> str:
    """Which row of a file the server refused, and why; line 1 of what it saw is line 2 of the file."""
    reason = error.diag.message_primary or str(error)
    found = PLACE.search(error.diag.context or "")
    if isinstance(error, psycopg.errors.UniqueViolation):
        reason = "the time and name of an earlier row again"
    if not found:
        return f"{path}: {reason} (process the collection again)"
    line, column, value = found.groups()
    place = f"{path} line {int(line) + 1}" + (f", {column}" if column else "")
    if column and value is not None:
        return f"{place}: bad value {value[:SHOWN]!r} (process the collection again)"
    return f"{place}: {reason} (process the collection again)"
