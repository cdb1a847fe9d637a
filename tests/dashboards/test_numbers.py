"""What the panels of overview, tables and comparison show, against numbers computed from the CSV files alone."""

import csv
import math
import statistics
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fix_choices import choose, spans
from fix_dashboards import REAL, SITES, Shown
from fix_grafana import View, boards, expand, interval, queries
from fix_recordings import needs_recordings

from perfops.catalogue import HOST
from perfops.dashboards.tables.groups import DEVICES, WHOLE

pytestmark = needs_recordings

BOARDS = {board["title"]: board for board in boards()}
Row = dict[str, str]


def read(path: Path) -> list[Row]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def moment(row: Row) -> datetime:
    return datetime.fromisoformat(row["timestamp"])


def busy(row: Row, *, detail: bool = False) -> float:
    names = ("idle", "iowait", "steal") if detail else ("cpu_idle", "cpu_iowait", "cpu_steal")
    return max(100 - sum(float(row[name]) for name in names), 0)


def value(row: Row, name: str) -> float | None:
    if name in ("cpu_busy", "busy"):
        return busy(row, detail=name == "busy")
    return float(row[name]) if row[name] else None


def values(rows: Iterable[Row], name: str) -> list[float]:
    return [found for row in rows if (found := value(row, name)) is not None]


def percentile(found: list[float], share: float) -> float:
    """Between the two nearest samples, by hand."""
    ordered = sorted(found)
    place = (len(ordered) - 1) * share
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def expected(found: list[float]) -> dict[str, float]:
    return {
        "mean": statistics.fmean(found),
        "min": min(found),
        "P50": percentile(found, 0.5),
        "P90": percentile(found, 0.9),
        "P95": percentile(found, 0.95),
        "P99": percentile(found, 0.99),
        "max": max(found),
    }


def near(number: float) -> Any:
    return pytest.approx(number, rel=1e-9, abs=1e-9)


def opened(shown: Shown, reader: Any, title: str, span: str, **wanted: list[str]) -> View:
    """A dashboard opened by one of its buttons."""
    board = BOARDS[title]
    view, _ = choose(reader, board, "all", dict(wanted))
    view.start, view.end = spans(reader, board, view)[span]
    return view


def result(reader: Any, title: str, place: str, view: View) -> list[dict[str, Any]]:
    """The rows of a panel's query."""
    asked = next(each for each in queries(BOARDS[title]) if each.place.rsplit(" ", 1)[0] == place)
    cursor = reader.execute(expand(asked.sql, view, asked.points))
    names = [column.name for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]


@pytest.mark.parametrize("recording", REAL)
def test_key_figures_of_the_overview(recording: str, shown: Shown, reader: Any) -> None:
    view = opened(shown, reader, "Overview", "ALL", collection=[shown.ids[recording, SITES[0]]])
    rows = read(shown.folders[recording] / "host.csv")
    (cpu,) = result(reader, "Overview", "CPU", view)
    found = [busy(row) for row in rows]
    assert cpu["busy, mean"] == near(statistics.fmean(found))
    assert cpu["busy, P95"] == near(percentile(found, 0.95))
    assert cpu["busy, max"] == near(max(found))
    (memory,) = result(reader, "Overview", "Memory", view)
    assert memory["used, max"] == near(max(values(rows, "mem_used")))
    (flows,) = result(reader, "Overview", "Disk and network", view)
    assert flows["disk write, P95"] == near(percentile(values(rows, "disk_write_bytes"), 0.95))
    assert flows["net received, max"] == near(max(values(rows, "net_rx_bytes")))


