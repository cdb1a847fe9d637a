"""The bytes of a CSV file on their way into COPY: each row gets the collection's id, wherever blocks end."""

import csv
import io
from pathlib import Path

from fix_command import perfops, refused
from fix_database import connected
from fix_loaded import record_machine
from hypothesis import given
from hypothesis import strategies as st

from perfops.outputs.lines import quoted
from perfops.outputs.process import process_files
from perfops.store.connection import Connection
from perfops.store.copying import prefixed
from perfops.store.load import load
from perfops.store.sources import find_source

FIELD = st.text(st.sampled_from('a1,"\n\r é'), max_size=6)
ROWS = st.lists(st.lists(FIELD, min_size=2, max_size=3), max_size=6)


@given(ROWS, st.lists(st.integers(1, 9), max_size=60), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_every_row_and_nothing_else_gets_the_id(rows: list[list[str]], cuts: list[int], end: str, whole: bool) -> None:
    data = "".join(",".join(map(quoted, row)) + end for row in rows).encode()
    if not whole:
        data = data.removesuffix(end.encode())
    blocks, place = [], 0
    for length in cuts:
        blocks.append(data[place : place + length])
        place += length
    blocks.append(data[place:])
    text = b"".join(prefixed(filter(None, blocks), b"id,")).decode()
    assert list(csv.reader(io.StringIO(text, newline=""))) == [["id", *row] for row in rows]
    assert text.count("id,") == len(rows)


def test_progress_counts_the_bytes_of_the_files(connection: Connection, tmp_path: Path) -> None:
    process_files([record_machine(tmp_path / "a.json")], tmp_path / "out")
    told: list[int] = []
    source = find_source(tmp_path / "out")
    load(connection, source, advance=told.append)
    headers = sum(len(path.read_bytes().splitlines(keepends=True)[0]) for path in source.files.values())
    assert sum(told) == source.size() - headers


def test_a_row_that_comes_twice_is_named_and_nothing_is_loaded(database: str, tmp_path: Path) -> None:
    process_files([record_machine(tmp_path / "a.json")], tmp_path / "out")
    path = tmp_path / "out" / "disk.csv"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines, lines[3], ""]))
    code, text = refused(perfops("load", tmp_path / "out", "--db", database))
    place = f"{path} line {len(lines) + 1}"
    assert (code, text) == (2, f"{place}: the time and name of an earlier row again (process the collection again)")
    with connected(database) as connection:
        assert connection.execute("SELECT count(*) FROM collection").fetchone() == (0,)
