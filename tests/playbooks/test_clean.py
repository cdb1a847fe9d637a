"""clean.yml as retention: recordings go by age, number and run, and only those that are wholly in the database."""

import re
import subprocess
import sys
from pathlib import Path

from fix_command import perfops, succeeded
from fix_module import run_module, stopped_afterwards
from fix_pcc import pack
from fix_playbook import LOCAL, play, recap, write_inventory

LOADED, LATER, ALONE, RUNS, NOTHING = (f"0b6c54b5-6d1e-4d1c-9d2a-0a6f3b7f4c{number}" for number in (11, 22, 33, 44, 55))


def test_recordings_go_that_are_old_and_in_the_database(database: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    inventory = write_inventory(tmp_path / "hosts.yml", {"vm-01": LOCAL}, pcc_home=str(home))
    home.mkdir()
    pack(tmp_path).rename(home / "pcc")
    with stopped_afterwards(home):
        for identity in (LOADED, LATER, ALONE):
            run_module(id=identity, home=str(home), duration="200ms", frequency="50ms")
            ended = run_module(id=identity, home=str(home), state="finished")
            if identity != ALONE:
                load = ("load", ended["collection"], "--collector-name", "vm-01", "--run", f"run-{identity[-2:]}")
                succeeded(perfops(*load, "--db", database))
        run_module(id=RUNS, home=str(home), frequency="50ms")
        longer = home / "collections" / LATER / "collection.json"
        words = ["--append", "--collection", str(longer), "--duration", "200ms", "--frequency", "50ms"]
        subprocess.run([sys.executable, str(home / "pcc"), *words], check=True, capture_output=True)
        (home / "collections" / NOTHING).mkdir()

        def here() -> set[str]:
            return {path.name for path in (home / "collections").iterdir()}

        told = play("clean", inventory, "--check", url=database, pcc_clean_older_than="0s")
        assert recap(told)["vm-01"]["failed"] == 0, told.stdout
        assert f"{LOADED} (" in told.stdout
        for identity, text in (
            (LOADED, "goes"),
            (ALONE, "stays, it is not in the database"),
            (LATER, "stays, the recording is longer than what is loaded"),
            (RUNS, "stays, it samples"),
        ):
            assert re.search(rf"{identity} \([^)]*\): {text}", " ".join(told.stdout.split())), told.stdout
        assert here() == {LOADED, LATER, ALONE, RUNS, NOTHING}
        again = ("load", str(longer), "--collector-name", "vm-01", "--run", "run-22")
        succeeded(perfops(*again, "--db", database))
        done = play("clean", inventory, url=database, pcc_clean_run="run-22")
        assert recap(done)["vm-01"]["failed"] == 0, done.stdout
        assert here() == {LOADED, ALONE, RUNS, NOTHING}
        assert recap(play("clean", inventory, url=database, pcc_clean_keep=2))["vm-01"]["changed"] == 1
        assert here() == {ALONE, RUNS, NOTHING}
