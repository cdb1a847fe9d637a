"""The page of environment variables: those of flags from the parsers, the others by name."""

from commands import commands, pcc_flags
from markdown import code, table

from perfops.store.connection import LIBPQ_VARIABLES, VARIABLE

HEAD = """# Environment

A flag or argument on the command line wins over its variable.
"""
URL = """The database: PostgreSQL's connection string, URI or key=value. `--db` wins; without either the `PG*` variables
count, and without those the embedded server is used, and started when needed."""
HOME = """The folder of the embedded server and its data; else `/var/lib/perfops` for root, and
`~/.local/share/perfops` for others (under `XDG_DATA_HOME` where that is set)."""
DATABASE = (
    (VARIABLE, URL.replace("\n", " ")),
    *((name, "Read by libpq: see PostgreSQL's documentation.") for name in LIBPQ_VARIABLES),
    ("PERFOPS_HOME", HOME.replace("\n", " ")),
)
RECEIVER = (
    ("PCD_HOME", "The folder of the receiver, with its keys; else `~/.pcd`."),
    ("PCD_APIKEYS_FILE", "The file of its keys; else `apikeys` in `PCD_HOME`."),
)
COMPOSE = (
    ("PCD_PUBLISH", "docker-compose.yml: where the receiver is published; else `127.0.0.1:8321`."),
    ("GRAFANA_PUBLISH", "docker-compose.yml: where Grafana is published; else `127.0.0.1:3000`."),
)
GRAFANA = (
    ("PERFOPS_GRAFANA_DB_HOST", "Host and port of PostgreSQL, such as `db.example.com:5432`."),
    ("PERFOPS_GRAFANA_DB_NAME", "Name of the database."),
    ("PERFOPS_GRAFANA_DB_USER", "The role that can only read (`perfops db grant-reader`)."),
    ("PERFOPS_GRAFANA_DB_PASSWORD", "Its password, without a `$`, which Grafana would expand once more."),
    ("PERFOPS_GRAFANA_DB_SSLMODE", "`disable`, `require`, `verify-ca` or `verify-full`."),
    ("PERFOPS_GRAFANA_DASHBOARDS", "The folder that holds `grafana/dashboards` of this project."),
)
PHASES = (
    ("PERFOPS_RUN", "Name of the run whose phases the callback `perfops.perfops.phases` writes; without it none."),
    ("PERFOPS_PROGRAM", "Its program; else the `perfops` beside Ansible's own programs, else the one in `PATH`."),
    ("PERFOPS_PHASES_TIMEOUT", "Seconds that the end of a playbook waits until all is written (default 20)."),
)
OTHERS = (
    ("PERFOPS_RUN", "`make demo`: name of the run; else one made of the time."),
    ("PERFOPS_COLLECTIONS", "Tests and benchmarks: the folder of real recordings; without it those tests skip."),
    ("PERFOPS_GRAFANA_SCHEMA", "Tests: the folder of Grafana's JSON Schemas; without it those tests skip."),
    ("PERFOPS_SOAK", "Tests: `1` runs the series of faults with their full counts (`make soak`)."),
    ("PERFOPS_SEED", "Tests of faults: the seed that a failing test printed, for the same moments again."),
)


def page() -> str:
    """The page."""
    columns = ("variable", "what it does")
    return HEAD + "".join(
        f"\n## {title}\n\n{table(names, rows)}"
        for title, names, rows in (
            ("pcc", ("variable", "value", "what it does"), sampler()),
            ("perfops and pcprocess", ("variable", "command", "what it does"), parameters()),
            ("Receiver, keys", columns, coded(RECEIVER)),
            ("Database", columns, coded(DATABASE)),
            ("Grafana, provisioned from grafana/", columns, coded(GRAFANA)),
            ("Phases of a load test's playbook", columns, coded(PHASES)),
            ("This repository", columns, coded((*COMPOSE, *OTHERS))),
        )
    )


def sampler() -> list[tuple[str, ...]]:
    """Every flag of pcc that takes a value can be set by its variable; a few variables have no such flag."""
    return [
        *(
            (code("PCC_" + flag.dest.upper()), code(flag.metavar), str(flag.help))
            for flag in pcc_flags()
            if flag.nargs != 0 and flag.dest != "spool_check"
        ),
        (code("PCC_CLOUD"), code("off"), "do not ask the cloud what this machine is, as with `--no-cloud`"),
        (code("PCC_APIKEY"), code("KEY"), "trickle: the key itself; the flag wins, and this over `PCC_APIKEY_FILE`"),
        (code("PCC_KEEP_SENT"), code("on"), "trickle: keep what was sent, as with `--keep-sent`"),
    ]


def parameters() -> list[tuple[str, ...]]:
    """Arguments and options of perfops that a variable can give."""
    return [
        (code(parameter.envvar), code(name), parameter.help)
        for name, command in commands()
        for parameter in command.params
        if parameter.envvar
    ]


def coded(rows: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    """The rows with their names as code."""
    return [(code(name), text) for name, text in rows]
