"""Variables that dashboards share: which collections, which devices, what a point shows."""

from collections.abc import Sequence

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models import dashboard as models

from perfops.catalogue import Kind
from perfops.dashboards.common import SOURCE
from perfops.dashboards.sql import ALL, EVER, chosen, devices, literal, never_empty, view
from perfops.dashboards.uids import SOURCE_TYPE

NONE = "00000000-0000-0000-0000-000000000000"  # an id that no collection has, for where none can be chosen
NO_COLLECTION = (literal("none"), literal(NONE), "NULL")  # text, value and start
EVERYTHING = models.VariableOption(text="All", value="$__all", selected=True)
OF_SITES = f"site IN ({chosen('site')})"
OF_RUNS = f"coalesce(run, '-') IN ({chosen('run')})"
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
    return variable.current(EVERYTHING) if several else variable


def sites() -> dashboard.QueryVariable:
    """Where the machines stand."""
    sql = never_empty(f"  SELECT DISTINCT site FROM {view('collection')}", literal("none"), order="1")
    return query("site", "Site", "Where the machines stand.", sql, several=True)


def runs() -> dashboard.QueryVariable:
    """Runs of the chosen sites, the newest first; collections of no run are under `-`."""
    known = (
        "  SELECT coalesce(run, '-') AS run, max(started_at) AS started_at\n"
        f"    FROM {view('collection')} WHERE {OF_SITES} GROUP BY 1"
    )
    sql = never_empty(known, literal("-"), "NULL", order="started_at DESC NULLS LAST, run", columns="run")
    return query("run", "Run", "Runs of these sites; - has the collections of none.", sql, several=True)


def collections(
    name: str = "collection", label: str = "Collection", *, several: bool = False
) -> dashboard.QueryVariable:
    """Collections of the chosen sites (and runs, where several can be chosen), the newest first."""
    where = f"{OF_SITES} AND {OF_RUNS}" if several else OF_SITES
    sql = never_empty(
        f'  SELECT {NAMED} AS "__text", id::text AS "__value", started_at\n    FROM {view("collection")} WHERE {where}',
        *NO_COLLECTION,
        order='started_at DESC NULLS LAST, "__text"',
        columns='"__text", "__value"',
    )
    return query(name, label, "Collector, site and start (UTC).", sql, several=several)


def others(baseline: str) -> dashboard.QueryVariable:
    """What the collection of the variable `baseline` is compared with, at first one: of its own machine where there is.

    All is no choice, as it would read every sample there is. Over several servers collections can be joined with
    no others, hence the window.
    """
    same = f"bool_or(id IN ({chosen(baseline)})) OVER (PARTITION BY collector, site) AS same"
    sql = never_empty(
        f'  SELECT {NAMED} AS "__text", id::text AS "__value", started_at, same\n'
        f"    FROM (SELECT id, collector, site, run, started_at,\n                 {same}\n"
        f"            FROM {view('collection')}) AS other\n"
        f"   WHERE {OF_SITES} AND {OF_RUNS} AND id NOT IN ({chosen(baseline)})",
        *NO_COLLECTION,
        "NULL",
        order='same DESC NULLS LAST, started_at DESC NULLS LAST, "__text"',
        columns='"__text", "__value"',
    )
    about = "Collector, site and start (UTC) of one or more: those of the baseline's machine stand first."
    variable = query("collection", "Compared with", about, sql, several=False)
    return variable.multi(True)


def of_kind(kind: Kind, label: str, name_of: str = "") -> dashboard.QueryVariable:
    """The devices of a kind in the chosen collections; All is each, also one that is not among the variable's values.

    What is repeated for each value, as a row for each disk, has those of the variable alone.
    """
    about = f"{kind.keys[0].description.capitalize()}."
    everything = literal(ALL)  # Grafana puts it into a query as it stands, whatever the format
    return query(kind.name, label, about, devices(kind, name_of), several=True).all_value(everything)


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
