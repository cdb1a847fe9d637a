"""The page about all sorts of collections, as it is written: what a reader without scripts sees."""

import json
import re
from pathlib import Path

import pytest
from fix_database import MakeDatabase, connected
from fix_loaded import START, load_recordings, record_machine
from fix_report import Events, Page, load_all, record_load, report

from perfops.catalogue import HOST
from perfops.store.load import load
from perfops.store.sources import find_source

IDENTITIES = tuple(f"5e0c1a52-6c0e-4f2f-9b57-{number:012x}" for number in range(5))
HOSTILE = "</script><img src=x onerror=alert(1)>\"'&{{7*7}}"


@pytest.fixture(scope="module")
def eventful(tmp_path_factory: pytest.TempPathFactory, databases: MakeDatabase) -> str:
    """The page about a machine to which everything happened."""
    folder = tmp_path_factory.mktemp("eventful")
    events = Events(missed=range(20, 25), reboot=40, clock=30, damaged=10, cut=True)
    database = databases()
    load_all(database, folder, {"vm": record_load(folder / "x.json", identity=IDENTITIES[0], events=events)})
    return report(database, "night")


def test_nothing_on_the_page_comes_from_elsewhere(eventful: str) -> None:
    links = re.findall(r"""(?:src|href|action|data|poster)\s*=\s*["']([^"']*)""", eventful)
    assert set(links) <= {"data:,"}
    without_comments = re.sub(r"/\*.*?\*/", "", eventful, flags=re.DOTALL)
    assert not re.search(r"url\(|@import|https?://|//[a-z0-9-]+\.[a-z]", without_comments)
    assert "default-src 'none'" in eventful


def test_gaps_reboot_clock_step_damage_and_the_missing_end_are_told_at_the_top(eventful: str) -> None:
    page = Page(eventful)
    bad, warn = page.all("div.remark bad"), page.all("div.remark warn")
    assert [text.split(".")[0].split(":")[0] for text in bad] == ["Cut short", "1 damaged line left out"]
    told = " ".join(warn)
    assert "1 gap, 6 s in all (shaded in the charts): 2026-01-09 23:06:59 – 2026-01-09 23:07:05: 5 ticks" in told
    assert "1 reboot (dashed lines in the charts): 2026-01-09 23:07:20" in told
    assert "1 clock change (dashed lines in the charts): 2026-01-09 23:07:10: the wall clock is 2.5 s ahead" in told
    marks = {mark["kind"] for mark in page.data["machines"][0]["marks"]}
    assert marks == {"gap", "reboot", "clock"}


def test_machine_and_recorder_are_told(tmp_path: Path, database: str) -> None:
    path = record_load(tmp_path / "x.json", 31, identity=IDENTITIES[0], hostname="build-7")
    load_all(database, tmp_path, {"vm": path})
    page = Page(report(database, "night").replace("\u00a0", " "))
    facts = page.all("dl.facts")[0]
    for fact in (
        "Hostname build-7",
        "CPU 2",
        "Memory 3.81 GiB",
        "System Debian GNU/Linux 12 · 6.1.0",
        "Time 2026-01-09 23:06:40 – 23:07:10 UTC, 30 s",
        "Sampled every 1 s: 30 samples from 31 snapshots",
        "Recorded by pcc, local mode, 0.83 % of one CPU",
        f"Collection {IDENTITIES[0]}",
    ):
        assert fact in facts
    cost = "The recorder itself took 0.25 s of CPU time (0.83 % of one CPU), 8.06 ms a snapshot, at most 8.79 MiB"
    assert cost in page.all("p.observer")[0]
    assert not page.all("div.remark bad") + page.all("div.remark warn") + page.all("div.remark info")


def test_names_are_text_wherever_they_come_from(tmp_path: Path, database: str) -> None:
    path = record_load(
        tmp_path / "x.json", identity=IDENTITIES[0], container=HOSTILE, disk="</script>", hostname=HOSTILE
    )
    load_all(database, tmp_path, {HOSTILE: path}, run=HOSTILE, site=HOSTILE)
    text = report(database, HOSTILE)
    assert "<img" not in text
    assert text.count("</script>") == 3  # of the guard, the data and the scripts
    page = Page(text)
    assert page.all("h1") == [HOSTILE]
    assert HOSTILE in [chart["lines"][0]["label"] for chart in page.data["machines"][0]["charts"] if chart]


