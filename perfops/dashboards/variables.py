"""Variables that dashboards share: which collections, which devices, what a point shows."""

from collections.abc import Sequence

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models import dashboard as models

from perfops.catalogue import Kind
from perfops.dashboards.common import SOURCE
from perfops.dashboards.sql import EVER, chosen, devices, literal, view
from perfops.dashboards.uids import SOURCE_TYPE

NONE = "00000000-0000-0000-0000-000000000000"  # an id that no collection has, so that an empty database is no error
ALL = models.VariableOption(text="All", value="$__all", selected=True)
NAMED = "collector || ' · ' || site || ' · ' || to_char(started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')"


def source() -> dashboard.DatasourceVariable:
    """Which data source: any PostgreSQL of perfops."""
    return (
        dashboard.DatasourceVariable("datasource")
        .label("Database")
        .description("The PostgreSQL data source that reads the views of perfops.")
        .type(SOURCE_TYPE)
        .regex("/.*perfops.*/i")
    )


def query(name: str, label: str, about: str, sql: str, *, several: bool, refresh: int = 1) -> dashboard.QueryVariable:
    """A variable whose values come from the database; with `several` any number of them, all at first."""
    variable = (
        dashboard.QueryVariable(name)
        .label(label)
        .description(about)
        .datasource(SOURCE)
        .query(sql)
        .definition(sql)
        .refresh(models.VariableRefresh(refresh))
        .sort(models.VariableSort.DISABLED)
        .multi(several)
        .include_all(several)
        .allow_custom_value(False)
    )
    return variable.current(ALL) if several else variable


def no_other(text: str, *more: str) -> str:
    """What a query ends with so that it always has a row: with none, `IN ()` would be an error."""
    row = ", ".join([literal(text), *more])
    return f"UNION ALL SELECT {row} WHERE NOT EXISTS (SELECT FROM {view('collection')})"


def sites() -> dashboard.QueryVariable:
    """Where the machines stand."""
    sql = f"SELECT DISTINCT site FROM {view('collection')} {no_other('none')} ORDER BY 1"
    return query("site", "Site", "Where the machines stand.", sql, several=True)


def runs() -> dashboard.QueryVariable:
    """Runs, the newest first; collections of no run are under `-`."""
    sql = (
        f"SELECT run FROM (SELECT coalesce(run, '-') AS run, max(started_at) AS started_at\n"
        f"  FROM {view('collection')} GROUP BY 1 {no_other('-', 'NULL')}) AS known\n"
        " ORDER BY started_at DESC NULLS LAST"
    )
    return query("run", "Run", "Runs; - has the collections of none.", sql, several=True)


def collections(
    name: str = "collection", label: str = "Collection", *, several: bool = False
) -> dashboard.QueryVariable:
    """Collections of the chosen sites (and runs, where several can be chosen), the newest first."""
    runs_too = f" AND coalesce(run, '-') IN ({chosen('run')})" if several else ""
    sql = (
        f'SELECT "__text", "__value" FROM (SELECT {NAMED} AS "__text", id::text AS "__value", started_at\n'
        f"  FROM {view('collection')} WHERE site IN ({chosen('site')}){runs_too}\n"
        f" {no_other('none', literal(NONE), 'NULL')}) AS known\n"
        ' ORDER BY started_at DESC NULLS LAST, "__text"'
    )
    return query(name, label, "Collector, site and start (UTC).", sql, several=several)


def of_kind(kind: Kind, label: str, name_of: str = "") -> dashboard.QueryVariable:
    """The devices of a kind in the chosen collections."""
    about = f"{kind.keys[0].description.capitalize()}."
    return query(kind.name, label, about, devices(kind, name_of), several=True)


def choice(name: str, label: str, about: str, values: Sequence[tuple[str, str]]) -> dashboard.CustomVariable:
    """A choice of one of some values, the first at first."""
    listed = ",".join(f"{text} : {value}" if text != value else text for text, value in values)
    options = [
        models.VariableOption(text=text, value=value, selected=place == 0) for place, (text, value) in enumerate(values)
    ]
    return (
        dashboard.CustomVariable(name)
        .label(label)
        .description(about)
        .values(listed)
        .options(options)
        .current(options[0])
        .multi(False)
        .include_all(False)
        .allow_custom_value(False)
    )


def show() -> dashboard.CustomVariable:
    """What a point of a chart across devices is."""
    values = [(text, text) for text in ("highest", "mean", "lowest")]
    return choice("show", "Points show", "Of the samples that a point stands for.", values)


def last() -> dashboard.CustomVariable:
    """How much of the end of each collection: in elapsed time there is no common clock to choose from."""
    hours = (("1H", 1), ("6H", 6), ("24H", 24), ("7D", 168))
    values = [("ALL", str(EVER)), *((text, str(3600 * count)) for text, count in hours)]
    return choice("last", "Last", "How much of the end of each collection.", values)
