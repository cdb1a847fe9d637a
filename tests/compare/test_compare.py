"""perfops compare: the figures of two runs, checked by hand, and what it says of machines that are not the same."""

import json
import re
import statistics
from pathlib import Path

import pytest
from fix_command import perfops, refused, succeeded
from fix_database import MakeDatabase, connected
from fix_loaded import START, load_recordings
from fix_report import Events, record_load

from perfops.compare.metrics import DEFAULT, find_metric, find_metrics, find_percentiles
from perfops.compare.missing import Missing, find_missing
from perfops.compare.percentiles import Difference
from perfops.errors import BadInputError
from perfops.store.machines import find_machines

IDS = [f"{number}0000000-0000-4000-8000-000000000000" for number in range(1, 6)]
BEFORE, AFTER, CUT = IDS[0], IDS[2], IDS[4]  # of the machine a; the last one of them in the run `cut`


@pytest.fixture(scope="module")
def url(databases: MakeDatabase, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Two runs of two machines: `before` at a third of the load, `after` at a half, a day later; `c` in one of them.

    And `cut`, as `after` but cut short after half of the time, with another disk.
    """
    made, folder = databases(), tmp_path_factory.mktemp("compare")
    with connected(made) as connection:
        for number, (run, name, load) in enumerate(
            [("before", "a", 0.3), ("before", "b", 0.3), ("after", "a", 0.5), ("after", "c", 0.5), ("cut", "a", 0.5)]
        ):
            start, cut = START + (0 if run == "before" else 86400), run == "cut"
            path = record_load(
                folder / f"{number}.json", 31 if cut else 61, identity=IDS[number], start=start,
                load=lambda _, load=load: load, hostname=name, disk="sdb" if cut else "sda", events=Events(cut=cut),
            )  # fmt: skip
            load_recordings(connection, folder / str(number), path, site="lab", run=run)
    return made


def compared(url: str, *arguments: str) -> dict[str, dict[str, float]]:
    """Differences of the first pair, by metric and statistic."""
    told = json.loads(succeeded(perfops("compare", *arguments, "--db", url, "--json")))
    return {f"{row['metric']} {row['statistic']}": row for row in told["pairs"][0]["differences"]}


def test_figures_of_both_sides_and_their_difference(url: str) -> None:
    found = compared(url, "before", "after")
    assert {name.split()[0] for name in found} == set(DEFAULT)
    row = found["cpu_busy mean"]  # of two CPUs one is busy for 90 % of the load
    assert row["baseline"] == pytest.approx(0.3 * 45, abs=0.3)
    assert row["value"] == pytest.approx(0.5 * 45, abs=0.3)
    assert row["difference"] == pytest.approx(row["value"] - row["baseline"])
    assert row["percent"] == pytest.approx(100 * row["difference"] / row["baseline"])
    assert row["unit"] == "%"
    assert found["mem_used max"]["difference"] == 0
    assert found["cpu_steal P95"] == {
        **found["cpu_steal P95"], "baseline": 0, "value": 0, "difference": 0, "percent": None,
    }  # fmt: skip


def test_any_percentile(url: str) -> None:
    found = compared(url, "before", "after", "--metric", "net_rx_bytes", "--percentile", "12.5", "--percentile", "99.9")
    assert set(found) == {"net_rx_bytes P12.5", "net_rx_bytes P99.9"}
    with connected(url) as connection:
        (machine,) = find_machines(connection, IDS[2])
        rows = connection.execute("SELECT net_rx_bytes FROM host_sample WHERE collection_id = %s", [machine.collection])
        values = [row[0] for row in rows]
    assert found["net_rx_bytes P12.5"]["value"] == pytest.approx(
        statistics.quantiles(values, n=8, method="inclusive")[0]
    )


def test_machines_of_a_name_are_paired_and_the_others_named(url: str) -> None:
    told = succeeded(perfops("compare", "before", "after", "--db", url))
    assert told.startswith("a (lab, 2026-01-09 23:06:40 UTC) against a (lab, 2026-01-10 23:06:40 UTC)\n")
    assert told.endswith("on one side only: b, c\n")
    assert "not the same" not in told


def test_two_collections_are_paired_whatever_their_names(url: str) -> None:
    told = json.loads(succeeded(perfops("compare", IDS[1], IDS[3], "--db", url, "--json")))
    assert [pair["collectors"] for pair in told["pairs"]] == [["b", "c"]]


def test_devices_have_a_row_each(url: str) -> None:
    told = succeeded(perfops("compare", "before", "after", "--metric", "cpu.user", "--percentile", "50", "--db", url))
    rows = [line.split() for line in told.splitlines() if line.startswith("user ")]
    assert [row[1] for row in rows] == ["0", "1", "all"]


def test_only_the_last_part(url: str) -> None:
    whole = compared(url, "before", "after", "--metric", "disk_write_bytes")
    last = compared(url, "before", "after", "--metric", "disk_write_bytes", "--last", "10s")
    assert whole.keys() == last.keys()
    assert whole["disk_write_bytes mean"]["value"] == pytest.approx(last["disk_write_bytes mean"]["value"], rel=0.01)


@pytest.mark.parametrize(("threshold", "code"), [("1", 1), ("200", 0)])
def test_a_difference_above_the_threshold_is_exit_code_1(url: str, threshold: str, code: int) -> None:
    done = perfops("compare", BEFORE, AFTER, "--metric", "cpu_busy", "--threshold", threshold, "--db", url)
    assert done.returncode == code
    assert "cpu_busy" in done.stdout
    assert ("differ by more than 1 %" in done.stderr) == bool(code)


def test_from_zero_every_difference_passes(url: str) -> None:
    done = perfops("compare", BEFORE, AFTER, "--metric", "cpu_steal", "--threshold", "0", "--db", url)
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("arguments", "told", "error"),
    [
        (
            ("before", "after", "--metric", "cpu_busy"),
            "on one side only: b, c\n",
            "2 could not be compared, the first is the machine b (on one side only): see what was lost, or",
        ),
        (
            (BEFORE, AFTER, "--metric", "cpu_busy", "--metric", "cpu_pressure", "--metric", "io_pressure"),
            "  not compared: system.cpu_pressure, system.io_pressure (no values on one side or both)\n",
            "2 could not be compared, the first is system.cpu_pressure (no values on one side or both): see",
        ),
        (
            (AFTER, CUT, "--metric", "disk.utilization"),
            (
                "  not compared: disk.utilization of sda (values in the baseline only)\n"
                "  not compared: disk.utilization of sdb (values in the other only)\n"
            ),
            "2 could not be compared, the first is disk.utilization of sda (values in the baseline only): see",
        ),
    ],
    ids=["machine", "metric", "device"],
)
def test_what_cannot_be_compared_is_told_and_fails_a_threshold(
    url: str, arguments: tuple[str, ...], told: str, error: str
) -> None:
    done = perfops("compare", *arguments, "--db", url)
    assert told in succeeded(done)
    held = perfops("compare", *arguments, "--threshold", "1000", "--db", url)
    assert (held.returncode, held.stdout) == (1, done.stdout)
    assert held.stderr.startswith(f"perfops: {error}")


def test_a_disk_that_did_nothing_is_no_lost_measurement() -> None:
    """It has no waiting time; where no disk has any on both sides nothing was compared, and that is one."""
    wanted = find_metrics(["disk.read_await"])
    (await_,) = (each.metric for each in wanted)

    def rows(**sides: tuple[float | None, float | None]) -> list[Difference]:
        return [Difference("disk", await_, device, "mean", *both, None, None) for device, both in sides.items()]

    idle = Missing("disk.read_await", "sr0", "values in the baseline only", lost=False)
    assert find_missing(wanted, rows(sda=(1.0, 2.0), sr0=(1.0, None))) == [idle]
    assert find_missing(wanted, rows(sr0=(1.0, None))) == [idle._replace(lost=True)]


def test_a_lost_metric_in_json_beside_a_difference_that_passes(url: str) -> None:
    line = ("compare", BEFORE, AFTER, "--metric", "cpu_busy", "--metric", "cpu_pressure", "--threshold", "1", "--json")
    done = perfops(*line, "--db", url)
    assert done.returncode == 1
    (pair,) = json.loads(done.stdout)["pairs"]
    reason = "no values on one side or both"
    assert pair["missing"] == [{"metric": "system.cpu_pressure", "device": None, "reason": reason, "lost": True}]
    assert {row["kind"] for row in pair["differences"]} == {"host"}
    assert "by more than 1 %, the first is cpu_busy; 1 could not be compared, the first is system.cpu" in done.stderr


def test_a_side_that_is_not_the_whole_is_told(url: str) -> None:
    (pair,) = json.loads(succeeded(perfops("compare", AFTER, CUT, "--db", url, "--json")))["pairs"]
    assert pair["unlike"] == ["state complete against cut short", "length 60 s against 30 s", "samples 60 against 30"]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("before", "nothing"), "no run or collection 'nothing' in the database"),
        (("before", IDS[3], "--metric", "cpu_bussy"), "no metric 'cpu_bussy' (did you mean host.cpu_busy"),
        (("before", "after", "--percentile", "101"), "bad value for --percentile: 101 (try 95, or 99.9)"),
        (("before", "after", "--last", "soon"), "bad value for --last"),
        (("before", IDS[3]), "no machine is in both: a, b against c (give ids of collections: perfops list)"),
    ],
)
def test_bad_input_is_told_in_one_line(url: str, arguments: tuple[str, ...], text: str) -> None:
    code, told = refused(perfops("compare", *arguments, "--db", url))
    assert code == 2
    assert told.startswith(text)


def test_names_of_metrics() -> None:
    assert find_metric("net.rx_bytes").kind.name == "net"
    assert find_metric("busy").kind.name == "cpu"
    with pytest.raises(BadInputError):
        find_metric("disk.cpu_busy")
    assert list(find_percentiles([99.9, 50, 50])) == [(0.9990000000000001, "P99.9"), (0.5, "P50")]


def test_the_report_has_both_and_their_difference(url: str, tmp_path: Path) -> None:
    path = tmp_path / "against.html"
    done = perfops("report", "--compare", "before", "after", "--output", path, "--db", url)
    assert succeeded(done).strip() == str(path)
    text = path.read_text(encoding="utf-8")
    assert "<h1>before against after</h1>" in text
    assert "The charts count from the start of each machine." in text
    figures = compared(url, "before", "after")["cpu_busy mean"]
    assert f"{figures['percent']:+.1f}\u00a0%" in text
    assert '"elapsed":true' in text
    code, told = refused(perfops("report", "before", "--compare", "before", "after", "--db", url))
    assert (code, told) == (2, "give either a run or collection, or --compare and two of them")
    assert refused(perfops("report", "--db", url))[0] == 2


def test_a_metric_drawn_in_the_terminal(url: str) -> None:
    told = succeeded(perfops("show", "before", "--plot", "cpu_busy", "--db", url))
    assert told.startswith("a: cpu_busy, %, 2026-01-09 23:06:40 to 2026-01-09 23:07:40 UTC\n")
    assert "\x1b" not in told
    assert sum("cpu_busy" in line for line in told.splitlines()) >= 2
    assert "23:07:10" in told
    code, text = refused(perfops("show", "before", "--plot", "nonsense", "--db", url))
    assert (code, text.split(" (")[0]) == (2, "no metric 'nonsense'")
    assert refused(perfops("show", "before", "--plot", "cpu_busy", "--device", "x", "--db", url))[0] == 2
    code, text = refused(perfops("show", "before", "--plot", "cpu_busy", "--json", "--db", url))
    assert (code, text.split(" (")[0]) == (2, "--plot draws a picture")
    told = succeeded(perfops("show", "before", "--plot", "cpu.user", "--device", "0", "--db", url))
    assert "user" in told


def test_the_scale_of_a_percentage_ends_at_100(url: str) -> None:
    """The second CPU does nothing: a flat line."""
    told = succeeded(perfops("show", BEFORE, "--plot", "cpu.idle", "--device", "1", "--db", url))
    labels = [float(found) for found in re.findall(r"^ *([0-9.]+)┤", told, re.MULTILINE)]
    assert (max(labels), min(labels)) == (100, 0)
