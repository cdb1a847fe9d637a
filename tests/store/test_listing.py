"""Which collections there are: newest first, narrowed by what is given."""

from pathlib import Path

import pytest
from fix_loaded import IDENTITY, START, load_recordings, record_machine
from fix_recordings import write

from perfops.store.connection import Connection
from perfops.store.listing import Listing, is_empty, list_collections

MACHINES = (  # name, site, run, labels; each recorded an hour after the one before it
    ("vm-01", "azure", "monday", {"build": "41", "kind": "nightly"}),
    ("vm-02", "azure", "monday", {"build": "41"}),
    ("vm-01", "oci", "tuesday", {"build": "42", "kind": "nightly"}),
    ("vm-01", "azure", None, {}),
)


@pytest.fixture
def loaded(connection: Connection, tmp_path: Path) -> Connection:
    """A connection to a database with the collections of MACHINES."""
    for number, (name, site, run, labels) in enumerate(MACHINES):
        path = record_machine(
            tmp_path / f"{number}.json",
            6,
            identity=IDENTITY.replace("0d8f1a52", f"{number:08}"),
            start=START + 3600 * number,
            missed=number,
            labels=labels,
        )
        load_recordings(connection, tmp_path / str(number), path, collector=name, site=site, run=run)
    return connection


def numbers(listing: Listing) -> list[int]:
    """The collections by their place in MACHINES."""
    return [int(str(found.collection)[:8]) for found in listing.found]


def test_nothing_is_loaded(connection: Connection) -> None:
    assert is_empty(connection)
    assert list_collections(connection, limit=5) == ([], 0)


def test_the_newest_come_first(loaded: Connection) -> None:
    assert not is_empty(loaded)
    listing = list_collections(loaded, limit=5)
    assert (numbers(listing), listing.total) == ([3, 2, 1, 0], 4)


def test_a_limit_leaves_the_oldest_out_and_tells_how_many_there_are(loaded: Connection) -> None:
    listing = list_collections(loaded, limit=2)
    assert (numbers(listing), listing.total) == ([3, 2], 4)
    assert list_collections(loaded, run="monday", limit=1).total == 2


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"collector": "vm-01"}, [3, 2, 0]),
        ({"site": "azure"}, [3, 1, 0]),
        ({"run": "monday"}, [1, 0]),
        ({"labels": {"build": "41"}}, [1, 0]),
        ({"labels": {"build": "41", "kind": "nightly"}}, [0]),
        ({"collector": "vm-01", "site": "azure", "run": "monday"}, [0]),
        ({"labels": {"build": "4"}}, []),
        ({"collector": "VM-01"}, []),
    ],
    ids=str,
)
def test_all_that_is_given_must_match(given: dict[str, str], expected: list[int], loaded: Connection) -> None:
    assert numbers(list_collections(loaded, limit=9, **given)) == expected


def test_what_is_told_of_a_collection(loaded: Connection) -> None:
    (found,) = list_collections(loaded, run="tuesday", limit=9).found
    assert (found.collector, found.site, found.run, found.mode) == ("vm-01", "oci", "tuesday", "local")
    assert found.start.timestamp() == START + 7200
    assert (found.seconds, found.frequency, found.snapshots) == (5 + 2, 1.0, 6)
    assert (found.samples["host"], found.missed, found.gaps, found.complete) == (5, 2, 1, True)
    assert found.labels == {"build": "42", "kind": "nightly"}


def test_a_recorder_that_does_not_say_what_it_missed(loaded: Connection, tmp_path: Path) -> None:
    lines = record_machine(tmp_path / "host.json", end=False).read_bytes().splitlines(keepends=True)
    path = write(tmp_path / "other.json", lines[1:])
    load_recordings(loaded, tmp_path / "other", path, run="other", collector="vm-09")
    (found,) = list_collections(loaded, run="other", limit=9).found
    assert (found.missed, found.gaps, found.complete) == (None, 0, False)


def test_of_a_recording_that_was_cut_short_the_gaps_say_what_was_missed(loaded: Connection, tmp_path: Path) -> None:
    path = record_machine(tmp_path / "cut.json", identity=IDENTITY.replace("0d8f", "bbbb"), missed=4, end=False)
    load_recordings(loaded, tmp_path / "cut", path, run="cut")
    (found,) = list_collections(loaded, run="cut", limit=9).found
    assert (found.missed, found.gaps, found.complete) == (4, 1, False)
