"""Statements of the commands as they reach the server, parsed and held against the rules for several servers.

Everything that reads or changes samples is run once over a connection that writes down what it sends. A text of SQL in
the code that names a table of samples and was never sent fails here, too.
"""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from fix_database import MakeDatabase, connected
from fix_loaded import load_recordings
from fix_report import Events, record_load
from fix_rules import SAMPLES, Sent, both_sides, bounded, conditions, pattern, recorded, sources, texts
from sqlglot import exp, parse_one

from perfops.catalogue import CPU
from perfops.compare.metrics import find_metrics
from perfops.compare.percentiles import compare
from perfops.outputs.summary import Annotation
from perfops.receiver.ingest import read_batch
from perfops.report.gather import gather
from perfops.store.batches import Memory, write_batches
from perfops.store.books import check_books
from perfops.store.connection import Connection
from perfops.store.live import find_live
from perfops.store.machines import find_machines
from perfops.store.remove import remove
from perfops.store.rows import check_device, find_ends, stream_rows
from perfops.store.streams import annotate

STREAMED = "11111111-2222-4333-8444-555555555556"
WHOLE = {  # reads of all there is of a collection, whatever its times say
    "books.find_held": "rows outside of the collection's time are what it looks for",
    "streams.rows_of": "a collection's times are made of what is counted here",
    "load.complete_last_rows": "the newest row, by the key",
    "remove.remove": "all of it goes",
}
MANY = {"live.find_live"}  # across collections, which are joined by their ids


@pytest.fixture(scope="module")
def sent(databases: MakeDatabase, tmp_path_factory: pytest.TempPathFactory) -> list[Sent]:
    """What each function sends when it loads, receives, reads and removes."""
    folder, url = tmp_path_factory.mktemp("rules"), databases()
    with connected(url) as connection:
        found = recorded(connection)
        use_files(connection, folder)
        use_batches(connection, folder)
    return found


def use_files(connection: Connection, folder: Path) -> None:
    """Load a recording, and once more when figures of its last rows are missing; read it in every way."""
    recording = record_load(folder / "file.json", 60, identity=STREAMED.replace("1111", "3333"), newer=True)
    identity = load_recordings(connection, folder / "file", recording).collection
    connection.execute(
        "UPDATE host_sample SET cpu_user = NULL WHERE timestamp = (SELECT max(timestamp) FROM host_sample)"
    )
    load_recordings(connection, folder / "file", recording)
    (machine,) = find_machines(connection, str(identity))
    check_books(connection, machine)
    find_ends(connection, machine, CPU, None, 3)
    check_device(connection, [machine], CPU, "0")
    assert list(stream_rows(connection, machine, CPU, "0"))
    gather(connection, machine, 1000)
    gather(connection, machine, 20)
    compare(connection, machine, machine, find_metrics(["cpu_busy", "disk.read_bytes", "container.cpu_percent"]))
    assert remove(connection, identity)


def use_batches(connection: Connection, folder: Path) -> None:
    """Receive a batch twice, with a gap of ticks that were sampled and lost; look at what streams."""
    recording = record_load(folder / "stream.json", 30, identity=STREAMED, newer=True, events=Events(cut=True))
    records = [json.loads(line) for line in recording.read_text(encoding="utf-8").splitlines() if line.startswith("{")]
    value = {"identifier": "vm", "collection": STREAMED, "sequence": 1, "measurements": records}
    batch, _ = read_batch(json.dumps(value).encode())
    for memory in (Memory(), Memory()):
        write_batches(connection, [batch], memory)
    start = batch.piece.first + timedelta(seconds=3)
    lost = Annotation(kind="gap", start=start, end=start + timedelta(seconds=2), text="2 ticks missed: spool full")
    annotate(connection, [(UUID(STREAMED), lost)])
    find_live(connection, None)
    (machine,) = find_machines(connection, STREAMED)
    check_books(connection, machine)


@pytest.fixture(scope="module")
def parsed(sent: list[Sent]) -> list[tuple[Sent, exp.Expression]]:
    """The statements that read or change rows, each once."""
    found = {}
    for each in sent:
        if each.text.split()[0] in ("SELECT", "WITH", "INSERT", "UPDATE", "DELETE"):
            found[each.function, each.text] = each
    return [(each, parse_one(each.text, dialect="postgres")) for each in found.values()]


def selects(statement: exp.Expression) -> Iterator[exp.Expression]:
    """Every part of a statement that has rows of its own to choose."""
    yield from statement.find_all(exp.Select, exp.Update, exp.Delete)


