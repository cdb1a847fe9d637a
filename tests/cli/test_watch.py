"""perfops watch: what streams now, what is late, what has ended, and what streams no more."""

import json
import signal
import subprocess
from pathlib import Path

import pytest
from fix_command import BIN, environment, perfops
from fix_database import connected
from fix_loaded import IDENTITY, load_recordings, record_machine

NAMES = ("ended", "late", "live", "local", "dead")


@pytest.fixture
def streaming(database: str, tmp_path: Path) -> str:
    """Collections of five machines: one streams, one is late, one has ended, one was fetched, one died hours ago."""
    with connected(database) as connection:
        for number, name in enumerate(NAMES):
            identity = IDENTITY.replace("0d8f", f"000{number}")
            path = record_machine(tmp_path / f"{name}.json", 61, identity=identity, end=name in ("ended", "local"))
            load_recordings(connection, tmp_path / name, path, collector=name, site="azure", run="stream", labels={})
        connection.execute("UPDATE collection SET mode = 'trickle' WHERE complete IS FALSE OR id::text LIKE '0000%'")
        age = "CASE left(id::text, 4) WHEN '0001' THEN interval '5 min' WHEN '0004' THEN interval '2 h'"
        age += " ELSE interval '4 s' END"
        connection.execute(
            f"UPDATE host_sample SET timestamp = timestamp + (SELECT now() - {age} - ended_at"
            " FROM collection WHERE id = collection_id)".encode()
        )
        connection.execute("UPDATE host_sample SET cpu_iowait = 10, cpu_steal = 5, cpu_idle = cpu_idle - 15")
        connection.execute(
            f"UPDATE collection SET loaded_at = now() - {age} + interval '2 s',"
            f" started_at = started_at + (now() - {age} - ended_at), ended_at = now() - {age}".encode()
        )
    return database


def test_what_streams_is_late_and_has_ended(streaming: str) -> None:
    done = perfops("watch", "--once", "--json", "--db", streaming)
    assert done.returncode == 0, done.stderr
    found = {each["collector"]: each for each in json.loads(done.stdout)}
    assert {name: each["state"] for name, each in found.items()} == {
        "ended": "complete",
        "late": "late",
        "live": "live",
    }
    live = found["live"]
    assert 4 <= live["age_seconds"] < 60
    assert live["lag_seconds"] == pytest.approx(2, abs=0.01)
    assert live["rate_per_second"] == pytest.approx(1, abs=0.02)
    assert live["cpu_percent"] == pytest.approx(35, abs=0.01)  # 50 + 20 of 200 clock ticks, no waiting
    assert 0 < live["memory_percent"] < 100
    assert found["late"]["age_seconds"] >= 300


def test_a_run_shows_all_of_its_collections_as_a_table(streaming: str) -> None:
    done = perfops("watch", "stream", "--once", "--db", streaming)
    assert done.returncode == 0, done.stderr
    head, *rows = done.stdout.splitlines()
    assert head.split()[:4] == ["collector", "site", "run", "state"]
    states = {"ended": "complete", "local": "complete", "dead": "no"}  # no end
    assert [row.split()[:4] for row in rows] == [
        [name, "azure", "stream", states.get(name, name)] for name in sorted(NAMES)
    ]


def test_it_looks_again_until_it_is_ended(streaming: str) -> None:
    line = [BIN / "perfops", "watch", "--every", "50ms", "--json", "--db", streaming]
    with subprocess.Popen(line, env=environment(PYTHONUNBUFFERED="1"), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        looks = [json.loads(process.stdout.readline()) for _ in range(3)]
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    assert all(len(look) == 3 for look in looks)


def test_nothing_streams(database: str) -> None:
    done = perfops("watch", "--once", "--db", database)
    assert (done.returncode, done.stdout.partition(" (")[0]) == (0, "nothing streams now")


def test_a_bad_period(database: str) -> None:
    done = perfops("watch", "--every", "2x", "--db", database)
    assert (done.returncode, done.stderr) == (2, "perfops: bad value for --every: '2x' (try 2s)\n")
