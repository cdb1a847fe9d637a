"""What a second recording of a collection adds: the other of two parts, the rest of a longer one or of a tick."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fix_database import MakeDatabase, connected
from fix_loaded import START, load_recordings, record_machine
from fix_recordings import write
from psycopg import sql

from perfops.catalogue import KINDS
from perfops.errors import BadInputError
from perfops.outputs.summary import Annotation, Summary
from perfops.store.books import check_books
from perfops.store.connection import Connection
from perfops.store.machines import find_machines
from perfops.store.merge import distinct

TICKS = 12


@pytest.fixture
def connections(databases: MakeDatabase) -> Iterator[tuple[Connection, Connection]]:
    """Connections to two databases with empty tables."""
    with connected(databases()) as first, connected(databases()) as second:
        yield first, second


def contents(connection: Connection) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every kind, in the order of its text."""
    found = {}
    for kind in KINDS:
        query = sql.SQL("SELECT * FROM {} t ORDER BY t::text").format(sql.Identifier(kind.table))
        found[kind.name] = connection.execute(query).fetchall()
    return found


def summary(connection: Connection) -> Summary:
    """The summary of the one collection."""
    row = connection.execute("SELECT summary FROM collection").fetchone()
    assert row is not None
    return Summary.model_validate(row[0])


def parts(folder: Path, cut: int) -> tuple[Path, Path]:
    """A recording in two: its first ticks, and the rest, each behind the host record."""
    lines = record_machine(folder / "whole.json", TICKS).read_bytes().splitlines(keepends=True)
    first = [line for line in lines if json.loads(line)["timestamp"] < START + cut]
    return write(folder / "first.json", first), write(folder / "second.json", [lines[0], *lines[len(first) :]])


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_two_parts_are_merged_in_any_order(order: tuple[int, int], connection: Connection, tmp_path: Path) -> None:
    both = parts(tmp_path, 5)
    done = [load_recordings(connection, tmp_path / str(number), both[number]) for number in order]
    assert [each.new for each in done] == [True, False]
    assert sorted(each.rows["host"] for each in done) == [4, 6]
    found = summary(connection)
    assert (found.start.timestamp(), found.end.timestamp()) == (START, START + TICKS - 1)
    assert (found.snapshots, found.segments, found.samples["host"], found.complete) == (TICKS, 2, TICKS - 2, True)
    (machine,) = find_machines(connection, str(done[0].collection))
    assert (machine.start, machine.end, machine.complete) == (found.start, found.end, True)
    assert [len(contents(connection)[kind]) for kind in ("host", "cpu")] == [TICKS - 2, 3 * (TICKS - 2)]


@pytest.mark.parametrize("order", [(0, 2, 1), (2, 0, 1), (0, 1, 2), (2, 1, 0)])
def test_what_lies_between_two_parts_is_a_gap_until_it_is_loaded(
    order: tuple[int, ...], connections: tuple[Connection, Connection], tmp_path: Path
) -> None:
    """In whatever order three parts come: while one is missing the books do not close, and with all of them they do."""
    connection, at_once = connections
    lines = record_machine(tmp_path / "whole.json", TICKS).read_bytes().splitlines(keepends=True)
    parts = []
    for number, (begin, end) in enumerate(((0, 4), (4, 8), (8, TICKS + 1))):
        rest = [line for line in lines[1:] if begin <= json.loads(line)["timestamp"] - START < end]
        head = lines[0] if number == 0 else told_later(lines[0], START + begin)
        parts.append(write(tmp_path / f"{number}.json", [head, *rest]))
    for done, number in enumerate(order, start=1):
        loaded = load_recordings(connection, tmp_path / f"loaded {number}", parts[number])
        (machine,) = find_machines(connection, str(loaded.collection))
        (*_, last) = sorted(order[:done])
        apart = last - min(order[:done]) + 1 > done
        gaps = [note for note in machine.annotations if note.kind == "gap"]
        assert [note.text for note in gaps] == ["4 ticks missed: no recording of this time is loaded"] * apart
        assert [(note.start.timestamp(), note.end and note.end.timestamp()) for note in gaps] == (
            [(START + 3, START + 8)] * apart
        )
        different = {check.name for check in check_books(connection, machine).differences}
        told_more = 2 in order[:done] and done < 3  # by the end record
        assert different == {name for name, differs in (("ticks", told_more), ("missed", apart)) if differs}
    found = summary(connection)
    assert (found.ticks, found.missed, found.snapshots, len(found.starts)) == (TICKS, 0, TICKS, 1)
    load_recordings(at_once, tmp_path / "whole", tmp_path / "whole.json")
    assert (found.starts, found.end_reason) == (summary(at_once).starts, summary(at_once).end_reason)


