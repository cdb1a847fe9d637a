"""docs/record-format.md, held against the sampler's table of sources and against a recording."""

import re
from itertools import takewhile

import orjson
import pytest
from fix_pcc import Records, of
from fix_repository import ROOT

from perfops.pcc.cgroup import NAMES
from perfops.pcc.filesystems import SUBSYSTEM as SPACE
from perfops.pcc.sources import EVERY_TICK, ONCE

TEXT = (ROOT / "docs" / "record-format.md").read_text(encoding="utf-8")


def rows(title: str) -> list[list[str]]:
    """Cells of the table below a title, without those of its head."""
    section = re.search(rf"^#+ {title}\n(.*?)(?=^#|\Z)", TEXT, re.MULTILINE | re.DOTALL)
    assert section, f"no section {title!r}"
    lines = iter(section[1].splitlines())
    table = [next(line for line in lines if line.startswith("|")), *takewhile(lambda line: line.startswith("|"), lines)]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[2:]]


def keys(title: str) -> set[str]:
    """The names in the first column of a section's table."""
    return {name for row in rows(title) for name in re.findall(r"`(\w+)`", row[0])}


def test_the_table_of_sources_is_that_of_the_sampler() -> None:
    told = [tuple(cell.strip("`") for cell in row) for row in rows("Sources")]
    assert told == [
        *((source.subsystem, source.path, source.group, "every tick") for source in EVERY_TICK),
        *((source.subsystem, source.path, source.group, "once") for source in ONCE),
    ]


@pytest.mark.parametrize("subsystem", ["host", "end"])
def test_the_keys_are_those_of_a_recording(subsystem: str, records: Records) -> None:
    (record,) = of(records, subsystem)
    assert keys(subsystem) == set(record["measurement"])


def test_the_keys_of_a_file_system_are_those_of_a_recording(records: Records) -> None:
    for record in of(records, SPACE):
        for line in record["measurement"].splitlines():
            assert keys("File systems") == set(orjson.loads(line))


def test_the_keys_of_a_container_are_those_of_the_sampler() -> None:
    assert keys("Containers") == {"container_id", "container_name", "runtime", *NAMES}


def test_every_subsystem_of_a_recording_is_described(records: Records) -> None:
    for subsystem in {record["subsystem"] for record in records}:
        if subsystem.startswith("container/"):  # of another test that runs beside this one, on this machine
            continue
        assert f"`{subsystem}`" in TEXT or f"### {subsystem}\n" in TEXT


def test_the_keys_of_a_record_are_those_of_a_recording(records: Records) -> None:
    assert all(keys("Record format") == set(record) for record in records)