def test_a_collection_of_one_snapshot_says_that_it_has_no_samples(tmp_path: Path, database: str) -> None:
    load_all(database, tmp_path, {"vm": record_machine(tmp_path / "x.json", 1, identity=IDENTITIES[0])})
    page = Page(report(database, "night"))
    assert page.all("p.empty") == ["No samples: a recording needs two snapshots for the first one."]
    assert "0 samples from 1 snapshot" in page.all("dl.facts")[0]
    assert page.data["machines"][0]["charts"] == []


def test_a_host_csv_alone_makes_a_report_of_what_it_holds(tmp_path: Path, database: str) -> None:
    whole = record_load(tmp_path / "x.json", identity=IDENTITIES[0])
    with connected(database) as connection:
        load_recordings(connection, tmp_path / "csv", whole, collector="whole", site="lab", run="other")
        alone = (tmp_path / "csv" / HOST.file).rename(tmp_path / HOST.file)
        load(connection, find_source(alone), collector="alone", site="lab", run="night")
    page = Page(report(database, "night"))
    titles = page.all("h4")
    assert titles == ["CPU", "Memory", "Disk throughput", "Disk operations", "Network throughput", "Network packets"]
    charts = [chart for chart in page.data["machines"][0]["charts"] if chart]
    assert [line["label"] for line in charts[0]["lines"]] == ["user", "system", "iowait"]
    assert not page.all("div.remark bad")


NEWER = ["Pressure", "Page faults", "TCP segments", "TCP connections", "New TCP connections", "Open files"]
NEWER += ["Inodes in use", "Container memory of programs"]
TROUBLE = ["Reclaim and swapping", "Lost, refused and sent again", "Periods in which the CPU limit was reached"]


def unfolded(page: Page) -> dict[str, bool]:
    """The folded parts of the page, and whether they stand open."""
    return {text: opened for text, opened in page.folded.items() if text in {"Paging", "TCP and UDP", "Open files"}}


def test_what_was_not_recorded_has_no_chart_and_no_word_but_in_the_tables(tmp_path: Path, database: str) -> None:
    load_all(database, tmp_path, {"vm": record_load(tmp_path / "x.json", identity=IDENTITIES[0])})
    page = Page(report(database, "night"))
    told = " ".join(page.all("h3") + page.all("h4") + page.all("summary"))
    left = [text for text in page.all("p.left-out") if not text.startswith("Always 0")]
    for name in (*NEWER, *TROUBLE, "Paging", "TCP and UDP"):
        assert name not in told
        assert not any(name in text for text in left)
    table = next(table for table in page.tables if table.caption.startswith("Scheduler, memory and network"))
    assert "Not recorded: /proc/loadavg, /proc/vmstat, /proc/pressure/cpu, " in table.notes[0]
    assert "pgfault" not in table.notes[0]


def test_charts_of_a_calm_machine_are_folded_and_what_never_happened_is_named(tmp_path: Path, database: str) -> None:
    load_all(database, tmp_path, {"vm": record_load(tmp_path / "x.json", identity=IDENTITIES[0], newer=True)})
    page = Page(report(database, "night"))
    assert set(NEWER) <= set(page.all("h4"))
    assert not set(TROUBLE) & set(page.all("h4"))
    left = " ".join(page.all("p.left-out"))
    for name in TROUBLE:
        assert f"{name}: always 0." in left
    assert unfolded(page) == {"Paging": False, "TCP and UDP": False, "Open files": False}
    labels = {line["label"] for chart in page.data["machines"][0]["charts"] if chart for line in chart["lines"]}
    assert {"CPU", "I/O", "I/O, all tasks", "received", "sent", "from elsewhere", "open"} <= labels


def test_trouble_stands_open(tmp_path: Path, database: str) -> None:
    path = record_load(tmp_path / "x.json", identity=IDENTITIES[0], newer=True, trouble=4)
    load_all(database, tmp_path, {"vm": path})
    page = Page(report(database, "night"))
    assert {*NEWER, *TROUBLE, "Paging"} <= set(page.all("h4"))
    assert unfolded(page) == {"Paging": True, "TCP and UDP": True, "Open files": False}
    charts = {chart["lines"][0]["label"]: chart for chart in page.data["machines"][0]["charts"] if chart}
    assert [line["label"] for line in charts["major faults"]["lines"]] == [
        *("major faults", "pages scanned", "pages reclaimed", "swapped out"),
    ]


