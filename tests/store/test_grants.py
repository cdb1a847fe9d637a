"""The role that can only read: it sees the views, and is refused whatever else it tries."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from fix_command import perfops, refused, succeeded
from fix_database import MakeDatabase, connected
from fix_loaded import IDENTITY, load_recordings, record_machine
from psycopg import errors, sql
from psycopg.conninfo import make_conninfo

from perfops.catalogue import KINDS
from perfops.errors import BadInputError
from perfops.store import migrate
from perfops.store.derived import DERIVED
from perfops.store.grants import SETTINGS, check_name, grant_reader
from perfops.store.views import SCHEMA, make_views

ROLE = "looker"
PASSWORD = 'it\'s a "secret" 100 %'


@pytest.fixture(scope="module")
def granted(databases: MakeDatabase, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database with a collection in it, and the role."""
    url, folder = databases(), tmp_path_factory.mktemp("granted")
    with connected(url) as connection:
        load_recordings(connection, folder, record_machine(folder / "a.json", labels={"b": "2", "a": "1"}), site="lab")
        grant_reader(connection, ROLE, None)
    return url


@pytest.fixture
def reader(granted: str) -> Iterator[psycopg.Connection]:
    """A connection as the role, with what it can undo undone."""
    with psycopg.connect(make_conninfo(granted, user=ROLE), autocommit=True) as connection:
        connection.execute("SET default_transaction_read_only = off")
        connection.execute("SET statement_timeout = 0")
        yield connection


REFUSED = {
    "insert": f"INSERT INTO {SCHEMA}.host_sample (collection_id, timestamp) VALUES ('{IDENTITY}', now())",
    "insert into a table": "INSERT INTO public.collector (name, site) VALUES ('x', 'y')",
    "update": f"UPDATE {SCHEMA}.host_sample SET cpu_user = 0",
    "delete": f"DELETE FROM {SCHEMA}.host_sample",
    "truncate": "TRUNCATE public.host_sample",
    "the tables themselves": "SELECT * FROM public.host_sample",
    "create a table in public": "CREATE TABLE public.t (i int)",
    "create a table beside the views": f"CREATE TABLE {SCHEMA}.t (i int)",
    "create a view beside the views": f"CREATE VIEW {SCHEMA}.v AS SELECT 1",
    "create a schema": "CREATE SCHEMA mine",
    "create a function": f"CREATE FUNCTION {SCHEMA}.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "create a role": "CREATE ROLE another",
    "create a database": "CREATE DATABASE another",
    "create an extension": "CREATE EXTENSION dblink",
    "temporary table": "CREATE TEMP TABLE t (i int)",
    "copy from a program": f"COPY {SCHEMA}.annotation FROM PROGRAM 'id'",
    "copy to a program": "COPY (SELECT 1) TO PROGRAM 'cat'",
    "copy to a file": "COPY (SELECT 1) TO '/tmp/x'",
    "make a large object": "SELECT lo_create(0)",
    "fill a large object": "SELECT lo_from_bytea(0, 'x')",
    "import a large object": "SELECT lo_import('/etc/passwd')",
    "export a large object": "SELECT lo_export(1, '/tmp/x')",
    "write to the log of changes": "SELECT pg_logical_emit_message(false, 'x', 'y')",
    "read a file": "SELECT pg_read_file('/etc/passwd')",
    "read a file's bytes": "SELECT pg_read_binary_file('postgresql.conf')",
    "list a folder": "SELECT pg_ls_dir('.')",
    "passwords": "SELECT rolpassword FROM pg_authid",
    "become the owner": "SET ROLE perfops",
    "become the owner's session": "SET SESSION AUTHORIZATION perfops",
    "more rights": f"ALTER ROLE {ROLE} SUPERUSER",
    "reload the server": "SELECT pg_reload_conf()",
    "change the server": "ALTER SYSTEM SET work_mem = '1GB'",
    "alembic's table": "SELECT * FROM public.alembic_version",
}


@pytest.mark.parametrize("statement", REFUSED.values(), ids=REFUSED)
def test_it_is_refused(reader: psycopg.Connection, statement: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege) as found:
        reader.execute(statement)
    told = str(found.value)
    assert any(word in told for word in ("permission denied", "must be", "only roles with", "ermission")), told


