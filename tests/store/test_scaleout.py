"""`perfops db scale-out`: the statements and their order, and the command over stand-ins for the two extensions."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, LiteralString
from uuid import UUID

import psycopg
import pytest
from fix_command import perfops, refused, succeeded
from fix_database import MakeDatabase, connected
from fix_extensions import offer
from fix_loaded import IDENTITY, load_recordings, record_machine
from psycopg import sql
from psycopg.conninfo import make_conninfo
from sqlglot import exp, parse_one

from perfops.catalogue import KINDS
from perfops.compare.metrics import find_metrics
from perfops.compare.pairs import Pair
from perfops.compare.percentiles import compare
from perfops.errors import DatabaseError
from perfops.store import scaleout
from perfops.store.grants import grant_reader
from perfops.store.machines import find_machines
from perfops.store.remove import remove
from perfops.store.retention import find_stored

pytest_plugins = ["fix_extensions"]

SAMPLES = [kind.table for kind in KINDS]
WHOLE = ["collector", "phase"]  # on every server
BELONGING = ["annotation", *SAMPLES]
OTHER = "0d8f1a52-6c0e-4f2f-9b57-0c6f5a3b1e78"
THIRD = "0d8f1a52-6c0e-4f2f-9b57-0c6f5a3b1e79"
COUNTS = {"collection": 2, "annotation": 1, "host_sample": 10, "system_sample": 10, "cpu_sample": 30}
COMMANDS = ("citus", "timescaledb")


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Recordings of three machines, the second of which missed a tick."""
    folder = tmp_path_factory.mktemp("machines")
    return {
        identity: record_machine(folder / f"{name}.json", identity=identity, hostname=name, missed=missed)
        for name, identity, missed in (("one", IDENTITY, 0), ("two", OTHER, 1), ("three", THIRD, 0))
    }


@pytest.fixture
def full(databases: MakeDatabase, recordings: dict[str, Path], tmp_path: Path) -> str:
    """A database with two collections and a role that reads."""
    url = databases()
    with connected(url) as connection:
        for identity in (IDENTITY, OTHER):
            load_recordings(connection, tmp_path / identity, recordings[identity])
        grant_reader(connection, "scaled", None)
    return url


def asked(url: str, query: str, *values: object, user: str | None = None) -> list[tuple[Any, ...]]:
    with psycopg.connect(make_conninfo(url, user=user) if user else url, autocommit=True) as connection:
        return connection.execute(query, values).fetchall()


def do(url: str, *queries: LiteralString, user: str | None = None) -> None:
    with psycopg.connect(make_conninfo(url, user=user) if user else url, autocommit=True) as connection:
        for query in queries:
            connection.execute(query)


def statements(url: str, extension: str) -> Iterator[tuple[str, list[str]]]:
    """What a dry run prints: each step's text and statements."""
    printed = succeeded(perfops("db", "scale-out", extension, "--dry-run", "--db", url))
    for step in printed.removeprefix("-- ").split("\n-- "):
        text, begin, *rest = step.rstrip("\n").split("\n")
        assert (begin, rest[-1]) == ("BEGIN;", "COMMIT;")
        yield text, [each + ";" for each in "\n".join(rest[:-1]).removesuffix(";").split(";\n")]


def check_syntax(url: str, found: list[str]) -> None:
    """PostgreSQL's own parser takes each statement, also of functions and options that it does not have."""
    body = "\n".join(found)
    with psycopg.connect(url) as connection:
        connection.execute(sql.SQL("DO {}").format(sql.Literal(f"BEGIN IF false THEN {body} END IF; END")))
        with pytest.raises(psycopg.errors.SyntaxError):
            connection.execute(sql.SQL("DO {}").format(sql.Literal("BEGIN IF false THEN SELEC 1; END IF; END")))


def called(statement: str) -> tuple[str, list[str], dict[str, str]]:
    """The function that a statement calls, its arguments, and those with names."""
    function = parse_one(statement, dialect="postgres").find(exp.Anonymous)
    assert function is not None, statement
    plain = [each.name for each in function.expressions if not isinstance(each, exp.Kwarg)]
    named = {each.this.name: each.expression.name for each in function.expressions if isinstance(each, exp.Kwarg)}
    return function.name, plain, named


