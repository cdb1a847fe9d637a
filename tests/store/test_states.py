"""The state of a collection: what each row says, and that every place says the same."""

import json

import psycopg
import pytest
from fix_command import perfops
from fix_database import MakeDatabase, connected
from psycopg.types.json import Jsonb

from perfops.compare.pairs import Pair, unlike
from perfops.store.live import find_live
from perfops.store.machines import find_machines
from perfops.store.states import STATE
from perfops.store.views import SCHEMA

ROWS = {  # mode, complete, recorder, what ended it, period in s, its newest sample is so old, and came so long ago
    ("local", True, "pcc", "duration", 1, "1 day", "1 day"): "complete",
    ("local", True, "pcc", "SIGTERM", 1, "1 day", "1 day"): "ended early",
    ("local", False, "pcc", None, 1, "0 s", "0 s"): "cut short",
    ("local", False, "other", None, 1, "0 s", "0 s"): "end unknown",
    ("local", True, "other", None, 1, "0 s", "0 s"): "complete",
    ("trickle", True, "pcc", "duration", 1, "0 s", "0 s"): "complete",
    ("trickle", True, "pcc", "min-free", 1, "0 s", "0 s"): "ended early",
    ("trickle", False, "pcc", None, 1, "0 s", "0 s"): "live",
    ("trickle", False, "pcc", None, 1, "31 s", "0 s"): "late",
    ("trickle", False, "pcc", None, 3600, "179 min", "179 min"): "live",
    ("trickle", False, "pcc", None, 3600, "181 min", "0 s"): "late",
    ("trickle", False, "pcc", None, 1, "2 h", "59 min"): "late",
    ("trickle", False, "pcc", None, 1, "2 h", "61 min"): "no end",
    ("trickle", False, "pcc", None, 1, "-1 day", "0 s"): "live",  # the machine's clock is ahead
    ("trickle", False, "pcc", None, 1, "-1 day", "61 min"): "no end",
    ("trickle", False, "pcc", None, 3600, "4 h", "179 min"): "late",
    ("trickle", False, "pcc", None, 3600, "4 h", "181 min"): "no end",
}


@pytest.fixture(scope="module")
def url(databases: MakeDatabase) -> str:
    """A database with a collection of each, the state that it should have as its label."""
    made = databases()
    with connected(made) as connection:
        for number, ((mode, complete, recorder, reason, period, ended, came), state) in enumerate(ROWS.items()):
            summary = {
                "collection": None, "fingerprint": str(number), "recorder": recorder, "end_reason": reason,
                "start": "2026-01-10T00:00:00Z", "end": "2026-01-10T00:00:10Z", "frequency": period,
                "complete": complete, "snapshots": 0, "segments": 0, "samples": {},
                "starts": [{"key": "1", "first": "2026-01-10T00:00:00Z"}],
            }  # fmt: skip
            connection.execute(
                """
                WITH made AS (INSERT INTO collector (name, site) VALUES (%s, 'lab') RETURNING id)
                INSERT INTO collection (id, collector_id, run, mode, started_at, ended_at, frequency, complete, labels,
                                        summary, loaded_at)
                SELECT gen_random_uuid(), id, 'states', %s, now() - interval '1 week', now() - %s::interval, %s, %s, %s,
                       %s, now() - %s::interval FROM made""",
                [f"vm-{number:02}", mode, ended, period, complete, Jsonb({"state": state}), Jsonb(summary), came],
            )
    return made


def test_each_row_has_its_state(url: str) -> None:
    with connected(url) as connection:
        found = connection.execute(psycopg.sql.SQL("SELECT labels ->> 'state', {} FROM collection").format(STATE))
        rows = found.fetchall()
    assert len(rows) == len(ROWS)
    assert [state for expected, state in rows] == [expected for expected, state in rows]


def test_every_place_says_the_same(url: str) -> None:
    with connected(url) as connection:
        expected = dict(connection.execute("SELECT id::text, labels ->> 'state' FROM collection").fetchall())
        views = dict(connection.execute(f"SELECT id::text, state FROM {SCHEMA}.collection").fetchall())
        machines = {str(machine.collection): machine for machine in find_machines(connection, "states")}
        streams = {str(live.collection): live.state for live in find_live(connection, "states")}
    listed = {each["collection"]: each["state"] for each in json.loads(perfops("list", "--db", url, "--json").stdout)}
    assert views == expected
    assert listed == expected
    assert streams == expected
    assert {identity: machine.state for identity, machine in machines.items()} == expected
    whole = next(machine for machine in machines.values() if machine.state == "complete")
    for machine in machines.values():
        told = [phrase for phrase in unlike(Pair(whole, machine)) if phrase.startswith("state ")]
        known = "live" if machine.state == "late" else machine.state  # which of the two depends on the moment
        assert told == ([] if known == "complete" else [f"state complete against {known}"])