def test_ending_others_is_refused(reader: psycopg.Connection, granted: str) -> None:
    with psycopg.connect(granted) as owner, pytest.raises(errors.InsufficientPrivilege):
        reader.execute("SELECT pg_terminate_backend(%s)", [owner.info.backend_pid])


def test_another_database_of_perfops_is_closed_to_it(databases: MakeDatabase, granted: str) -> None:
    other = databases()
    with connected(other) as connection:
        grant_reader(connection, "another_looker", None)
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(make_conninfo(other, user=ROLE))


def test_every_view_can_be_read(reader: psycopg.Connection) -> None:
    for kind in KINDS:
        query = sql.SQL("SELECT * FROM {}").format(sql.Identifier(SCHEMA, kind.table))
        found = reader.execute(query)
        names = [column.name for column in found.description or ()]
        derived = [figure.name for figure in DERIVED.get(kind.name, ())]
        assert names == ["collection_id", *kind.columns, *derived]
        assert bool(found.fetchall()) == (kind.name in {"host", "system", "cpu", "disk", "net"})


def test_a_collection_is_told_in_plain_columns(reader: psycopg.Connection) -> None:
    query = f"SELECT collector, site, state, seconds, samples, gaps, label_text FROM {SCHEMA}.collection"
    assert reader.execute(query).fetchall() == [("vm-01", "lab", "complete", 5.0, 5, 0, "a=1, b=2")]


def test_derived_figures_follow_from_the_row(reader: psycopg.Connection) -> None:
    query = f"SELECT DISTINCT cpu_busy, cpu_filled, 100 - cpu_idle FROM {SCHEMA}.host_sample"
    (row,) = reader.execute(query).fetchall()
    assert row == (35.0, 35.0, 35.0)


def test_settings_of_its_sessions(granted: str) -> None:
    with psycopg.connect(make_conninfo(granted, user=ROLE)) as connection:
        for name, value in SETTINGS.items():
            found = connection.execute("SELECT current_setting(%s)", [name]).fetchone()
            assert found is not None
            assert found[0].replace("1min", "60s") == value
        with pytest.raises(errors.ReadOnlySqlTransaction):
            connection.execute("CREATE TABLE t (i int)")


def test_it_can_be_run_again_and_views_made_anew_stay_readable(granted: str) -> None:
    with connected(granted) as connection:
        assert not grant_reader(connection, ROLE, None).new
        connection.execute(sql.SQL("REVOKE SELECT ON {} FROM {}").format(VIEW, sql.Identifier(ROLE)))
        make_views(connection)
    migrate.upgrade(granted)
    with psycopg.connect(make_conninfo(granted, user=ROLE)) as connection:
        assert connection.execute(sql.SQL("SELECT count(*) FROM {}").format(VIEW)).fetchone() == (5,)


VIEW = sql.Identifier(SCHEMA, "host_sample")


@pytest.mark.parametrize(
    ("make", "told"),
    [
        ("CREATE ROLE {} SUPERUSER", "may do more than read"),
        ("CREATE ROLE {} IN ROLE pg_read_all_data", "is a member of another role"),
    ],
)
def test_a_role_that_can_do_more_is_left_alone(granted: str, make: str, told: str) -> None:
    name = f"more_{abs(hash(make))}"
    with psycopg.connect(granted) as connection:
        connection.execute(sql.SQL(make).format(sql.Identifier(name)))
    code, text = refused(perfops("db", "grant-reader", "--role", name, "--db", granted))
    assert (code, text) == (2, f"the role '{name}' {told} (give --role a new name)")


def test_the_owner_is_refused(granted: str) -> None:
    code, text = refused(perfops("db", "grant-reader", "--role", "perfops", "--db", granted))
    assert code == 2
    assert "perfops" in text