def test_citus_gets_the_referenced_table_first_and_each_collection_whole(full: str) -> None:
    steps = list(statements(full, "citus"))
    check_syntax(full, [each for _, found in steps for each in found])
    (_, made), *tables, (_, views) = steps
    assert made == ['CREATE EXTENSION IF NOT EXISTS "citus";']
    calls = [[called(each) for each in found] for _, found in tables]
    name = '"public"."{}"'.format
    assert calls[0][0] == ("create_reference_table", [name("collector")], {})
    assert calls[1][0] == ("create_reference_table", [name("phase")], {})
    assert calls[2][0] == ("create_distributed_table", [name("collection"), "id"], {"colocate_with": "none"})
    for call, table in zip(calls[3:], BELONGING, strict=True):
        beside = {"colocate_with": name("collection")}
        assert call[0] == ("create_distributed_table", [name(table), "collection_id"], beside)
    for call, table in zip(calls, [*WHOLE, "collection", *BELONGING], strict=True):
        assert call[1:] == [("truncate_local_data_after_distributing_table", [name(table)], {})]
    check_views(views, tables=True)


def check_views(script: list[str], *, tables: bool) -> None:
    """Views are dropped, made and granted, in this order; rights on tables are given where views lend none."""
    verbs = [each.split(" ", 1)[0] for each in script]
    assert verbs == sorted(verbs, key=["DROP", "CREATE", "GRANT"].index)
    assert verbs.count("DROP") == verbs.count("CREATE") - 1 == len(KINDS) + 3
    grants = [each for each in script if each.startswith("GRANT") and each.endswith(" TO scaled;")]
    assert sum("TABLES IN SCHEMA" in each for each in grants) == 1
    on_tables = [each for each in grants if "host_sample" in each]
    assert len(on_tables) == tables
    for each in on_tables:
        assert all(f'."{table}"' in each for table in (*WHOLE, "collection", *BELONGING))


@pytest.mark.parametrize("edition", ["timescale", "apache", ""])
def test_timescaledb_gets_chunks_of_a_week_and_compresses_where_it_can(
    edition: str, full: str, stand_ins: Path
) -> None:
    if edition:
        offer(full, stand_ins, **{"timescaledb.license": edition})
        do(full, "CREATE EXTENSION timescaledb")
    steps = list(statements(full, "timescaledb"))
    check_syntax(full, [each for _, found in steps for each in found])
    assert [found for _, found in steps if "EXTENSION" in found[0]] == (
        [] if edition else [['CREATE EXTENSION IF NOT EXISTS "timescaledb";']]
    )
    tables = [found for _, found in steps if "create_hypertable" in found[0]]
    for found, kind in zip(tables, KINDS, strict=True):
        assert f"""create_hypertable('"public"."{kind.table}"', by_range('timestamp', '7 days'::interval)""" in found[0]
        assert "create_default_indexes => false, migrate_data => true" in found[0]
        if edition == "apache":
            assert len(found) == 1
            continue
        options, policy = found[1:]
        apart = ", ".join(f'"{name}"' for name in ("collection_id", *(key.name for key in kind.keys)))
        assert options.startswith(f'ALTER TABLE "public"."{kind.table}" SET (timescaledb.compress')
        assert f"compress_segmentby = '{apart}', timescaledb.compress_orderby = '\"timestamp\"'" in options
        assert called(policy)[0] == "add_compression_policy"
    named = {name for found in tables for each in found for name in each.split('"')}
    assert named.isdisjoint({*WHOLE, "collection", "annotation"})
    check_views(steps[-1][1], tables=False)


@pytest.mark.parametrize("extension", COMMANDS)
def test_a_server_without_the_extension_is_told_of_in_one_line_and_nothing_changes(extension: str, full: str) -> None:
    tables = asked(full, "SELECT oid, relname FROM pg_class WHERE relkind IN ('r', 'p', 'v') ORDER BY 1")
    code, message = refused(perfops("db", "scale-out", extension, "--db", full))
    assert code == 4
    assert f"does not have the extension {extension} (install " in message
    assert "shared_preload_libraries" in message
    planned = perfops("db", "scale-out", extension, "--dry-run", "--db", full)
    assert planned.returncode == 0
    assert planned.stderr == f"perfops: {message}\n"
    assert asked(full, "SELECT oid, relname FROM pg_class WHERE relkind IN ('r', 'p', 'v') ORDER BY 1") == tables


