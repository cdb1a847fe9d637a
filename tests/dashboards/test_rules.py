"""Queries that run on one server, on TimescaleDB and on Citus: the rules for them, held against the parsed SQL."""

import warnings
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from fix_grafana import View, boards, expand, queries, variables
from fix_rules import SAMPLES, bounded, sources
from sqlglot import exp, parse_one

from perfops.compare.metrics import DEFAULT, find_metrics
from perfops.compare.percentiles import SIDES
from perfops.dashboards.compare.queries import differences, elapsed
from perfops.dashboards.sql import Column
from perfops.store.views import SCHEMA

NOW = datetime(2026, 1, 10, 20, tzinfo=UTC)
FLEETS = ("Collections", "Fleet live")  # across collections, which are joined by their ids


def expanded() -> Iterator[tuple[str, str]]:
    """Every query there is: of the dashboards, of the command line and the report."""
    for board in boards():
        names = [variable["name"] for variable in variables(board)]
        view = View(NOW - timedelta(hours=1), NOW, {name: ["1"] for name in names})
        for asked in queries(board):
            yield f"{board['title']}: {asked.place}", expand(asked.sql, view, asked.points)
        for variable in variables(board):
            if variable["type"] == "query":
                yield f"{board['title']}: ${variable['name']}", expand(variable["query"], view)
    literal = SIDES._replace(baseline="'1'", others="'2'", last="60")
    metrics = find_metrics([*DEFAULT, "cpu.busy", "container.cpu_percent"])
    for each in metrics:
        query = differences(each.kind, [Column(each.name, f's."{each.name}"')], literal, device=each.device)
        yield f"compare: {each.name}", query
        yield f"elapsed: {each.name}", elapsed(each.kind, each.name, literal, point="avg(1)")


QUERIES = dict(expanded())
PARSED = {name: parse_one(sql, dialect="postgres") for name, sql in QUERIES.items()}


@pytest.fixture(params=PARSED, ids=lambda name: name)
def query(request: pytest.FixtureRequest) -> tuple[str, exp.Expression]:
    return request.param, PARSED[request.param]


def test_only_views_are_read(query: tuple[str, exp.Expression]) -> None:
    _, parsed = query
    ctes = {cte.alias for cte in parsed.find_all(exp.CTE)}
    for table in parsed.find_all(exp.Table):
        function = isinstance(table.this, exp.Func)
        assert function or table.db == SCHEMA or (not table.db and table.name in ctes), table.sql()


def test_samples_are_read_of_named_collections_in_a_bounded_time(query: tuple[str, exp.Expression]) -> None:
    name, parsed = query
    for select in parsed.find_all(exp.Select):
        if not any(table.name in SAMPLES for table in sources(select)):
            continue
        assert bounded(select, "collection_id", exp.In, exp.EQ), select.sql()
        assert bounded(select, "timestamp", exp.Between, exp.EQ), select.sql()
        if not name.startswith(FLEETS):
            constant = [part for part in parsed.find_all(exp.In) if part.this.name == "collection_id"]
            assert constant
            assert all(isinstance(value, exp.Literal) for part in constant for value in part.expressions)


def test_samples_of_two_collections_are_never_joined(query: tuple[str, exp.Expression]) -> None:
    """Each side of a comparison is aggregated in a CTE of its own."""
    _, parsed = query
    for select in parsed.find_all(exp.Select):
        assert sum(table.name in SAMPLES for table in sources(select)) <= 1, select.sql()


def test_bins_count_from_a_moment_in_utc_and_nothing_depends_on_the_session(query: tuple[str, exp.Expression]) -> None:
    name, parsed = query
    functions = {found.sql_name().lower() for found in parsed.find_all(exp.Func)}
    called = {found.name.lower() for found in parsed.find_all(exp.Anonymous)}
    assert not {"date_trunc", "timestamp_trunc", "current_date", "localtimestamp"} & (functions | called), name
    sql = QUERIES[name]
    assert sql.count("date_bin(") == sql.count("timestamptz '2000-01-01 00:00:00+00'")
    assert not any(isinstance(found, exp.Set | exp.Insert | exp.Update | exp.Delete) for found in parsed.walk())


def test_the_parser_has_nothing_to_warn_of() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(PARSED) > 150