def test_the_cloud_of_a_machine_is_told_once(tmp_path: Path, database: str) -> None:
    cloud = {"provider": "azure", "region": "westeurope", "zone": "2", "instance_type": "Standard_D4s_v5"}
    path = record_load(tmp_path / "x.json", identity=IDENTITIES[0])
    lines = path.read_text().splitlines(keepends=True)
    head = json.loads(lines[0])
    head["measurement"] = json.dumps(json.loads(head["measurement"]) | {"cloud": cloud | {"image": "ubuntu:24.04"}})
    path.write_text("".join([json.dumps(head) + "\n", *lines[1:]]))
    load_all(database, tmp_path, {"vm": path})
    page = Page(report(database, "night"))
    assert "Cloud azure · westeurope · 2 · Standard_D4s_v5" in page.all("dl.facts")[0]
    assert "image ubuntu:24.04" in page.all("dl.all-facts")[0]
    assert "westeurope" not in page.all("dl.all-facts")[0]


def test_two_collections_of_a_machine_are_told_apart_and_stand_side_by_side(tmp_path: Path, database: str) -> None:
    first = record_load(tmp_path / "1.json", identity=IDENTITIES[1])
    second = record_load(tmp_path / "2.json", identity=IDENTITIES[2], start=START + 3600)
    with connected(database) as connection:
        for place, path in enumerate((first, second)):
            load_recordings(connection, tmp_path / str(place), path, collector="vm", site="lab", run="night")
    page = Page(report(database, "night"))
    names = ["vm (lab, 2026-01-09 23:06:40)", "vm (lab, 2026-01-10 00:06:40)"]
    compared = next(table for table in page.tables if table.rows[0][0] == "Machine")
    assert [row[0] for row in compared.rows[1:]] == [f"{name} lab" for name in names]
    assert [row[-1] for row in compared.rows[1:]] == ["complete", "complete"]
    overlaid = page.data["overlaid"]
    assert [line["label"] for line in overlaid[0]["lines"]] == names
    assert overlaid[0]["elapsed"] is True  # one ended before the other began
    assert overlaid[0]["lines"][0]["x"] == overlaid[0]["lines"][1]["x"]


def test_machines_recorded_together_share_the_times_of_day(tmp_path: Path, database: str) -> None:
    paths = {
        f"vm-{number}": record_load(tmp_path / f"{number}.json", identity=IDENTITIES[number], start=START + 10 * number)
        for number in range(3)
    }
    load_all(database, tmp_path, paths)
    page = Page(report(database, "night"))
    overlaid = page.data["overlaid"][0]
    assert overlaid["elapsed"] is False
    assert (overlaid["start"], overlaid["end"]) == (START, START + 20 + 59)
    assert [line["x"][0] for line in overlaid["lines"]] == [1, 11, 21]
    assert len({line["colour"] for line in overlaid["lines"]}) == 3


def test_a_machine_with_one_of_no_samples_in_its_run_is_still_drawn(tmp_path: Path, database: str) -> None:
    paths = {
        "empty": record_machine(tmp_path / "0.json", 1, identity=IDENTITIES[0]),
        "full": record_load(tmp_path / "1.json", identity=IDENTITIES[1]),
    }
    load_all(database, tmp_path, paths)
    page = Page(report(database, "night"))
    compared = next(table for table in page.tables if table.rows[0][0] == "Machine")
    assert compared.rows[1][1:-1] == ["–"] * (len(compared.rows[0]) - 2)
    assert [line["label"] for line in page.data["overlaid"][0]["lines"]] == ["full"]


def test_many_devices_are_folded_and_none_is_forgotten(tmp_path: Path, database: str) -> None:
    load_all(database, tmp_path, {"vm": record_load(tmp_path / "1.json", identity=IDENTITIES[1])})
    with connected(database) as connection:
        query = """
            INSERT INTO disk_sample
            SELECT collection_id, "timestamp", 'nvme' || number || 'n1', read_bytes, number * 1e6, discard_bytes,
            read_ops, write_ops, discard_ops, read_await, write_await, queue_depth, utilization
            FROM disk_sample, generate_series(1, 20) number"""
        connection.execute(query)
        connection.execute("UPDATE collection SET summary = jsonb_set(summary, '{samples,disk}', to_jsonb(59 * 21))")
    page = Page(report(database, "night"))
    drawn = [name for name, _ in page.texts if name.startswith("details.device")]
    disks = [text for text in page.all("summary") if re.fullmatch(r"sda|nvme\d+n1", text)]
    assert len(disks) == 8
    assert len(drawn) >= 8
    left = next(text for text in page.all("p.left-out") if text.startswith("In the tables only"))
    tables = [table.caption.split(" ")[0] for table in page.tables if table.heading == "Disks"]
    assert sorted(tables, key=str) == sorted(["sda", *(f"nvme{number}n1" for number in range(1, 21))])
    assert set(left.rstrip(".").split(": ")[1].split(", ")) == set(tables) - set(disks)
    assert tables[:3] == ["nvme1n1", "nvme2n1", "nvme3n1"]