@pytest.mark.parametrize("order", [(0, 2, 1), (2, 0, 1), (0, 1, 2), (2, 1, 0)])
def test_between_recordings_that_have_ended_nothing_was_due(
    order: tuple[int, ...], connection: Connection, tmp_path: Path
) -> None:
    """The time between is a gap, and the books close at each step; the first of the second recording has one, too."""
    for number in order:
        path = record_machine(tmp_path / f"{number}.json", 4, start=START + 10 * number, missed=2 * (number == 1))
        loaded = load_recordings(connection, tmp_path / f"loaded {number}", path)
        (machine,) = find_machines(connection, str(loaded.collection))
        assert check_books(connection, machine).differences == []
    gaps = sorted(note.text for note in machine.annotations if note.kind == "gap")
    assert gaps == [
        f"{ticks} ticks missed: {reason}"
        for ticks, reason in ((2, "late"), (4, "the recorder had ended"), (6, "the recorder had ended"))
    ]
    found = summary(connection)
    assert (found.ticks, found.missed, found.snapshots, found.segments, len(found.starts)) == (12, 12, 12, 3, 3)


def told_later(host: bytes, timestamp: float) -> bytes:
    """A host record as a later part of the same start has it."""
    return json.dumps(json.loads(host) | {"timestamp": timestamp}, separators=(",", ":")).encode() + b"\n"


def test_parts_that_overlap_are_refused_and_nothing_changes(database: str, tmp_path: Path) -> None:
    _, second = parts(tmp_path, 3)
    second = second.rename(tmp_path / "overlapping.json")
    first, _ = parts(tmp_path, 5)
    with connected(database) as connection:
        load_recordings(connection, tmp_path / "a", first)
        before = contents(connection), summary(connection)
    with pytest.raises(BadInputError, match="overlaps what is loaded"), connected(database) as connection:
        load_recordings(connection, tmp_path / "b", second)
    with connected(database) as connection:
        assert (contents(connection), summary(connection)) == before


@pytest.mark.parametrize("missing", [1, 2, 3, 4])
def test_a_recording_cut_amid_a_tick_is_completed(
    missing: int, connections: tuple[Connection, Connection], tmp_path: Path
) -> None:
    """The last row of the cut one lacks figures of sources that were cut off; the whole one brings them."""
    one_by_one, at_once = connections
    whole = record_machine(tmp_path / "whole.json", TICKS)
    lines = whole.read_bytes().splitlines(keepends=True)
    end = next(number for number, line in enumerate(lines) if json.loads(line)["timestamp"] == START + 6)
    cut = write(tmp_path / "cut.json", lines[: end + missing])
    load_recordings(one_by_one, tmp_path / "a", cut)
    load_recordings(one_by_one, tmp_path / "b", whole)
    done = load_recordings(at_once, tmp_path / "b", whole)
    assert contents(one_by_one) == contents(at_once)
    assert summary(one_by_one) == summary(at_once)
    (machine,) = find_machines(one_by_one, str(done.collection))
    assert check_books(one_by_one, machine).differences == []
    load_recordings(one_by_one, tmp_path / "a", cut)
    assert contents(one_by_one) == contents(at_once)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_what_happened_twice_at_one_moment_keeps_each_text_and_the_latest_end(order: tuple[int, ...]) -> None:
    start = datetime(2026, 1, 10, 20, tzinfo=UTC)
    notes = [
        Annotation(kind="gap", start=start, end=end, text=text)
        for end, text in ((None, "b; a"), (start + timedelta(seconds=2), "a"), (start + timedelta(seconds=1), "c"))
    ]
    (found,) = distinct([notes[place] for place in order])
    assert found.end == start + timedelta(seconds=2)
    assert sorted(found.text.split("; ")) == ["a", "b", "c"]
