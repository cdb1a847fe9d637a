"""Which collections a name means: a run's, or the one whose id it is or begins."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fix_loaded import START, load_recordings, record_machine

from perfops.errors import BadInputError
from perfops.store.connection import Connection
from perfops.store.machines import find_machines

IDENTITIES = ("aaaaaaaa-0000-4000-8000-000000000001", "aaaaaaaa-0000-4000-8000-000000000002")
OTHERS = ("bbbbbbbb-0000-4000-8000-000000000003", "cccccccc-0000-4000-8000-000000000004")


def load_machine(
    connection: Connection,
    folder: Path,
    identity: str,
    *,
    name: str = "vm",
    site: str = "lab",
    run: str | None = "night",
    start: int = START,
    missed: int = 0,
) -> None:
    """Record, process and load a machine."""
    path = record_machine(folder / f"{identity}.json", identity=identity, start=start, missed=missed)
    load_recordings(connection, folder / identity, path, collector=name, site=site, run=run)


def test_a_run_is_its_collections_by_name_site_and_start(connection: Connection, tmp_path: Path) -> None:
    load_machine(connection, tmp_path, IDENTITIES[0], name="b", site="two", start=START + 100)
    load_machine(connection, tmp_path, IDENTITIES[1], name="b", site="two", start=START)
    load_machine(connection, tmp_path, OTHERS[0], name="a", site="one")
    load_machine(connection, tmp_path, OTHERS[1], run="other")
    found = find_machines(connection, "night")
    assert [str(machine.collection) for machine in found] == [OTHERS[0], IDENTITIES[1], IDENTITIES[0]]


def test_a_machine_knows_its_collection(connection: Connection, tmp_path: Path) -> None:
    load_machine(connection, tmp_path, IDENTITIES[0], missed=2)
    (machine,) = find_machines(connection, "night")
    start = datetime.fromtimestamp(START, UTC)
    assert (machine.collector, machine.name, machine.site, machine.run, machine.mode) == (
        "vm",
        "vm",
        "lab",
        "night",
        "local",
    )
    assert (machine.start, machine.end, machine.seconds) == (start, start + timedelta(seconds=7), 7)
    assert (machine.frequency, machine.complete) == (1, True)
    assert machine.summary.missed == 2
    (gap,) = machine.annotations
    assert (gap.kind, gap.start, gap.end) == ("gap", start + timedelta(seconds=4), start + timedelta(seconds=7))


@pytest.mark.parametrize("length", [8, 13, 36])
def test_an_id_or_its_beginning_is_that_collection(connection: Connection, tmp_path: Path, length: int) -> None:
    load_machine(connection, tmp_path, OTHERS[0])
    load_machine(connection, tmp_path, OTHERS[1])
    (machine,) = find_machines(connection, OTHERS[1][:length].upper())
    assert str(machine.collection) == OTHERS[1]


def test_a_run_goes_before_an_id_of_that_name(connection: Connection, tmp_path: Path) -> None:
    load_machine(connection, tmp_path, OTHERS[0], run=OTHERS[1][:8])
    load_machine(connection, tmp_path, OTHERS[1])
    (machine,) = find_machines(connection, OTHERS[1][:8])
    assert str(machine.collection) == OTHERS[0]


def test_the_beginning_of_several_ids_is_refused(connection: Connection, tmp_path: Path) -> None:
    for identity in IDENTITIES:
        load_machine(connection, tmp_path, identity)
    with pytest.raises(BadInputError, match=r"'aaaaaaaa' begins the ids of several collections \(give more of it\)"):
        find_machines(connection, "aaaaaaaa")


@pytest.mark.parametrize("name", ["%", "aaaaaaa_", "aaaaaaa", "' OR true --"])
def test_what_is_no_beginning_of_an_id_finds_nothing(connection: Connection, tmp_path: Path, name: str) -> None:
    load_machine(connection, tmp_path, IDENTITIES[0])
    with pytest.raises(BadInputError, match="no run or collection"):
        find_machines(connection, name)


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("nihgt", r"\(did you mean night\?\)"),
        ("igh", r"\(did you mean night\?\)"),
        ("z", r"\(the last ones loaded are night\)"),
    ],
)
def test_an_unknown_name_is_answered_with_near_ones(
    connection: Connection, tmp_path: Path, name: str, remedy: str
) -> None:
    load_machine(connection, tmp_path, IDENTITIES[0])
    with pytest.raises(BadInputError, match=f"no run or collection '{name}' in the database {remedy}$"):
        find_machines(connection, name)


def test_an_empty_database_says_how_to_fill_it(connection: Connection) -> None:
    with pytest.raises(BadInputError, match=r"\(nothing is loaded yet: try perfops load\)"):
        find_machines(connection, "night")


@pytest.mark.parametrize(
    ("second", "names"),
    [
        ({"site": "oci"}, ["vm (lab)", "vm (oci)"]),
        ({"start": START + 60}, ["vm (lab, 2026-01-09 23:06:40)", "vm (lab, 2026-01-09 23:07:40)"]),
        ({"name": "vm-2"}, ["vm", "vm-2"]),
    ],
)
def test_collections_of_one_name_are_told_apart(
    connection: Connection, tmp_path: Path, second: dict[str, object], names: list[str]
) -> None:
    load_machine(connection, tmp_path, IDENTITIES[0])
    load_machine(connection, tmp_path, IDENTITIES[1], **second)  # type: ignore[arg-type]
    assert [machine.name for machine in find_machines(connection, "night")] == names