@pytest.mark.parametrize("extension", COMMANDS)
def test_a_full_database_moves_and_goes_on(
    extension: str, full: str, stand_ins: Path, recordings: dict[str, Path], tmp_path: Path
) -> None:
    offer(full, stand_ins, **{"timescaledb.license": "apache"})
    before = figures(full)
    told = succeeded(perfops("db", "scale-out", extension, "--db", full)).splitlines()
    assert len(told) == 2 + (len(BELONGING) + 3 if extension == "citus" else len(SAMPLES))
    assert told[-1].endswith(f"): on {scaleout.NAMES[extension]}")
    book = "citus.calls" if extension == "citus" else "stand_in.calls"
    assert {relation for (relation,) in asked(full, f"SELECT relation FROM {book}")} >= set(SAMPLES)
    for table in SAMPLES:
        assert asked(full, f"SELECT count(*) FROM {table}_local") == [(0,)]
    assert figures(full) == before
    assert seen(full) == COUNTS
    tables = asked(full, "SELECT has_table_privilege('scaled', 'host_sample', 'SELECT')")
    assert tables == [(extension == "citus",)]  # there the other servers ask with the reader's rights
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        do(full, "SET default_transaction_read_only = off", "DELETE FROM public.host_sample", user="scaled")
    with connected(full) as connection:
        assert load_recordings(connection, tmp_path / "new", recordings[THIRD]).rows["host"] == 5
        again = load_recordings(connection, tmp_path / "again", recordings[OTHER])
        assert (again.new, sum(again.rows.values())) == (False, 0)
    assert seen(full)["host_sample"] == 15
    again_told = succeeded(perfops("db", "scale-out", extension, "--db", full))
    assert again_told.endswith("already, nothing to do but to make its views anew\n")
    assert again_told.count("\n") == 1
    assert len(list(statements(full, extension))) == 1
    assert seen(full)["host_sample"] == 15
    with connected(full) as connection:
        assert remove(connection, UUID(IDENTITY))["cpu"] == 15
    assert seen(full)["cpu_sample"] == 30


def figures(url: str) -> list[Any]:
    """What `perfops compare` says of the two collections."""
    with connected(url) as connection:
        (one,), (two,) = (find_machines(connection, identity) for identity in (IDENTITY, OTHER))
        return compare(connection, *Pair(one, two), find_metrics(["cpu_busy", "disk.read_bytes", "mem_used"]))


def seen(url: str) -> dict[str, int]:
    """Rows of the views as the role that reads sees them."""
    return {view: asked(url, f"SELECT count(*) FROM perfops_views.{view}", user="scaled")[0][0] for view in COUNTS}


def test_an_empty_database_moves_too(databases: MakeDatabase, stand_ins: Path) -> None:
    url = databases()
    offer(url, stand_ins)
    assert "annotation: distributed by collection_id" in succeeded(perfops("db", "scale-out", "citus", "--db", url))
    assert asked(url, "SELECT count(*) FROM host_sample") == [(0,)]


def test_what_was_interrupted_goes_on_where_it_ended(full: str, stand_ins: Path) -> None:
    offer(full, stand_ins)
    seen_texts: list[str] = []

    def tell(text: str) -> None:
        seen_texts.append(text)
        if text.startswith("host_sample"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), connected(full) as connection:
        scaleout.carry_out(connection, "citus", tell)
    left = [text.split(":")[0] for text, _ in statements(full, "citus")]
    assert left[:-1] == BELONGING[BELONGING.index("host_sample") + 1 :]
    succeeded(perfops("db", "scale-out", "citus", "--db", full))
    moved = asked(full, "SELECT relation, count(*) FROM citus.calls WHERE name <> 'emptied' GROUP BY 1")
    assert sorted(moved) == sorted((table, 1) for table in (*WHOLE, "collection", *BELONGING))
    assert seen(full) == COUNTS