@pytest.mark.parametrize("recording", REAL)
def test_lines_keep_the_peaks_of_what_they_stand_for(recording: str, shown: Shown, reader: Any) -> None:
    """Bins of a width that Grafana asks for, made here once more; those of a day have many samples each."""
    view = opened(shown, reader, "Overview", "ALL", collection=[shown.ids[recording, SITES[0]]])
    rows = read(shown.folders[recording] / "host.csv")
    for spread in (timedelta(0), timedelta(hours=12)):
        view.start, view.end = view.start - spread, view.end + spread
        asked = next(each for each in queries(BOARDS["Overview"]) if each.place == "Disk throughput A")
        width = interval(view, asked.points) / 1000
        bins: dict[float, list[float]] = {}
        for row in rows:
            since = (moment(row) - datetime(2000, 1, 1, tzinfo=UTC)).total_seconds()
            bins.setdefault(since // width, []).append(float(row["disk_write_bytes"]))
        cursor = reader.execute(expand(asked.sql, view, asked.points))
        names = [column.name for column in cursor.description]
        found = [dict(zip(names, row, strict=True)) for row in cursor]
        assert len(found) == len(bins)
        assert [row["write"] for row in found] == [near(statistics.fmean(bins[key])) for key in sorted(bins)]
        assert [row["write low"] for row in found] == [near(min(bins[key])) for key in sorted(bins)]
        assert [row["write high"] for row in found] == [near(max(bins[key])) for key in sorted(bins)]
        assert max(row["write high"] for row in found) == near(max(values(rows, "disk_write_bytes")))


@pytest.mark.parametrize("recording", REAL)
def test_every_table_has_the_statistics_of_its_metrics_and_devices(recording: str, shown: Shown, reader: Any) -> None:
    view = opened(shown, reader, "Utilisation tables", "ALL", collection=[shown.ids[recording, SITES[1]]])
    checked = 0
    for group in (*WHOLE, *DEVICES):
        rows = read(shown.folders[recording] / group.kind.file)
        by_device: dict[str, list[Row]] = {}
        for row in rows:
            key = row[group.kind.keys[0].name] if group.kind.keys else ""
            if key == "all" and group.kind.name == "cpu":
                continue
            if group.kind.name == "container":
                key = row["container_name"] or key[:12]
            by_device.setdefault(key, []).append(row)
        told = {}
        for device, samples in by_device.items():
            for name in group.names:
                if found := values(samples, name):
                    told[device, name] = expected(found) | {"samples": len(found)}
        shown_rows = result(reader, "Utilisation tables", group.title, view)
        assert {(row.get("device", ""), row["metric"]) for row in shown_rows} == told.keys(), group.title
        for row in shown_rows:
            for name, number in told[row.get("device", ""), row["metric"]].items():
                assert row[name] == near(number), (group.title, row["metric"], name)
                checked += 1
    print(f"{recording}: {checked} figures of the tables checked")
    assert checked > 300


def test_a_table_of_a_part_has_the_samples_of_that_part(shown: Shown, reader: Any) -> None:
    view = opened(shown, reader, "Utilisation tables", "ALL", collection=[shown.ids[REAL[0], SITES[0]]])
    view.start = view.end - timedelta(minutes=2)
    rows = [row for row in read(shown.folders[REAL[0]] / "host.csv") if view.start <= moment(row) <= view.end]
    found = {row["metric"]: row for row in result(reader, "Utilisation tables", "CPU", view)}
    assert 20 <= len(rows) <= 26
    assert found["cpu_busy"]["samples"] == len(rows)
    assert found["cpu_busy"]["P90"] == near(percentile([busy(row) for row in rows], 0.9))


@pytest.mark.parametrize("last", ["3153600000", "120"])
def test_the_comparison_has_both_figures_and_their_difference(last: str, shown: Shown, reader: Any) -> None:
    one, two = shown.ids[REAL[0], SITES[0]], shown.ids[REAL[1], SITES[0]]
    choices = {"baseline": [one], "collection": [two], "statistic": ["mean", "P95", "max"]}
    view = opened(shown, reader, "Compare", "ALL", **choices)
    view.values["last"] = [last]
    sides = []
    for name in REAL:
        rows = read(shown.folders[name] / "host.csv")
        since = max(moment(row) for row in rows) - timedelta(seconds=int(last))
        sides.append([row for row in rows if moment(row) >= since])
    for group in (group for group in WHOLE if group.kind is HOST):
        found = result(reader, "Compare", group.title, view)
        assert len(found) == len(group.names) * 3
        for row in found:
            before, after = (expected(values(side, row["metric"]))[row["statistic"]] for side in sides)
            assert row["baseline"] == near(before)
            assert row["value"] == near(after)
            assert row["difference"] == near(after - before)
            assert row["percent"] == (near(100 * (after - before) / abs(before)) if before else None)
            assert row["collection"].startswith("oci-e4-loadtest · ")


def test_lines_of_the_comparison_count_from_each_start(shown: Shown, reader: Any) -> None:
    ids = {name: shown.ids[name, SITES[0]] for name in REAL}
    view = opened(shown, reader, "Compare", "ALL", baseline=[ids[REAL[0]]], collection=[ids[REAL[1]]], show=["mean"])
    found = result(reader, "Compare", "CPU busy, $show of each point", view)
    assert [row["elapsed"] for row in found] == sorted(row["elapsed"] for row in found)
    for name in REAL:
        rows = read(shown.folders[name] / "host.csv")
        query = "SELECT started_at FROM perfops_views.collection WHERE id = %s"
        (start,) = reader.execute(query, [ids[name]]).fetchone()
        width = 5.0  # the frequency: ten minutes have fewer samples than a line has points
        bins: dict[float, list[float]] = {}
        for row in rows:
            bins.setdefault((moment(row) - start).total_seconds() // width * width, []).append(busy(row))
        line = {row["elapsed"]: row["value"] for row in found if row["collection"].startswith(name)}
        assert line == {elapsed: near(statistics.fmean(bins[elapsed])) for elapsed in bins}


def test_the_list_shows_each_collection_with_its_picture(shown: Shown, reader: Any) -> None:
    view = opened(shown, reader, "Collections", "ALL")
    rows = result(reader, "Collections", "Collections, the newest first", view)
    assert {row["id"] for row in rows} == set(shown.ids.values())
    for row in rows:
        assert len(row["cpu"]) == len(row["memory"]) == 12
        assert set(row["cpu"]) <= set("▁▂▃▄▅▆▇█")
        assert 0 <= row["cpu_mean"] <= 100
    azure = next(row for row in rows if row["collector"] == REAL[0])
    assert azure["cpu_mean"] == pytest.approx(
        statistics.fmean(busy(row) for row in read(shown.folders[REAL[0]] / "host.csv")), abs=12
    )
    assert (azure["samples"], azure["gaps"], azure["state"]) == (
        len(read(shown.folders[REAL[0]] / "host.csv")),
        0,
        "end unknown",
    )


def test_machines_are_counted_at_each_moment_at_which_they_ran(shown: Shown, reader: Any) -> None:
    query = "SELECT site, started_at, ended_at FROM perfops_views.collection WHERE site = ANY(%s)"
    ran = reader.execute(query, [list(SITES)]).fetchall()
    view = opened(shown, reader, "Collections", "ALL", site=list(SITES))
    for before, after in ((-7.3, 500), (60, -200), (300, -100.5)):
        view.start, view.end = (
            min(row[1] for row in ran) + timedelta(seconds=before),
            min(row[1] for row in ran) + timedelta(seconds=600 + after),
        )
        asked = next(each for each in queries(BOARDS["Collections"]) if each.place.startswith("Machines sampled"))
        step = timedelta(milliseconds=interval(view, asked.points))
        there = {site for site, started, ended in ran if started <= view.end and ended >= view.start}
        told, moment_ = {}, view.start
        while moment_ <= view.end:
            told |= {
                (moment_, each): sum(
                    site == each and started < moment_ + step and ended >= moment_ for site, started, ended in ran
                )
                for each in there
            }
            moment_ += step
        found = result(reader, "Collections", "Machines sampled at a time", view)
        assert {(row["time"], row["metric"]): row["value"] for row in found} == told
        assert any(told.values())
