"""Every query of every dashboard, expanded as Grafana does, run on PostgreSQL as the role that can only read."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

import psycopg
import pytest
from fix_choices import choose, spans
from fix_dashboards import LIVE, REAL, SITES, Shown
from fix_database import MakeDatabase, connected
from fix_grafana import Asked, View, boards, expand, interval, queries
from fix_recordings import needs_recordings
from psycopg.conninfo import make_conninfo

from perfops.store.grants import grant_reader

pytestmark = needs_recordings

BOARDS = {board["title"]: board for board in boards()}
MODES = ("single", "multi", "all")
SPANS = ("ALL", "1H", "7D")
RAN: Counter[str] = Counter()
# What the real recordings do not have: pressure, paging, TCP, inodes, limits; no gaps, no phases.
UNRECORDED = {
    "Phases", "Gaps", "Reboots and clock", "What happened", "Pressure", "Pressure of CPU and memory",
    "Pressure of I/O", "Paging", "Load", "Page faults", "Reclaim and swapping", "TCP trouble", "TCP segments",
    "TCP connections", "New TCP connections",
    "Lost, refused and sent again", "Open files", "Inodes in use, $show of each point", "Container CPU limit",
    "Of programs, $show of each point", "Of files, $show of each point", "Container I/O",
    "CPU held back by the limit, $show of each point", "Periods at the CPU limit, $show of each point",
    "Share of the memory limit, $show of each point",
}  # fmt: skip
NO_IO = {"Container I/O", *(f"{name}, $show of each point" for name in ("Read", "Written", "Reads", "Writes", "Tasks"))}
STREAMLESS = {  # what the made-up stream does not have
    "Load",    "Reboots and clock", "Disk waiting time", "Waiting time", "Of files, $show of each point", *NO_IO,
    "CPU held back by the limit, $show of each point",
}  # fmt: skip


class Run(NamedTuple):
    """What a viewer looks at: a dashboard with choices made."""

    board: dict[str, Any]
    mode: str
    span: str
    view: View
    real: bool


def wanted(shown: Shown, title: str, recording: str, mode: str) -> dict[str, list[str]]:
    """The collections that are chosen."""
    site = "lab" if recording == "live" else SITES[0]
    first = shown.ids[recording, site]
    known = (shown.ids[REAL[1], SITES[0]], shown.ids[REAL[0], SITES[1]])
    others = [each for each in known if each != first]
    if title == "Compare":
        return {"baseline": [first], "statistic": ["mean", "P95"]} | (
            {"collection": others[:1]} if mode == "single" else {}
        )
    if title == "Utilisation tables":
        return {"single": {"collection": [first]}, "multi": {"collection": [first, known[1]]}, "all": {}}[mode]
    return {"collection": [first]} if title not in ("Collections", "Fleet live") else {}


def runs(reader: psycopg.Connection[Any], shown: Shown, title: str) -> Iterator[Run]:
    """All combinations for a dashboard."""
    board = BOARDS[title]
    for recording in (*REAL, "live"):
        for mode in MODES:
            chosen = wanted(shown, title, recording, mode)
            if title == "Fleet live":
                chosen |= {"site": ["lab"]} if mode != "all" else {}
            elif mode != "all":
                chosen |= {"site": [*SITES, "lab"]} | ({"run": ["bench", "stream", "-"]} if named(board, "run") else {})
            view, asked = choose(reader, board, mode, chosen)
            RAN["variables"] += len(asked)
            found = spans(reader, board, view)
            for span in SPANS:
                view.start, view.end = found[span]
                yield Run(
                    board, mode, span, View(*found[span], dict(view.values), dict(view.everything)), recording != "live"
                )


def named(board: dict[str, Any], name: str) -> bool:
    """Whether a dashboard has a variable."""
    return any(variable["name"] == name for variable in board["templating"]["list"])


def check(asked: Asked, view: View, cursor: psycopg.Cursor[Any]) -> tuple[int, int]:
    """Shape and order of a result; returns its rows, and how many of its values are numbers or texts."""
    names = [column.name for column in cursor.description or ()]
    assert len(names) == len(set(names)), names
    rows = cursor.fetchall()
    values = sum(value is not None for row in rows for value in row[1:])
    if asked.shape in ("time_series", "annotation"):
        assert names[0] == "time"
        times = [row[0] for row in rows]
        assert times == sorted(times)
    if asked.shape == "time_series":
        width = interval(view, asked.points) / 1000
        assert len(set(times)) <= (view.end - view.start).total_seconds() / width + 2
        assert len(set(times)) <= 2 * asked.points
        texts = [name for name in names if any(isinstance(row[names.index(name)], str) for row in rows)]
        assert texts in ([], ["metric"])
        assert not texts or names == [
            "time",
            "metric",
            "value",
        ]  # three columns: the series bear the metric's name alone
        values = sum(value is not None and not isinstance(value, str) for row in rows for value in row[1:])
    return len(rows), values


@pytest.mark.parametrize("title", BOARDS)
def test_every_query_runs_and_gives_what_its_panel_needs(title: str, shown: Shown, reader: Any) -> None:
    empty = Counter()
    for run in runs(reader, shown, title):
        for asked in queries(run.board):
            place = asked.place.rsplit(" ", 1)[0] if asked.shape != "annotation" else asked.place
            cursor = reader.execute(expand(asked.sql, run.view, asked.points))
            RAN[asked.shape] += 1
            rows, values = check(asked, run.view, cursor)
            if not rows or not values:
                empty[run.real, place] += 1
    print(f"{title}: queries run so far as the reader: {dict(RAN)}, {RAN.total()} in all; empty: {dict(empty)}")
    assert {place for real, place in empty if real} <= UNRECORDED
    assert {place for real, place in empty if not real} <= STREAMLESS


def test_an_empty_database_gives_empty_panels_and_no_errors(databases: MakeDatabase) -> None:
    url = databases()
    with connected(url) as connection:
        grant_reader(connection, "pictures_of_nothing", None)
    with psycopg.connect(make_conninfo(url, user="pictures_of_nothing"), autocommit=True) as reader:
        for board in BOARDS.values():
            view, _ = choose(reader, board, "all", {})
            view.start, view.end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
            for asked in queries(board):
                reader.execute(expand(asked.sql, view, asked.points))


def test_the_buttons_end_with_the_collection_and_all_begins_with_it(shown: Shown, reader: Any) -> None:
    board = BOARDS["Overview"]
    for collection in shown.ids.values():
        view, _ = choose(reader, board, "single", {"collection": [collection], "site": [*SITES, "lab"]})
        found = spans(reader, board, view)
        query = 'SELECT min("timestamp"), max("timestamp") FROM perfops_views.host_sample WHERE collection_id = %s'
        first, last = reader.execute(query, [collection]).fetchone()
        for start, end in found.values():
            assert start <= first
            assert 0 < (end - last).total_seconds() <= 0.0011
        assert found["1H"][0] >= found["6H"][0] >= found["ALL"][0]


def test_a_site_with_quotes_in_its_name_is_a_value_like_any_other(shown: Shown, reader: Any) -> None:
    board = BOARDS["Collections"]
    view, _ = choose(reader, board, "all", {"site": [SITES[0]]})
    view.start, view.end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
    asked = next(each for each in queries(board) if each.place.startswith("Collections, the newest"))
    rows = reader.execute(expand(asked.sql, view)).fetchall()
    assert {row[1] for row in rows} == {SITES[0]}
    assert {row[0] for row in rows} == set(REAL)


@pytest.mark.parametrize(
    ("text", "found"),
    [("build=42", {"live"}), ("OCI-", {REAL[1]}), ("%", set()), ("", {*REAL, "live"}), ("o'x", set())],
)
def test_the_search_looks_into_names_and_labels(text: str, found: set[str], shown: Shown, reader: Any) -> None:
    board = BOARDS["Collections"]
    view, _ = choose(reader, board, "all", {})
    view.values["search"] = [text]
    asked = next(each for each in queries(board) if each.place.startswith("Collections, the newest"))
    assert {row[0] for row in reader.execute(expand(asked.sql, view)).fetchall()} == found


def test_the_stream_is_live(shown: Shown, reader: Any) -> None:
    board = BOARDS["Fleet live"]
    view, _ = choose(reader, board, "all", {})
    asked = next(each for each in queries(board) if each.place.startswith("Streams"))
    (row,) = reader.execute(expand(asked.sql, view)).fetchall()
    names = ("collector", "site", "run", "state", "age", "lag", "frequency", "cpu")
    told = dict(zip(names, row, strict=False))
    assert (told["collector"], told["site"], told["frequency"]) == ("live", "lab", 1.0)
    assert told["state"] in ("live", "late")
    assert told["age"] > 0
    assert 0 <= told["cpu"] <= 100
    assert str(LIVE) in row


@pytest.mark.parametrize(
    ("title", "place", "known"),
    [
        ("Fleet live", "Phases", {"text": "live · lab: warm", "tags": "phase"}),
        (
            "Utilisation tables",
            "What happened A",
            {"kind": "phase", "text": "warm", "seconds": 20.0},
        ),
        ("Compare", "What happened A", {"kind": "phase", "text": "warm", "elapsed": 1.0, "seconds": 20.0}),
    ],
)
def test_a_phase_stands_where_it_was(title: str, place: str, known: dict[str, Any], shown: Shown, reader: Any) -> None:
    board = BOARDS[title]
    one = "baseline" if title == "Compare" else "collection"
    view, _ = choose(reader, board, "all", {one: [LIVE]} if named(board, one) else {})
    view.start, view.end = spans(reader, board, view)["ALL"]
    asked = next(each for each in queries(board) if each.place == place)
    cursor = reader.execute(expand(asked.sql, view, asked.points))
    rows = [dict(zip((column.name for column in cursor.description), row, strict=True)) for row in cursor]
    (found,) = [row for row in rows if "phase" in row.values()]
    assert known.items() <= found.items()
    assert title == "Fleet live" or found["collection"].startswith("live · lab · ")
    if "from_ms" in found:
        assert found["to_ms"] - found["from_ms"] == 22_000
        assert found["from_ms"] < found["start"].timestamp() * 1000 < found["to_ms"]