def test_a_role_that_adds_collectors_may_do_so_on_citus(full: str, stand_ins: Path) -> None:
    """Adding one that is known needs UPDATE there."""
    offer(full, stand_ins)
    with connected(full) as connection:
        connection.execute('CREATE ROLE "the writer"')
        connection.execute('GRANT SELECT, INSERT ON collector TO "the writer"')
    succeeded(perfops("db", "scale-out", "citus", "--db", full))
    assert asked(full, "SELECT has_table_privilege('the writer', 'collector', 'UPDATE')") == [(True,)]
    assert asked(full, "SELECT has_table_privilege('scaled', 'collector', 'UPDATE')") == [(False,)]


def test_a_reader_that_comes_later_gets_the_tables_on_citus_too(full: str, stand_ins: Path) -> None:
    offer(full, stand_ins)
    succeeded(perfops("db", "scale-out", "citus", "--db", full))
    with connected(full) as connection:
        grant_reader(connection, "scaled_later", None)
    assert asked(full, "SELECT count(*) FROM perfops_views.cpu_sample", user="scaled_later") == [(30,)]
    assert asked(full, "SELECT has_table_privilege('scaled_later', 'cpu_sample', 'SELECT')") == [(True,)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("SELECT create_reference_table('collection')", "table collection is distributed already, on every server"),
        (
            "SELECT create_distributed_table('host_sample', 'timestamp', colocate_with => 'none')",
            "host_sample is distributed already, by timestamp, apart from its collection (SELECT undistribute_table(",
        ),
        (
            """DO $$ BEGIN
                PERFORM create_distributed_table('collection', 'id', colocate_with => 'none');
                PERFORM create_distributed_table('annotation', 'collection_id', colocate_with => 'collection');
                UPDATE pg_dist_partition SET colocationid = 3 WHERE logicalrelid = 'annotation'::regclass; END $$""",
            "annotation is distributed already, by collection_id, apart from its collection",
        ),
        ("UPDATE pg_dist_local_group SET groupid = 1", "this is a worker of a Citus cluster (name its coordinator"),
    ],
    ids=["as a reference", "by time", "apart", "a worker"],
)
def test_a_database_that_is_distributed_otherwise_is_left_alone(
    change: LiteralString, message: str, full: str, stand_ins: Path
) -> None:
    offer(full, stand_ins)
    do(full, "CREATE EXTENSION citus", "SELECT create_reference_table('collector')", change)
    code, told = refused(perfops("db", "scale-out", "citus", "--db", full))
    assert code == 4
    assert message in told
    code, told = refused(perfops("db", "scale-out", "timescaledb", "--db", full))
    assert "has the extension citus, and a database is of one of them" in told


def test_an_extension_that_is_not_preloaded_has_its_remedy(full: str, stand_ins: Path) -> None:
    offer(full, stand_ins)
    script = "DO $$ BEGIN RAISE EXCEPTION 'Citus can only be loaded via shared_preload_libraries'; END $$"
    step = scaleout.Step("", (sql.SQL(script).format(),))
    with connected(full) as connection, pytest.raises(DatabaseError, match=r"put citus first in its shared_preload"):
        scaleout.perform(connection, step, "citus")


@pytest.mark.parametrize("extension", COMMANDS)
def test_a_collection_is_as_large_after_the_move(extension: str, full: str, stand_ins: Path) -> None:
    """`perfops prune` tells what would be won; an empty parent of the parts counts for nothing."""
    with connected(full) as connection:
        before = {each.collection: each.bytes for each in find_stored(connection)}
    offer(full, stand_ins)
    succeeded(perfops("db", "scale-out", extension, "--db", full))
    with connected(full) as connection:
        after = {each.collection: each.bytes for each in find_stored(connection)}
    assert after.keys() == before.keys()
    assert all(after[identity] >= size > 0 for identity, size in before.items())


def test_a_limit_of_timescaledb_is_told_with_its_remedy(database: str) -> None:
    query = """DO $$ BEGIN RAISE EXCEPTION 'tuple decompression limit exceeded by operation'
        USING ERRCODE = '53400', HINT = 'Consider increasing the_limit.'; END $$"""
    told = r"exceeded by operation \(consider increasing the_limit; nothing was"
    with pytest.raises(DatabaseError, match=told), connected(database) as connection:
        connection.execute(query)
