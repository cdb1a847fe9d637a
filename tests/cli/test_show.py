"""perfops show: what is known of a run, and rows as they stand in the database."""

import csv
import io
import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fix_command import BIN, perfops
from fix_database import MakeDatabase, connected
from fix_loaded import IDENTITY, load_recordings, record_machine

from perfops.catalogue import DISK, HOST, KINDS
from perfops.store.phases import Mark, write_marks

OTHER = IDENTITY.replace("0d8f", "aaaa")
TICKS = 9


@pytest.fixture(scope="module")
def loaded(databases: MakeDatabase, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database with a run of two machines."""
    url, folder = databases(), tmp_path_factory.mktemp("show")
    with connected(url) as connection:
        for name, identity in (("vm-01", IDENTITY), ("vm-02", OTHER)):
            path = record_machine(folder / f"{name}.json", TICKS, identity=identity, hostname=name, labels={"k": "v"})
            load_recordings(connection, folder / name, path, site="azure", run="nightly")
        write_marks(connection, "nightly", [Mark(datetime(2026, 1, 9, 23, 6, 42, tzinfo=UTC), "warm-up")])
    return url


def lines_of(text: str) -> dict[str, str]:
    """What follows the first word of each line, with single spaces."""
    return {line.split()[0]: " ".join(line.split()[1:]) for line in text.splitlines() if line.strip()}


def test_a_collection_in_words(loaded: str) -> None:
    done = perfops("show", IDENTITY, "--db", loaded)
    assert done.returncode == 0, done.stderr
    told = lines_of(done.stdout)
    assert done.stdout.startswith("vm-01 (azure)\n")
    assert told["collection"] == IDENTITY
    assert told["labels"] == "k=v"
    assert told["start"] == "2026-01-09 23:06:40 UTC"
    assert told["samples"] == "8 host, 8 system, 24 cpu, 16 disk, 16 net"
    assert told["state"] == "complete"
    assert told["phase"] == "2026-01-09 23:06:42 – 2026-01-09 23:06:48: warm-up"
    assert "0.25 s of CPU time" in done.stdout


def test_the_first_and_last_rows_stand_on_their_side(loaded: str) -> None:
    told = lines_of(perfops("show", IDENTITY, "--db", loaded, "--rows", "2").stdout)
    assert told["host:"] == "4 of 8 rows"
    assert told["timestamp"] == "unit 23:06:41 23:06:42 … 23:06:47 23:06:48"
    assert told["cpu_user"] == "% 25 25 … 25 25"
    assert told["disk_read_bytes"] == "B/s 81920 81920 … 81920 81920"
    assert set(HOST.columns) <= told.keys()
    told = lines_of(perfops("show", IDENTITY, "--db", loaded, "--rows", "20", "--kind", "system").stdout)
    assert told["system:"] == "all rows"
    assert len(told["timestamp"].split()) == 1 + 8
    assert told["load_1m"] == "count" + " -" * 8


def test_rows_of_one_device(loaded: str) -> None:
    told = lines_of(
        perfops("show", IDENTITY, "--db", loaded, "--kind", "disk", "--device", "sdb", "--rows", "1").stdout
    )
    assert told["device"] == "sdb … sdb"
    assert told["disk:"] == "2 of 8 rows"


def test_a_run_shows_all_its_machines(loaded: str) -> None:
    text = perfops("show", "nightly", "--db", loaded, "--rows", "0").stdout
    assert [line for line in text.splitlines() if line.startswith("vm-")] == ["vm-01 (azure)", "vm-02 (azure)"]
    assert "timestamp" not in text


def test_the_csv_holds_all_rows_of_all_machines(loaded: str) -> None:
    done = perfops("show", "nightly", "--db", loaded, "--kind", "disk", "--csv")
    found = list(csv.DictReader(io.StringIO(done.stdout)))
    assert tuple(found[0]) == ("collector", "collection", *DISK.columns)
    assert len(found) == 2 * 2 * (TICKS - 1)
    assert [row["collector"] for row in found] == ["vm-01"] * 16 + ["vm-02"] * 16
    assert found[0]["timestamp"] == "2026-01-09T23:06:41Z"
    assert found[0]["read_bytes"] == "40960"


def test_the_csv_of_a_device_holds_its_rows_alone(loaded: str) -> None:
    done = perfops("show", "nightly", "--db", loaded, "--kind", "disk", "--csv", "--device", "sda")
    assert {row["device"] for row in csv.DictReader(io.StringIO(done.stdout))} == {"sda"}


def test_a_reader_of_the_csv_may_leave_before_its_end(loaded: str) -> None:
    line = f"set -o pipefail; '{BIN}/perfops' show nightly --kind cpu --csv --db '{loaded}' | true"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True)
    assert done.stderr == ""


def test_the_json_has_these_keys(loaded: str) -> None:
    found = json.loads(perfops("show", "nightly", "--db", loaded, "--json", "--rows", "1").stdout)
    assert [each["collector"] for each in found] == ["vm-01", "vm-02"]
    keys = "collection run collector site mode start end seconds frequency state complete labels summary annotations"
    assert list(found[0]) == [*keys.split(), "kind", "total", "rows"]
    assert (found[0]["kind"], found[0]["total"]) == ("host", TICKS - 1)
    assert [row["timestamp"] for row in found[0]["rows"]] == ["2026-01-09T23:06:41Z", "2026-01-09T23:06:48Z"]
    assert tuple(found[0]["rows"][0]) == HOST.columns
    assert found[0]["summary"]["ticks"] == TICKS
    assert [note["text"] for note in found[0]["annotations"]] == ["warm-up"]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["friday"], "no run or collection 'friday' in the database (the last ones loaded are nightly)"),
        (["nightly", "--kind", "disks"], "no kind of sample 'disks' (try one of host, system, cpu, disk, net, "),
        (["nightly", "--kind", "disk", "--device", "sdc"], "no disk samples of 'sdc' (there are sda, sdb)"),
        (["nightly", "--device", "sda"], "samples of the kind host are of no device (give --kind, one of cpu, disk, "),
        (["nightly", "--csv", "--json"], "--csv and --json both say how to print (give one of them)"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_shown_is_one_line(arguments: list[str], text: str, loaded: str) -> None:
    done = perfops("show", *arguments, "--db", loaded)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"perfops: {text}")
    assert done.stderr.count("\n") == 1


def test_the_help_names_all_kinds(tmp_path: Path) -> None:
    text = " ".join(perfops("show", "--help").stdout.replace("│", "").split())
    assert f"{', '.join(kind.name for kind in KINDS[:-1])} or {KINDS[-1].name}." in text
