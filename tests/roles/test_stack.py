"""The server side: what the roles refuse, the files they write, and the database they make; no service is started."""

import re
import stat
import subprocess
from pathlib import Path
from typing import Any

import psycopg
import pytest
from fix_playbook import LOCAL, ROOT, command, recap, write_inventory
from psycopg.conninfo import make_conninfo

from perfops.store import embedded, home

GOOD = {
    "postgres_owner_password": 'owner\'s "own" $HOME',
    "postgres_reader_password": 'reader \\ "quoted" 100 %',
    "grafana_admin_password": "admin's secret $x",
    "postgres_reached_at": "localhost",
}
SECRETS = [value for name, value in GOOD.items() if name.endswith("password")]
SYSTEMCTL = "#!/bin/sh\n[ \"$1\" = show ] && printf 'LoadState=loaded\\nActiveState=active\\n'\nexit 0\n"


def play(tmp_path: Path, tags: str, **variables: Any) -> subprocess.CompletedProcess[str]:
    """Run a part of stack.yml on this machine, without becoming anybody, with a systemctl that does nothing."""
    fake = tmp_path / "bin" / "systemctl"
    fake.parent.mkdir(exist_ok=True)
    fake.write_text(SYSTEMCTL)
    fake.chmod(0o755)
    inventory = write_inventory(tmp_path / "hosts.yml", {"server": LOCAL})
    line, environment = command("stack", inventory, "--tags", tags, **{"ansible_become": False} | variables)
    environment["PATH"] = f"{fake.parent}:{environment['PATH']}"
    return subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)


def test_preflight_passes(tmp_path: Path) -> None:
    done = play(tmp_path, "preflight", **GOOD)
    assert done.returncode == 0, done.stdout
    assert recap(done)["server"]["changed"] == 0


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"grafana_admin_password": "admin"}, "grafana_admin_password is missing or too well known"),
        ({"postgres_owner_password": ""}, "postgres_owner_password is missing or too well known (set it in a vault"),
        ({"postgres_tls_key": "/etc/key.pem"}, "set both postgres_tls_certificate and postgres_tls_key"),
        ({"grafana_database_host": "db.example.com:5432"}, "another host, and grafana_database_sslmode is disable"),
        ({"postgres_reader": "Graf-ana"}, "bad name for a role or a database: Graf-ana"),
        ({"postgres_reader_password": "pa$sword"}, "grafana_database_password has a $ in it, and Grafana takes what"),
        (
            {"postgres_reached_at": "db.example.com"},
            (
                "the controller reaches server at db.example.com (postgres_reached_at), and PostgreSQL there listens on"
                " localhost and lets in no other host (set postgres_listen_addresses to ['*'] and postgres_allowed to"
            ),
        ),
        ({"postgres_allowed": ["0.0.0.0/0"]}, "opens server to the whole network"),
        ({"grafana_package_path": "/no/grafana.deb"}, "no such file or folder on the controller: /no/grafana.deb"),
    ],
)
def test_preflight_fails_with_the_remedy(tmp_path: Path, changed: dict[str, Any], text: str) -> None:
    done = play(tmp_path, "preflight", **GOOD | changed)
    assert done.returncode == 2
    assert text in re.sub(r"\s+", " ", done.stdout + done.stderr).replace('\\"', '"')
    assert "pa$sword" not in done.stdout + done.stderr


def test_a_password_must_be_given(tmp_path: Path) -> None:
    done = play(tmp_path, "preflight", postgres_owner_password="x1")
    assert done.returncode == 2
    assert "postgres_reader_password" in done.stdout + done.stderr


def parsed(text: str) -> dict[str, str]:
    """A file of systemd's EnvironmentFile: values in double quotes, with backslashes in front of `"` and `\\`."""
    found = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, _, value = line.partition("=")
            assert value.startswith('"')
            assert value.endswith('"')
            found[name] = re.sub(r"\\(.)", r"\1", value[1:-1])
    return found


