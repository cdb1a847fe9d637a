"""What can be chosen, and how collections are told apart, where machines have one name and sites different runs."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest
from fix_choices import choose, run_variable
from fix_database import MakeDatabase, connected
from fix_grafana import SCREEN, Asked, View, boards, expand, panels, queries, variables
from fix_loaded import START, load_recordings
from fix_report import Events, record_load
from psycopg.conninfo import make_conninfo

from perfops.dashboards.tables.groups import DEVICES, WHOLE
from perfops.store.grants import grant_reader

BOARDS = {board["title"]: board for board in boards()}
READER = "chooser"
FIRST = "10000000-2222-4333-8444-555555555555"
SECOND, ELSEWHERE, OTHER, DEAD, QUIET = (FIRST.replace("1", digit, 1) for digit in "23456")


class Loaded(NamedTuple):
    """A collection: its id, its machine and run, and when it began, in seconds after the first."""

    identity: str
    collector: str
    site: str
    run: str
    after: int


LOADED = (
    Loaded(FIRST, "web", "lab", "one", 0),
    Loaded(SECOND, "web", "lab", "two", 1000),
    Loaded(ELSEWHERE, "web", "field", "three", 0),
    Loaded(OTHER, "db", "lab", "two", 2000),
    Loaded(DEAD, "gone", "streams", "four", 3000),
    Loaded(QUIET, "slow", "streams", "four", 3000),
)
WIDE = 1500  # CPUs, of a machine that has a sample of some of them


@pytest.fixture(scope="module")
def reader(databases: MakeDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[psycopg.Connection[Any]]:
    url, folder = databases(), tmp_path_factory.mktemp("choices")
    with connected(url) as connection:
        for each in LOADED:
            cut = Events(cut=each.site == "streams")
            path = folder / f"{each.identity}.json"
            record_load(path, 12, identity=each.identity, start=START + each.after, events=cut, newer=True)
            facts = {"collector": each.collector, "site": each.site, "run": each.run}
            load_recordings(connection, folder / each.identity, path, **facts)
        query = "UPDATE collection SET mode = 'trickle', loaded_at = now() - %s WHERE id = %s"
        connection.execute(query, [timedelta(days=30), DEAD])
        connection.execute(query, [timedelta(minutes=30), QUIET])
        more = """
            INSERT INTO cpu_sample SELECT (made).* FROM (
                SELECT jsonb_populate_record(known, jsonb_build_object('cpu', number)) AS made
                  FROM cpu_sample AS known, unnest(ARRAY[2, 10, 100, 101, 1000, 1010, %s]) AS number
                 WHERE collection_id = %s AND cpu = '1') AS more"""
        connection.execute(more, [WIDE, FIRST])
        grant_reader(connection, READER, None)
    with psycopg.connect(make_conninfo(url, user=READER), autocommit=True) as connection:
        yield connection


def opened(reader: psycopg.Connection[Any], title: str, **wanted: list[str]) -> View:
    """A dashboard with what is wanted chosen, else all, in the time of all collections."""
    view, _ = choose(reader, BOARDS[title], "all", wanted)
    start = datetime.fromtimestamp(START, UTC)
    view.start, view.end = start - timedelta(hours=1), start + timedelta(hours=2)
    return view


def table(reader: psycopg.Connection[Any], asked: Asked, view: View) -> list[dict[str, Any]]:
    """The rows of a query."""
    cursor = reader.execute(expand(asked.sql, view, asked.points))
    return [dict(zip((column.name for column in cursor.description or ()), row, strict=True)) for row in cursor]


def panel(title: str, name: str) -> Asked:
    """The query of a panel, or of what is drawn over the panels."""
    return next(each for each in queries(BOARDS[title]) if each.place.removesuffix(" A") == name)


def variable(title: str, name: str) -> dict[str, Any]:
    """A variable of a dashboard."""
    return next(each for each in variables(BOARDS[title]) if each["name"] == name)


def test_tables_tell_collections_apart(reader: Any) -> None:
    view, empty = opened(reader, "Utilisation tables", site=["lab", "field"]), set()
    for group in (*WHOLE, *DEVICES):
        found = table(reader, panel("Utilisation tables", group.title), view)
        keys = [(row["collection"], row.get("device"), row["metric"]) for row in found]
        assert len(set(keys)) == len(keys), group.title
        if not keys:
            empty.add(group.title)
            continue
        assert {key[0] for key in keys} == {
            "db · lab · 01-09 23:40:00",
            "web · field · 01-09 23:06:40",
            "web · lab · 01-09 23:06:40",
            "web · lab · 01-09 23:23:20",
        }
    assert empty == {"Load", "Container I/O"}


@pytest.mark.parametrize("title", BOARDS)
def test_a_run_and_a_site_without_a_collection_give_empty_panels_and_no_errors(title: str, reader: Any) -> None:
    """As a link or a bookmark may have them: the run is no longer offered where a site is chosen first."""
    board, there = BOARDS[title], {each["name"] for each in variables(BOARDS[title])}
    forced = {name: value for name, value in {"site": ["field"], "run": ["one"]}.items() if name in there}
    view = opened(reader, title)
    for each in variables(board):
        if each["name"] in forced:
            view.values[each["name"]] = forced[each["name"]]
        elif each["type"] == "query":
            options = list(run_variable(reader, expand(each["query"], view)))
            view.values[each["name"]] = options if each["multi"] else options[:1]
            assert options, each["name"]
    for asked in queries(board):
        reader.execute(expand(asked.sql, view, asked.points))


def test_runs_are_those_of_the_sites(reader: Any) -> None:
    for title in ("Collections", "Utilisation tables", "Compare"):
        view = opened(reader, title, site=["lab"])
        assert view.values["run"] == ["two", "one"]
        assert opened(reader, title, site=["field"]).values["run"] == ["three"]


def test_a_comparison_opens_with_one_other_collection_of_the_machine_if_there_is_one(reader: Any) -> None:
    others = variable("Compare", "collection")
    assert others["multi"]
    assert not others["includeAll"]
    assert "current" not in others
    for baseline, first in ((FIRST, SECOND), (SECOND, FIRST), (OTHER, SECOND), (ELSEWHERE, OTHER)):
        view = opened(reader, "Compare", site=["lab", "field"], baseline=[baseline])
        assert view.values["collection"][0] == first
        assert sorted([baseline, *view.values["collection"]]) == sorted([FIRST, SECOND, ELSEWHERE, OTHER])
    view = opened(reader, "Compare", site=["field"])
    assert (view.values["baseline"], table(reader, panel("Compare", "CPU"), view)) == ([ELSEWHERE], [])


def test_a_comparison_says_whether_each_side_is_complete(reader: Any) -> None:
    view = opened(reader, "Compare", baseline=[FIRST], collection=[DEAD, QUIET])
    rows = table(reader, panel("Compare", "Collections"), view)
    assert {row["collection"]: (row["side"], row["state"]) for row in rows} == {
        "web · lab · 01-09 23:06:40": ("baseline", "complete"),
        "gone · streams · 01-09 23:56:40": ("compared", "no end"),
        "slow · streams · 01-09 23:56:40": ("compared", "late"),
    }


def test_what_has_sent_nothing_for_an_hour_streams_no_more(reader: Any) -> None:
    view = opened(reader, "Fleet live")
    assert [row["collector"] for row in table(reader, panel("Fleet live", "Streams, the hottest first"), view)] == [
        "slow"
    ]
    assert table(reader, panel("Fleet live", "Machines"), view) == [{"live": 0, "late": 1, "ended": 0, "gaps": 0}]
    assert {row["metric"] for row in table(reader, panel("Fleet live", "CPU busy, $show of each point"), view)} == {
        "slow · streams"
    }


def test_all_cpus_together_are_no_cpu_to_choose(reader: Any) -> None:
    for title in ("Host utilisation", "Utilisation tables"):
        view = opened(reader, title, collection=[FIRST])
        assert view.values["cpu"] == ["0", "1", "2", "10", "100", "101", "1000", "1010", str(WIDE)]


def test_each_of_more_than_a_thousand_cpus_has_a_line_in_their_order(reader: Any) -> None:
    view = opened(reader, "Host utilisation", collection=[FIRST], show=["highest"])
    for name in ("Each CPU busy", "CPU busy", "CPU iowait", "CPU steal"):
        found = table(reader, panel("Host utilisation", f"{name}, $show of each point"), view)
        first = [row["metric"] for row in found if row["time"] == found[0]["time"]]
        assert first == [f"cpu {number:04}" for number in (0, 1, 2, 10, 100, 101, 1000, 1010, WIDE)]
    view = opened(reader, "Host utilisation", collection=[FIRST], show=["highest"], cpu=["0", "1", "10"])
    found = table(reader, panel("Host utilisation", "CPU busy, $show of each point"), view)
    assert {row["metric"] for row in found} == {"cpu 000", "cpu 001", "cpu 010"}


def test_all_has_devices_that_were_there_too_shortly_to_be_listed(databases: MakeDatabase, tmp_path: Path) -> None:
    url = databases()
    with connected(url) as connection:
        record_load(tmp_path / "long.json", 300, identity=FIRST, newer=True)
        load_recordings(connection, tmp_path / "made", tmp_path / "long.json", collector="web", site="lab")
        for table_, key in (("container_sample", "container_id"), ("disk_sample", "device"), ("cpu_sample", "cpu")):
            made = f"jsonb_build_object('container_name', '77', '{key}', '77')"
            connection.execute(  # a device of one sample, between two moments at which the variable looks
                f"INSERT INTO {table_} SELECT (jsonb_populate_record(known, {made})).* FROM {table_} AS known"
                ' WHERE "timestamp" > to_timestamp(%s) ORDER BY "timestamp" LIMIT 1',
                [START + 8.5],
            )
        grant_reader(connection, READER, None)
    with psycopg.connect(make_conninfo(url, user=READER), autocommit=True) as reader:
        shown = (
            ("Containers", "container", "The busiest containers", "container"),
            ("Containers", "container", "CPU, $show of each point", "metric"),
            ("Utilisation tables", "container", "Container memory", "device"),
            ("Utilisation tables", "disk", "Disk queue", "device"),
            ("Utilisation tables", "cpu", "Each CPU busy", "device"),
            ("Host utilisation", "cpu", "CPU busy, $show of each point", "metric"),
        )
        for title, kind, name, column in shown:
            view = opened(reader, title, collection=[FIRST])
            names = [row[column] for row in table(reader, panel(title, name), view)]
            assert sum("77" in each for each in names) == 1, (title, name, names)
            assert "77" not in view.values[kind]
            few = opened(reader, title, collection=[FIRST], **{kind: view.values[kind]})
            assert {row[column] for row in table(reader, panel(title, name), few)} == {
                each for each in names if "77" not in each
            }


NEEDED = {"binBps": 92, "bytes": 84, "mbytes": 90}  # pixels of a column that has no width of its own, by its unit
OTHERS = 80  # of any other
BESIDE = 16  # pixels of a panel at the sides of its table


@pytest.mark.parametrize("title", ["Utilisation tables", "Compare"])
def test_tables_fit_a_laptop(title: str, reader: Any) -> None:
    view = opened(reader, title, **({"baseline": [FIRST]} if title == "Compare" else {}))
    for each in panels(BOARDS[title]):
        if each["type"] != "table":
            continue
        overrides = {found["matcher"]["options"]: found["properties"] for found in each["fieldConfig"]["overrides"]}
        known = {name: {found["id"]: found["value"] for found in settings} for name, settings in overrides.items()}
        rows = table(reader, panel(title, each["title"]), view)
        needed = {
            name: known.get(name, {}).get("custom.width", NEEDED.get(each["fieldConfig"]["defaults"]["unit"], OTHERS))
            for row in rows[:1]
            for name in row
            if not known.get(name, {}).get("custom.hidden")
        }
        assert sum(needed.values()) <= SCREEN * each["gridPos"]["w"] // 24 - BESIDE, (each["title"], needed)