def tables(part: exp.Expression) -> list[str]:
    """Tables of such a part, of subqueries none."""
    if isinstance(part, exp.Select):
        return [table.name for table in sources(part)]
    joined = part.args.get("from_") or part.args.get("from")
    return [part.this.name, *([joined.this.name] if joined is not None else [])]


def test_every_text_of_sql_about_samples_is_sent_here(sent: list[Sent]) -> None:
    every = [" ".join(each.text.replace('"', "").split()) for each in sent]
    found = list(texts())
    assert len(found) > 15
    unsent = [place for place, text in found if not any(pattern(text.replace('"', "")).search(one) for one in every)]
    assert not unsent


def test_samples_are_read_of_named_collections_in_a_bounded_time(parsed: list[tuple[Sent, exp.Expression]]) -> None:
    seen, excused = set(), set()
    for each, statement in parsed:
        for part in selects(statement):
            if not SAMPLES & set(tables(part)):
                continue
            seen.add(each.function)
            assert named(part) or each.function in MANY, each
            if not bounded(part, "timestamp", exp.Between, exp.EQ, exp.GT, exp.GTE):
                excused.add(each.function)
    assert excused == WHOLE.keys()
    assert {"rows.find_ends", "frames.fetch_frame", "statistics.statistics", "percentiles.compare"} <= seen


def named(part: exp.Expression) -> bool:
    """Whether a part names its collections by constants."""
    for condition in conditions(part):
        for one in both_sides(condition):
            if isinstance(one, exp.EQ | exp.In) and one.this.name == "collection_id":
                values = [one.expression] if isinstance(one, exp.EQ) else one.expressions
                if all(isinstance(bare(value), exp.Literal) for value in values):
                    return True
    return False


def bare(value: exp.Expression) -> exp.Expression:
    """A value without the type it is cast to."""
    return value.this if isinstance(value, exp.Cast) else value


def test_samples_are_joined_with_no_other_samples_and_with_no_temporary_table(
    parsed: list[tuple[Sent, exp.Expression]],
) -> None:
    stages = {f"new_{table}" for table in SAMPLES}
    for each, statement in parsed:
        for part in selects(statement):
            found = tables(part)
            assert sum(name in SAMPLES for name in found) <= 1, each
            assert len(found) == 1 or not stages & set(found), each


def test_an_insert_has_no_subquery_but_its_source_and_its_update_is_of_values(
    parsed: list[tuple[Sent, exp.Expression]],
) -> None:
    seen = 0
    for each, statement in parsed:
        if not isinstance(statement, exp.Insert):
            continue
        seen += 1
        source = statement.expression
        inner = [part for part in statement.find_all(exp.Select) if part is not source]
        assert all(part.find_ancestor(exp.Select) is source for part in inner), each
        conflict = statement.args.get("conflict")
        if conflict is not None:
            assert not any(isinstance(part, exp.Select | exp.CurrentTimestamp) for part in conflict.walk()), each
    assert seen > 10


def test_the_collector_is_written_before_all_else_and_nothing_else_is_read_before(sent: list[Sent]) -> None:
    """A row in a table that is on every server cannot follow what went to several of them, in one transaction."""
    words = [each.text.split() for each in sent]
    collector, collection = (
        next(place for place, found in enumerate(words) if found[:3] == ["INSERT", "INTO", name])
        for name in ("collector", "collection")
    )
    copies = [place for place, found in enumerate(words) if found[0] == "COPY"]
    assert collector < collection < copies[0]
    before = parse_one(sent[0].text, dialect="postgres")
    assert {table.name for table in before.find_all(exp.Table)} == {"collector"}
    assert collector == 1
    assert all(found[found.index("FROM") :][:2] == ["FROM", "STDIN"] for place in copies for found in [words[place]])


def test_nothing_depends_on_the_session(parsed: list[tuple[Sent, exp.Expression]]) -> None:
    bins = 0
    for each, statement in parsed:
        called = {found.name.lower() for found in statement.find_all(exp.Anonymous)}
        functions = {found.sql_name().lower() for found in statement.find_all(exp.Func)}
        assert not {"date_trunc", "timestamp_trunc", "current_date"} & (called | functions), each
        for found in statement.find_all(exp.Anonymous, exp.DateBin):
            if found.sql_name().lower() == "date_bin" or found.name.lower() == "date_bin":
                bins += 1
                assert found.sql(dialect="postgres").count("+00") >= 1, each
    assert bins