def test_what_grafana_is_configured_with(tmp_path: Path) -> None:
    etc = tmp_path / "etc"
    places = {
        "_grafana_etc": str(etc),
        "_grafana_unit": str(tmp_path / "unit"),
        "_grafana_group": "root",
        "_grafana_dashboards": str(tmp_path / "dashboards"),
    }
    done = play(tmp_path, "configure", **GOOD, **places, _postgres_etc=str(postgres_etc(tmp_path)), **SMALL)
    assert done.returncode == 0, done.stdout
    assert "admin's secret" not in done.stdout
    settings = parsed((etc / "perfops.env").read_text(encoding="utf-8"))
    assert settings["PERFOPS_GRAFANA_DB_PASSWORD"] == GOOD["postgres_reader_password"]
    assert settings["GF_SECURITY_ADMIN_PASSWORD"] == GOOD["grafana_admin_password"]
    assert settings["GF_AUTH_ANONYMOUS_ENABLED"] == "false"
    assert settings["GF_SERVER_HTTP_ADDR"] == "127.0.0.1"
    assert stat.S_IMODE((etc / "perfops.env").stat().st_mode) == 0o640
    provisioned = "".join(path.read_text(encoding="utf-8") for path in (etc / "provisioning").rglob("*.yml"))
    assert set(re.findall(r"\$__env\{(\w+)\}", provisioned)) <= settings.keys()
    assert Path(settings["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]).is_file()
    assert len(list((tmp_path / "dashboards").rglob("*.json"))) == 7
    told = (tmp_path / "postgres" / "conf.d" / "perfops.conf").read_text(encoding="utf-8")
    assert re.search(r"^shared_buffers = '\d+MB'$", told, re.MULTILINE)
    assert "work_mem = '64MB'" in told
    assert "jit = 'off'" in told
    lines = told.splitlines()[1:]
    assert all(re.fullmatch(r"\w+ = '[^']*'|\w+ = \w+", line) for line in lines), told
    names = [line.partition(" = ")[0] for line in lines]
    assert len(set(names)) == len(names)
    assert {"ssl", "ssl_cert_file", "ssl_key_file", "timezone", "log_timezone"} <= set(names)
    access = (tmp_path / "postgres" / "pg_hba.conf").read_text(encoding="utf-8")
    assert "hostssl perfops   perfops,grafana   10.0.0.0/24   scram-sha-256" in access
    assert "trust" not in access
    again = play(tmp_path, "configure", **GOOD, **places, _postgres_etc=str(postgres_etc(tmp_path)), **SMALL)
    assert (again.returncode, recap(again)["server"]["changed"]) == (0, 0), again.stdout


SMALL = {
    "_postgres_account": "root",
    "postgres_allowed": ["10.0.0.0/24"],
    "postgres_tls_certificate": "/etc/cert.pem",
    "postgres_tls_key": "/etc/key.pem",
}


def postgres_etc(tmp_path: Path) -> Path:
    """A folder that PostgreSQL's configuration is in."""
    folder = tmp_path / "postgres"
    if not folder.exists():
        folder.mkdir()
        (folder / "postgresql.conf").write_text("#include_dir = '...'\n")
    return folder


def test_the_database_its_owner_and_its_reader(server: home.Home, tmp_path: Path) -> None:
    psql = [
        str(home.programs(server) / "psql"),
        embedded.conninfo(server, "postgres"),
        "-X",
        "-qAt",
        "-v",
        "ON_ERROR_STOP=1",
    ]
    names = {"postgres_database": "stack", "postgres_owner": "stack_owner", "postgres_reader": "stack_reader"}
    url = make_conninfo(embedded.conninfo(server, "stack"), user="stack_owner")
    variables = GOOD | names | {"_postgres_psql": psql, "_postgres_url": url, "_postgres_account": "root"}
    done = play(tmp_path, "database", **variables)
    assert done.returncode == 0, done.stdout
    assert all(secret not in done.stdout for secret in SECRETS)
    with psycopg.connect(make_conninfo(url, user="stack_reader")) as connection:
        assert connection.execute("SELECT count(*) FROM perfops_views.collection").fetchone() == (0,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT lo_create(0)")
    again = play(tmp_path, "database", **variables)
    assert (again.returncode, recap(again)["server"]["changed"]) == (0, 0), again.stdout
    nowhere = make_conninfo(url, host="127.0.0.1", port=1)
    failed = play(tmp_path, "database", **variables | {"_postgres_url": nowhere})
    assert failed.returncode == 2
    told = re.sub(r"\s+", " ", failed.stdout)
    assert "perfops on the controller, for server: perfops: cannot connect to the database stack on 127.0.0.1" in told
    assert "(is it running?)" in told
    assert all(secret not in failed.stdout for secret in SECRETS)
