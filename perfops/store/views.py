"""The views that readers see: one schema, made anew by a script that can be run again and again.

Each kind of sample has a view under its table's name, with what follows from a row beside its columns; `collection` and
`annotation` have what is known of each collection as a whole, phases of its run among it; `phase` has those of runs by
their names. Readers get rights on these and on nothing else; where tables lie over several servers, on those, too.
The script drops and makes the views; who may use the schema keeps the right to read them.
"""

from typing import LiteralString

from psycopg import sql

from perfops.catalogue import KINDS, Kind
from perfops.store import phases
from perfops.store.derived import DERIVED
from perfops.store.migrate import Connection
from perfops.store.states import STATE

SCHEMA = "perfops_views"
COLLECTION = "collection"
ANNOTATION = "annotation"
PHASE = "phase"

COLLECTIONS: LiteralString = """
    SELECT collection.id, collector.name AS collector, collector.site, collection.run, collection.mode,
           collection.started_at, collection.ended_at, collection.frequency, collection.complete,
           {state} AS state,
           extract(epoch FROM collection.ended_at - collection.started_at)::float8 AS seconds,
           coalesce((collection.summary -> 'samples' ->> 'host')::bigint, 0) AS samples,
           (collection.summary ->> 'snapshots')::bigint AS snapshots,
           (collection.summary ->> 'missed')::bigint AS missed,
           (SELECT count(*) FROM annotation WHERE annotation.collection_id = collection.id AND annotation.kind = 'gap')
           AS gaps,
           collection.summary ->> 'hostname' AS hostname,
           collection.summary -> 'host' ->> 'cloud' AS cloud,
           collection.summary -> 'host' ->> 'region' AS region,
           collection.summary -> 'host' ->> 'instance_type' AS instance_type,
           coalesce(collection.summary -> 'host' ->> 'total_cpus', collection.summary -> 'host' ->> 'cpus_online')
           AS cpus,
           collection.summary -> 'host' ->> 'os' AS os,
           collection.labels,
           (SELECT string_agg(key || '=' || value, ', ' ORDER BY key) FROM jsonb_each_text(collection.labels))
           AS label_text,
           collection.loaded_at
      FROM {public}.collection JOIN {public}.collector ON collector.id = collection.collector_id
"""
SAMPLES: LiteralString = "SELECT {columns} FROM {public}.{table}"


def make_views(connection: Connection) -> None:
    """Make all views anew within the caller's transaction; the tables must be those of this perfops."""
    for statement in view_script(connection, over_servers=lies_over_servers(connection)):
        connection.execute(statement)


def view_script(connection: Connection, *, over_servers: bool) -> list[sql.Composed]:
    """The statements that make all views anew, and let those read them who could; see `granted` for `over_servers`."""
    home = home_of(connection)
    public, collection, phase = (sql.Identifier(*names) for names in ((home,), (home, "collection"), (home, "phase")))
    views = {
        COLLECTION: sql.SQL(COLLECTIONS).format(public=public, state=STATE),
        ANNOTATION: phases.happened(sql.Identifier(home, ANNOTATION), collection, phase),
        PHASE: phases.spans(phase),
        **{kind.table: samples(kind, public) for kind in KINDS},
    }
    return [
        *dropped(connection),
        sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(SCHEMA)),
        *(sql.SQL("CREATE VIEW {} AS {}").format(sql.Identifier(SCHEMA, name), query) for name, query in views.items()),
        *(grant for role in readers(connection) for grant in granted(role, public, over_servers=over_servers)),
    ]


def drop_views(connection: Connection) -> None:
    """Drop the views, and leave the schema and who may use it: a migration cannot change a column that a view shows."""
    for statement in dropped(connection):
        connection.execute(statement)


def dropped(connection: Connection) -> list[sql.Composed]:
    """The statements that drop the views that are there."""
    query = "SELECT viewname FROM pg_views WHERE schemaname = %s ORDER BY 1"
    names = connection.execute(query, [SCHEMA]).fetchall()
    return [sql.SQL("DROP VIEW {}").format(sql.Identifier(SCHEMA, name)) for (name,) in names]


def samples(kind: Kind, public: sql.Identifier) -> sql.Composed:
    """The rows of a kind, with its derived figures behind its columns."""
    columns = [sql.Identifier(name) for name in ("collection_id", *kind.columns)]
    derived = [
        sql.SQL("{} AS {}").format(figure.value, sql.Identifier(figure.name)) for figure in DERIVED.get(kind.name, ())
    ]
    return sql.SQL(SAMPLES).format(
        columns=sql.SQL(", ").join([*columns, *derived]), public=public, table=sql.Identifier(kind.table)
    )


def home_of(connection: Connection) -> str:
    """The schema that holds the tables."""
    query = "SELECT relnamespace::regnamespace::text FROM pg_class WHERE oid = to_regclass('host_sample')"
    row = connection.execute(query).fetchone()
    return str(row[0]) if row else "public"


def readers(connection: Connection) -> list[str]:
    """Roles that may use the schema of views, its owner left out."""
    query = """
        SELECT grantee::regrole::text FROM pg_namespace, aclexplode(nspacl)
         WHERE nspname = %s AND privilege_type = 'USAGE' AND grantee <> nspowner AND grantee <> 0 ORDER BY 1"""
    return [str(row[0]) for row in connection.execute(query, [SCHEMA])]


def grant_views(connection: Connection, role: str) -> None:
    """Let a role read the views; its name as PostgreSQL writes it, quoted where it must be."""
    public = sql.Identifier(home_of(connection))
    for grant in granted(role, public, over_servers=lies_over_servers(connection)):
        connection.execute(grant)


def granted(role: str, public: sql.Identifier, *, over_servers: bool) -> list[sql.Composed]:
    """The statements that let a role read the views.

    On one server a view reads with its owner's rights. `over_servers`, the others are asked with the reader's own:
    there it gets the tables that the views show, too.
    """
    schema, reader = sql.Identifier(SCHEMA), sql.SQL(role)  # quoted already
    rights = [
        sql.SQL("USAGE ON SCHEMA {}").format(schema),
        sql.SQL("SELECT ON ALL TABLES IN SCHEMA {}").format(schema),
    ]
    if over_servers:
        tables = ("collector", COLLECTION, ANNOTATION, PHASE, *(kind.table for kind in KINDS))
        listed = sql.SQL(", ").join(sql.SQL("{}.{}").format(public, sql.Identifier(name)) for name in tables)
        rights += [sql.SQL("USAGE ON SCHEMA {}").format(public), sql.SQL("SELECT ON {}").format(listed)]
    return [sql.SQL("GRANT {} TO {}").format(right, reader) for right in rights]


def lies_over_servers(connection: Connection) -> bool:
    """Whether Citus has the tables."""
    row = connection.execute("SELECT to_regclass('pg_catalog.pg_dist_partition') IS NOT NULL").fetchone()
    if row is None or not row[0]:
        return False
    query = "SELECT 1 FROM pg_dist_partition WHERE logicalrelid = to_regclass('collection')"
    return connection.execute(query).fetchone() is not None
