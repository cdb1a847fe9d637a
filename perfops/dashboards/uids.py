"""The one table of uids: links and bookmarks hold on to them, so they never change."""

from typing import NamedTuple

SOURCE = "perfops-postgres"  # of the provisioned data source
SOURCE_TYPE = "grafana-postgresql-datasource"
TAG = "perfops"


class Page(NamedTuple):
    """A dashboard: the uid in its address, its folder, file and title, and what it is for."""

    uid: str
    folder: str
    file: str
    title: str
    description: str


COLLECTIONS = Page(
    "perfops-collections", "perfops", "collections.json", "Collections", "Every collection; a click opens it."
)
OVERVIEW = Page(
    "perfops-overview",
    "perfops",
    "overview.json",
    "Overview",
    "One collection: CPU, memory, disk and network of the whole machine.",
)
HOST = Page(
    "perfops-host",
    "perfops",
    "host.json",
    "Host utilisation",
    "One collection in detail: each CPU, disk, interface and file system, pressure, load, paging and TCP.",
)
TABLES = Page(
    "perfops-tables",
    "perfops",
    "tables.json",
    "Utilisation tables",
    "Mean, extremes and percentiles of every metric, for the span that is chosen.",
)
COMPARE = Page(
    "perfops-compare",
    "perfops",
    "compare.json",
    "Compare",
    "Two or more collections on one axis of elapsed time, and their percentiles side by side.",
)
CONTAINERS = Page(
    "perfops-containers",
    "perfops",
    "containers.json",
    "Containers",
    "The containers of one collection: CPU and throttling, memory against its limit, I/O, tasks.",
)
FLEET = Page(
    "perfops-fleet",
    "perfops",
    "fleet.json",
    "Fleet live",
    "What streams now: age, lag, gaps, the hottest machines.",
)
PAGES = (COLLECTIONS, OVERVIEW, HOST, TABLES, COMPARE, CONTAINERS, FLEET)
