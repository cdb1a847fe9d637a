"""The bytes of a CSV file on their way into COPY: each row gets the collection's id, wherever blocks end."""

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from perfops.outputs.csv import quoted
from perfops.store.copying import prefixed

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
