"""Stand-ins for Citus and TimescaleDB, which are not to be had here: extensions of their names, for PostgreSQL 18.

They take the calls that `perfops db scale-out` makes, by the same names and signatures, write them down, and refuse
what the real ones refuse. A table that is given to them becomes a partitioned one with its rows moved, so that later
work meets another table than before; views over the old one read nothing any more, and rights on them are lost.
"""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from fix_database import ROOMY
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

CALLS = """
CREATE TABLE calls (number int GENERATED ALWAYS AS IDENTITY, name text, relation text, argument text);
CREATE FUNCTION moved(relation regclass, part text) RETURNS regclass LANGUAGE plpgsql AS $$
DECLARE
    place text := (SELECT relnamespace::regnamespace::text FROM pg_class WHERE oid = relation);
    name text := (SELECT relname FROM pg_class WHERE oid = relation);
    old text := name || '_local';
    reader regrole;
BEGIN
    IF EXISTS (SELECT FROM pg_class WHERE oid = relation AND relkind = 'p') THEN
        RAISE EXCEPTION 'table "%" is already partitioned', name;
    END IF;
    EXECUTE format('ALTER TABLE %s RENAME TO %I', relation, old);
    EXECUTE format('CREATE TABLE %s.%I (LIKE %s.%I INCLUDING ALL) PARTITION BY %s', place, name, place, old, part);
    FOR number IN 0..1 LOOP
        EXECUTE format('CREATE TABLE %s.%I PARTITION OF %s.%I %s', place, name || '_' || number, place, name, CASE
            WHEN part LIKE 'HASH%' THEN format('FOR VALUES WITH (MODULUS 2, REMAINDER %s)', number)
            WHEN number = 0 THEN 'FOR VALUES FROM (''2026-01-05'') TO (''2026-01-12'')' ELSE 'DEFAULT' END);
    END LOOP;
    EXECUTE format('INSERT INTO %s.%I SELECT * FROM %s.%I', place, name, place, old);
    FOR reader IN SELECT rolname::regrole FROM pg_roles WHERE NOT rolsuper AND rolcanlogin LOOP
        EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA perfops_views FROM %s', reader);
    END LOOP;
    RETURN format('%s.%I', place, name)::regclass;
END $$;
CREATE FUNCTION size_of_parts(relation regclass) RETURNS numeric LANGUAGE sql AS $$
    SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits WHERE inhparent = relation
$$;
"""
CITUS = """
CREATE TABLE pg_dist_partition (logicalrelid regclass, partmethod "char", partkey text, colocationid int);
CREATE TABLE pg_dist_local_group AS SELECT 0 AS groupid;
ALTER TABLE pg_dist_partition SET SCHEMA pg_catalog;
ALTER TABLE pg_dist_local_group SET SCHEMA pg_catalog;
CREATE FUNCTION pg_catalog.column_to_column_name(table_name regclass, column_var_text text) RETURNS text
    LANGUAGE sql AS 'SELECT column_var_text';
CREATE FUNCTION pg_catalog.create_reference_table(table_name regclass) RETURNS void LANGUAGE sql AS $$
    INSERT INTO citus.calls (name, relation) VALUES ('reference', table_name::text);
    INSERT INTO pg_dist_partition VALUES (table_name, 'n', NULL, 1);
$$;
CREATE FUNCTION pg_catalog.create_distributed_table(table_name regclass, distribution_column text,
    distribution_type text DEFAULT 'hash', colocate_with text DEFAULT 'default', shard_count int DEFAULT NULL)
    RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO citus.calls (name, relation, argument) VALUES ('distributed', table_name::text, distribution_column);
    IF NOT EXISTS (SELECT FROM pg_dist_partition WHERE partmethod = 'n') THEN
        RAISE EXCEPTION 'referenced table "collector" must be a distributed table or a reference table';
    END IF;
    IF colocate_with <> 'none'
            AND NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = colocate_with::regclass) THEN
        RAISE EXCEPTION 'relation % is not distributed', colocate_with;
    END IF;
    INSERT INTO pg_dist_partition VALUES (
        citus.moved(table_name, format('HASH (%I)', distribution_column)), 'h', distribution_column, 2);
END $$;
CREATE FUNCTION pg_catalog.citus_total_relation_size(relation_name regclass, fail_on_error boolean DEFAULT true)
    RETURNS bigint LANGUAGE sql AS 'SELECT citus.size_of_parts(relation_name)::bigint';
CREATE FUNCTION pg_catalog.truncate_local_data_after_distributing_table(function_name regclass) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO citus.calls (name, relation) VALUES ('emptied', function_name::text);
    IF (SELECT partmethod FROM pg_dist_partition WHERE logicalrelid = function_name) = 'h' THEN
        EXECUTE format('TRUNCATE %s_local', function_name);
    END IF;
END $$;
"""
TIMESCALE = """
CREATE SCHEMA timescaledb_information;
CREATE TABLE timescaledb_information.hypertables (
    hypertable_schema name, hypertable_name name, compression_enabled boolean);
CREATE SCHEMA _timescaledb_internal;
CREATE TYPE _timescaledb_internal.dimension_info AS (name name, width interval);
CREATE FUNCTION public.by_range(column_name name, partition_interval anyelement DEFAULT NULL::bigint)
    RETURNS _timescaledb_internal.dimension_info LANGUAGE sql AS $$ SELECT ROW(column_name, partition_interval) $$;
CREATE FUNCTION public.create_hypertable(relation regclass, dimension _timescaledb_internal.dimension_info,
    create_default_indexes boolean DEFAULT true, if_not_exists boolean DEFAULT false,
    migrate_data boolean DEFAULT false)
    RETURNS TABLE (hypertable_id int, created boolean) LANGUAGE plpgsql AS $$
DECLARE
    filled boolean;
BEGIN
    INSERT INTO stand_in.calls (name, relation, argument)
        VALUES ('hypertable', relation::text, (dimension).width::text);
    EXECUTE format('SELECT EXISTS (SELECT FROM %s)', relation) INTO filled;
    IF filled AND NOT migrate_data THEN
        RAISE EXCEPTION 'table "%" is not empty', relation;
    END IF;
    relation := stand_in.moved(relation, format('RANGE (%I)', (dimension).name));
    EXECUTE format('TRUNCATE %s_local', relation);
    INSERT INTO timescaledb_information.hypertables
        SELECT relnamespace::regnamespace::text, relname, false FROM pg_class WHERE oid = relation;
    RETURN QUERY SELECT 1, true;
END $$;
CREATE FUNCTION public.hypertable_size(hypertable regclass) RETURNS bigint
    LANGUAGE sql AS 'SELECT stand_in.size_of_parts(hypertable)::bigint';
"""
SCHEMAS = {"citus": "citus", "timescaledb": "stand_in"}  # of what is not the real one's
SCRIPTS = {"citus": CALLS + CITUS, "timescaledb": CALLS + TIMESCALE}


@pytest.fixture(scope="module")
def stand_ins() -> Iterator[Path]:
    """A folder in which the server finds them."""
    folder = Path(tempfile.mkdtemp(prefix="perfops-extensions-", dir=ROOMY))
    folder.chmod(0o755)
    try:
        (folder / "extension").mkdir()
        for name, script in SCRIPTS.items():
            control = f"default_version = '1'\nrelocatable = false\nschema = {SCHEMAS[name]}\n"
            (folder / "extension" / f"{name}.control").write_text(control, encoding="utf-8")
            (folder / "extension" / f"{name}--1.sql").write_text(script, encoding="utf-8")
        yield folder
    finally:
        shutil.rmtree(folder)


def offer(url: str, folder: Path, **settings: str) -> None:
    """Let a database find the stand-ins, and give its sessions settings such as the edition's."""
    database = sql.Identifier(str(conninfo_to_dict(url)["dbname"]))
    given = {"extension_control_path": f"{folder}:$system"} | settings
    with psycopg.connect(url, autocommit=True) as connection:
        for name, value in given.items():
            query = sql.SQL("ALTER DATABASE {} SET {} = {}")
            connection.execute(query.format(database, sql.SQL(name), sql.Literal(value)))  # type: ignore[arg-type]
