"""What `pcc --help` shows runs as it stands."""

import gzip
import os
import re
import subprocess
from pathlib import Path

import pytest
from fix_fake_receiver import key_file, receiving
from fix_pcc import check_books, environment, read

from perfops.pcc.flags import EXAMPLES, build_parser
from perfops.pcc.options import read_options

COMMANDS = [line.strip() for line in EXAMPLES.splitlines() if re.match(r"  (PCC_\w+=\S+ )*pcc\b", line)]


def test_there_are_examples() -> None:
    assert len(COMMANDS) >= 4


@pytest.mark.parametrize("command", COMMANDS)
def test_an_example_runs(command: str, packed: Path, tmp_path: Path) -> None:
    """With its times shortened; a description behind two spaces is none of the command."""
    command = command.split("   ", maxsplit=1)[0]
    short = re.sub(r"(duration[ =])\S+", r"\g<1>40ms", command, flags=re.IGNORECASE)
    short = re.sub(r"(frequency[ =])\S+", r"\g<1>20ms", short, flags=re.IGNORECASE)
    short = short.replace("/var/tmp/", f"{tmp_path}/")
    variables = environment(PATH=f"{packed.parent}:{os.environ['PATH']}", PCC_DURATION="40ms", PCC_FREQUENCY="20ms")
    with receiving() as receiver:
        short = short.replace("https://receiver:8443", f"127.0.0.1:{receiver.port}")
        short = short.replace("~/.perfops/key", str(key_file(tmp_path)) if "--mode trickle" in short else "")
        variables["HOME"] = str(tmp_path)
        done = subprocess.run(["bash", "-c", short], cwd=tmp_path, env=variables, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    if "--spool-check" in command:
        assert done.stdout == "nothing is in .\n"
        return
    if "--mode trickle" in command:
        assert receiver.committed.ends == 1
        assert not list((tmp_path / ".perfops" / "spool").iterdir())
        return
    if "--self-test" in command:
        assert "CPU time" in done.stdout
        assert not list(tmp_path.iterdir())
        return
    (path,) = tmp_path.glob("*.json*")
    if "--gzip" in command:
        path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
        path = path.with_suffix("")
    records = read(path)
    assert check_books(records, 0.02, 2)["reason"] == "duration"
    labels = re.search(r"--labels (\S+)", command)
    if labels:
        assert records[0]["measurement"]["labels"] == dict(pair.split("=") for pair in labels[1].split(","))


def test_help_shows_the_examples_and_every_flag(packed: Path) -> None:
    done = subprocess.run([packed, "--help"], capture_output=True, text=True, env=environment(COLUMNS="120"))
    assert done.returncode == 0
    assert all(command in done.stdout for command in COMMANDS)
    for action in build_parser()._actions:
        assert all(flag in done.stdout for flag in action.option_strings)


def test_every_flag_with_a_value_can_be_set_in_the_environment() -> None:
    values = {
        "mode": "local",
        "duration": "5m",
        "frequency": "2s",
        "start_at": "2026-01-10T20:35:00Z",
        "id": "0d8f1a52-6c0e-4f2f-9b57-0c6f5a3b1e77",
        "without": "tcp",
        "metadata_address": "127.0.0.1:8080",
        "rotate": "100M",
        "max_bytes": "5G",
        "min_free": "1G",
        "nice": "7",
        "ionice": "best-effort:6",
        "oom_score_adj": "300",
    }
    for action in build_parser()._actions:
        if action.nargs == 0 or "trickle: " in (action.help or "") or action.dest == "spool_check":
            continue  # test_options.py has those of trickle mode
        value = values.get(action.dest, "k=v")
        by_flag = read_options([action.option_strings[0], value], {})
        by_variable = read_options([], {"PCC_" + action.dest.upper(): value})
        assert getattr(by_flag, action.dest) == getattr(by_variable, action.dest)


def test_the_version(packed: Path) -> None:
    done = subprocess.run([packed, "--version"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "pcc 0.1.0\n")
