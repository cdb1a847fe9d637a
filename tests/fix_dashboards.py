"""A database as lookers-on find it: real recordings of two clouds under two sites each, a stream, a role."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from fix_database import MakeDatabase, connected
from fix_loaded import load_recordings
from fix_recordings import FOLDER
from fix_report import Events, record_load
from psycopg.conninfo import make_conninfo

from perfops.store.connection import Connection
from perfops.store.grants import grant_reader
from perfops.store.phases import Mark, write_marks

READER = "pictures"
REAL = ("azure-d4-loadtest", "oci-e4-loadtest")
SITES = ('Bench\'s "A"', "second site")
LIVE = "11111111-2222-4333-8444-555555555555"


@dataclass(frozen=True)
class Shown:
    """The database of the dashboards: its connection string as the reader, ids by (recording, site), CSV files."""

    url: str
    owner: str
    ids: dict[tuple[str, str], str]
    folders: dict[str, Path]


@pytest.fixture(scope="session")
def shown(databases: MakeDatabase, tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """Loaded once."""
    url, folder = databases(), tmp_path_factory.mktemp("dashboards")
    ids, folders = {}, {}
    with connected(url) as connection:
        for name in REAL:
            files = [FOLDER / name / f"{part}_collection.json" for part in ("host", "container")]
            folders[name] = folder / name
            for site in SITES:
                run = None if (name, site) == (REAL[1], SITES[1]) else "bench"
                loaded = load_recordings(connection, folder / name, *files, collector=name, site=site, run=run)
                ids[name, site] = str(loaded.collection)
        load_stream(connection, folder)
        ids["live", "lab"] = LIVE
        grant_reader(connection, READER, None)
    return Shown(make_conninfo(url, user=READER), url, ids, folders)


def load_stream(connection: Connection, folder: Path) -> None:
    """A collection that streams now, with all newer sources, a gap and a phase."""
    start = float(int(datetime.now(UTC).timestamp())) - 90
    events = Events(missed=range(20, 25), cut=True)
    path = record_load(folder / "live.json", 90, identity=LIVE, start=start, newer=True, trouble=3, events=events)
    load_recordings(connection, folder / "live", path, collector="live", site="lab", labels={"build": "42"})
    connection.execute("UPDATE collection SET mode = 'trickle', run = 'stream' WHERE id = %s", [LIVE])
    spans = ((1, "warm"), (21, None))
    write_marks(connection, "stream", [Mark(datetime.fromtimestamp(start + at, UTC), name) for at, name in spans])


@pytest.fixture
def reader(shown: Shown) -> Iterator[psycopg.Connection[Any]]:
    """A connection as Grafana has it."""
    with psycopg.connect(shown.url, autocommit=True) as connection:
        yield connection
