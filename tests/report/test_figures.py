"""The figures on the page are those of the CSV files, computed here in another way."""

import csv
import math
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from fix_database import MakeDatabase, connected
from fix_loaded import load_recordings
from fix_recordings import FOLDER, NAMES, needs_recordings
from fix_report import Events, Page, number, record_load, report

from perfops.catalogue import CONTAINER, CPU, DISK, FILESYSTEM, HOST, NET, SYSTEM, Kind, Unit

COLUMNS = ("mean", "min", "P50", "P90", "P95", "P99", "max")
HEADINGS = {
    "CPUs": CPU,
    "Disks": DISK,
    "Network interfaces": NET,
    "File systems": FILESYSTEM,
    "Containers": CONTAINER,
}
MACHINE = {"The machine": HOST, "Scheduler, memory and network": SYSTEM}
BUSY = {"cpu_busy": ("cpu_idle", "cpu_iowait", "cpu_steal"), "busy": ("idle", "iowait", "steal")}

Series = dict[str, dict[str, list[float]]]  # by device and metric


def percentile(values: list[float], share: float) -> float:
    """The value below which a share of the sorted values lies, between two in proportion."""
    place = share * (len(values) - 1)
    below = math.floor(place)
    above = min(below + 1, len(values) - 1)
    return values[below] + (values[above] - values[below]) * (place - below)


def expected(values: list[float]) -> list[float]:
    """The figures of COLUMNS."""
    ordered = sorted(values)
    percentiles = [percentile(ordered, share) for share in (0.5, 0.9, 0.95, 0.99)]
    return [math.fsum(values) / len(values), ordered[0], *percentiles, ordered[-1]]


def read_series(folder: Path, kind: Kind) -> Series:
    """The values in a CSV file, those that are empty left out."""
    series: Series = defaultdict(lambda: defaultdict(list))
    with (folder / kind.file).open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            device = row[kind.keys[0].name] if kind.keys else ""
            name = row[kind.details[0].name] if kind.details else device
            for metric in kind.metrics:
                if row[metric.name]:
                    series[name][metric.name].append(float(row[metric.name]))
            for busy, parts in BUSY.items():
                if parts[0] in row:
                    series[name][busy].append(max(100 - sum(float(row[part]) for part in parts), 0))
    return series


def base(unit: Unit) -> float:
    """What a number in the CSV file counts on the page."""
    return 2.0**20 if unit is Unit.MIB else 1.0


@pytest.fixture(scope="module", params=[*NAMES, "made"])
def loaded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, databases: MakeDatabase) -> Any:
    """The folder of a processed recording, and the page about it."""
    folder = tmp_path_factory.mktemp("figures")
    if request.param == "made":
        events = Events(missed=range(20, 25), reboot=40)
        files = [record_load(folder / "made.json", identity="7b1c3f7e-7d7f-4c52-8b6c-0a6f2b1d9e11", events=events)]
    elif not FOLDER.is_dir():
        pytest.skip(needs_recordings.kwargs["reason"])
    else:
        files = sorted((FOLDER / request.param).glob("*_collection.json"), reverse=True)
    database = databases()
    with connected(database) as connection:
        load_recordings(connection, folder / "csv", *files, collector="vm", site="lab", run="figures")
    return folder / "csv", Page(report(database, "figures"))


def tables_of(page: Page) -> list[tuple[Kind, str, Any]]:
    """The percentile tables: kind, device, and the table."""
    found = []
    for table in page.tables:
        title = table.caption.rsplit(" ", 2)[0]
        if title in MACHINE and table.heading == "Percentiles":
            found.append((MACHINE[title], "", table))
        elif table.heading in HEADINGS:
            found.append((HEADINGS[table.heading], title, table))
    return found


def test_every_cell_of_the_percentile_tables_is_what_the_csv_files_give(loaded: tuple[Path, Page]) -> None:
    folder, page = loaded
    checked = 0
    for kind, device, table in tables_of(page):
        series = read_series(folder, kind)[device]
        units = {metric.name: metric.unit for metric in kind.metrics}
        assert table.rows[0] == ["metric", *COLUMNS]
        for name, *cells in table.rows[1:]:
            metric = name.split(" ")[0]
            for column, cell, value in zip(COLUMNS, cells, expected(series[metric]), strict=True):
                place = (kind.name, device, metric, column, cell, value)
                wanted = value * base(units.get(metric, Unit.PERCENT))
                if cell.startswith("<0.01"):
                    assert 0 < value < 0.01, place
                else:
                    assert number(cell) == pytest.approx(wanted, rel=0.006, abs=0.006), place
                checked += 1
    assert checked > 7 * 30


def test_each_metric_is_in_the_table_or_named_as_zero_or_as_absent(loaded: tuple[Path, Page]) -> None:
    folder, page = loaded
    for kind, device, table in tables_of(page):
        series = read_series(folder, kind)[device]
        notes = table.notes[0] if table.notes else ""
        told = {name: named(notes, name) for name in ("Always 0", "Not recorded")}
        rows = {row[0].split(" ")[0] for row in table.rows[1:]}
        for metric in kind.metrics:
            values = series.get(metric.name, [])
            state = "absent" if not values else "row" if any(values) else "zero"
            assert (metric.name in rows) == (state == "row"), (kind.name, device, metric.name)
            if kind in (HOST, SYSTEM):
                assert (metric.name in told["Always 0"]) == (state == "zero"), (kind.name, metric.name)
                gone = not {metric.name, metric.source}.isdisjoint(told["Not recorded"])
                assert gone == (state == "absent"), (kind.name, metric.name)


def named(text: str, label: str) -> list[str]:
    """The names behind a label: `Always 0: one, two.`"""
    return text.partition(f"{label}: ")[2].partition(".")[0].split(", ")


def test_every_device_has_its_table_or_is_named_as_idle(loaded: tuple[Path, Page]) -> None:
    folder, page = loaded
    found = {(kind.name, device) for kind, device, _ in tables_of(page)}
    idle = " ".join(page.all("p.left-out"))
    kinds = [kind for kind in HEADINGS.values() if (folder / kind.file).exists()]
    assert {DISK, NET, CPU} <= set(kinds)
    for kind in kinds:
        for device, series in read_series(folder, kind).items():
            if any(any(values) for values in series.values()):
                assert (kind.name, device) in found
            else:
                assert device in idle


def test_the_lines_of_the_charts_are_the_columns_of_host_csv(loaded: tuple[Path, Page]) -> None:
    folder, page = loaded
    series = read_series(folder, HOST)[""]
    machine = page.data["machines"][0]
    lines = [line for chart in machine["charts"] if chart and chart["x"] == HOST.name for line in chart["lines"]]
    kernel = read_series(folder, SYSTEM)[""]
    columns = [*series.values(), kernel["mem_slab"], kernel["mem_free"]]  # memory is drawn with these two
    assert len(lines) >= 5
    for line in lines:
        drawn = [value for value in line["mean"] if value is not None]
        assert any(len(column) == len(drawn) and all(map(close, drawn, column)) for column in columns), line["label"]
    assert len(machine["x"][HOST.name]) >= len(series["cpu_busy"])


def close(drawn: float, value: float) -> bool:
    """Equal in the figures that a chart has."""
    return math.isclose(drawn, value, rel_tol=6e-4, abs_tol=1e-9)