def test_the_password_goes_to_the_server_as_a_verifier(database: str) -> None:
    """Neither argv nor the log have it; the verifier is one that the password opens."""
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute(sql.SQL("ALTER DATABASE {} SET log_statement = 'all'").format(sql.Identifier(owner.info.dbname)))
    told = perfops(
        "db", "grant-reader", "--role", "with_password", "--password-file", "-", "--db", database, input=PASSWORD
    )
    assert PASSWORD not in succeeded(told) + told.stderr
    with psycopg.connect(database) as owner:
        row = owner.execute("SELECT rolpassword FROM pg_authid WHERE rolname = 'with_password'").fetchone()
        log = owner.execute("SELECT current_setting('unix_socket_directories')").fetchone()
    assert row is not None
    assert row[0].startswith("SCRAM-SHA-256$")
    assert opens(PASSWORD, row[0])
    assert log is not None
    text = (Path(log[0].strip('"')) / "server.log").read_text(encoding="utf-8", errors="replace")
    assert "ALTER ROLE" in text
    assert "secret" not in text


def opens(password: str, known: str) -> bool:
    """Whether a SCRAM verifier is that of a password."""
    import base64
    import hashlib
    import hmac

    _, rest, keys = known.split("$")
    rounds, salt = rest.split(":")
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(salt), int(rounds))
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    return base64.b64encode(stored).decode() == keys.split(":")[0]


def test_no_password_is_told(database: str, tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    code, text = refused(perfops("db", "grant-reader", "--password-file", tmp_path / "empty", "--db", database))
    assert code == 2
    assert text.startswith("no password in ")


def test_who_is_no_superuser_is_told_what_is_left(databases: MakeDatabase) -> None:
    url = databases()
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute("CREATE ROLE plain_owner LOGIN CREATEROLE")
        name = admin.info.dbname
        admin.execute(sql.SQL("ALTER DATABASE {} OWNER TO plain_owner").format(sql.Identifier(name)))
        admin.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO plain_owner")
        admin.execute("ALTER SCHEMA public OWNER TO plain_owner")
        admin.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(SCHEMA)))
    own = make_conninfo(url, user="plain_owner")
    done = perfops("db", "grant-reader", "--role", "by_plain", "--db", own)
    assert "can read its views" in succeeded(done)
    assert "it has no password, and cannot log in where one is asked for" in done.stderr
    assert "lo_create" in done.stderr
    with psycopg.connect(make_conninfo(url, user="by_plain")) as connection:
        assert connection.execute(f"SELECT count(*) FROM {SCHEMA}.collection").fetchone() == (0,)


def test_what_a_reader_has_done_to_its_role_is_put_right(database: str) -> None:
    with connected(database) as owner:
        grant_reader(owner, "vandal", PASSWORD)
    with psycopg.connect(make_conninfo(database, user="vandal"), autocommit=True) as reader:
        reader.execute("SET default_transaction_read_only = off")
        reader.execute("ALTER ROLE vandal PASSWORD 'mine'")
        reader.execute("ALTER ROLE vandal SET statement_timeout = '1ms'")
        name = sql.Identifier(reader.info.dbname)
        reader.execute(sql.SQL("ALTER ROLE vandal IN DATABASE {} SET enable_hashjoin = off").format(name))
        reader.execute(sql.SQL("ALTER ROLE vandal IN DATABASE {} SET search_path = nowhere").format(name))
    with connected(database) as owner:
        grant_reader(owner, "vandal", PASSWORD)
        query = """
            SELECT setdatabase <> 0, setconfig FROM pg_db_role_setting JOIN pg_roles ON pg_roles.oid = setrole
             WHERE rolname = 'vandal'"""
        ((here, settings),) = owner.execute(query).fetchall()
        (known,) = owner.execute("SELECT rolpassword FROM pg_authid WHERE rolname = 'vandal'").fetchone() or ("",)
    assert here
    assert {setting.partition("=")[0].lower() for setting in settings} == SETTINGS.keys()
    assert f"search_path={SCHEMA}" in settings
    assert opens(PASSWORD, known)


@pytest.mark.parametrize("name", ["", "x" * 64, "é" * 32, "two\nlines", "public", "pg_reader"])
def test_a_name_that_no_role_can_have(name: str) -> None:
    with pytest.raises(BadInputError, match=r"^bad value for --role: "):
        check_name(name)
