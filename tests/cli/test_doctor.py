"""perfops doctor: on this machine with real servers, and on real hosts that have something wrong with them."""

import json
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest
from fix_command import environment, perfops, refused
from fix_hosts import Host, Make
from fix_pcc import interpreters
from fix_playbook import write_inventory
from fix_push import TOKEN, small_grafana
from fix_receiver import receiving

from perfops.fleet.checks import HERE, THERE

Found = dict[tuple[str | None, str], dict[str, Any]]


def doctor(*words: str | Path, code: int = 0, **options: Any) -> Found:
    """What it found, by host and check."""
    done = perfops("doctor", "--json", *words, **options)
    assert done.returncode == code, (done.stdout, done.stderr)
    return {(each["host"], each["check"]): each for each in json.loads(done.stdout)}


def on(host: Host, script: str) -> None:
    """A command on a host."""
    line = ["ssh", "-i", host.folder / "key", "-o", f"UserKnownHostsFile={host.folder / 'known_hosts'}"]
    subprocess.run([*line, f"root@{host.address}", script], check=True, capture_output=True)


def test_all_is_well_here_with_a_receiver_and_grafana(database: str, tmp_path: Path) -> None:
    with receiving(database, tmp_path) as receiver, small_grafana() as grafana:
        for name, text in (("key", receiver.key), ("token", TOKEN)):
            (tmp_path / name).write_text(text)
            (tmp_path / name).chmod(0o600)
        env = environment(
            PERFOPS_DATABASE_URL=database,
            PCC_SERVER=receiver.url,
            PCC_APIKEY_FILE=tmp_path / "key",
            PCD_LISTENADDRESS=receiver.url.removeprefix("http://"),
            PERFOPS_GRAFANA_URL=grafana.url,
            PERFOPS_GRAFANA_TOKEN_FILE=tmp_path / "token",
        )
        found = doctor(env=env)
        bad = doctor(env=env | {"PCC_APIKEY": "another"}, code=1)
    assert [name for _, name in found] == [spec.name for spec in HERE]
    assert {name: each["state"] for (_, name), each in found.items() if each["state"] != "ok"} == {"home": "skipped"}
    assert found[None, "receiver"]["found"] == f"{receiver.url} takes the key"
    assert found[None, "port"]["found"].startswith("a receiver listens at")
    assert "as perfops" in found[None, "database"]["found"]
    assert bad[None, "receiver"]["found"].endswith("refuses the key")


def test_what_is_wrong_here_has_its_remedy(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        env = environment(
            PERFOPS_DATABASE_URL="postgresql://127.0.0.1:1/x",
            PCC_SERVER="127.0.0.1:1",
            PCC_APIKEY="key",
            PCD_LISTENADDRESS=f"127.0.0.1:{port}",
            PERFOPS_GRAFANA_URL="http://127.0.0.1:1",
            PATH="/nowhere",
        )
        found = doctor(env=env, code=1, cwd=tmp_path)
        text = perfops("doctor", env=env, cwd=tmp_path)
    bad = {name: each for (_, name), each in found.items() if each["state"] == "failed"}
    assert set(bad) == {"ssh", "database", "receiver", "grafana", "port"}
    assert all(each["remedy"] for each in bad.values())
    assert bad["database"]["remedy"] == "is it running?"
    assert bad["receiver"]["found"] == "no answer from 127.0.0.1:1: Connection refused"
    assert "✗  here   ssh " in text.stdout
    assert "✗ here, ssh: install OpenSSH's client" in text.stdout
    assert text.stderr == "perfops: 5 to be mended: this machine (docs/troubleshooting.md)\n"


def test_hosts_with_all_sorts_of_trouble(network: Make, tmp_path: Path) -> None:
    hosts = network("good", "gone", "bare", "odd")
    _, gone, bare, odd = hosts.hosts
    gone.kill()
    on(bare, "rm /usr/bin/python3; mount -t tmpfs -o ro,size=1m none /mnt")
    on(
        odd,
        'printf \'#!/bin/sh\nexec /bin/date -d "1 hour" "$@"\n\' >/usr/local/bin/date; chmod +x /usr/local/bin/date',
    )
    on(odd, "mkdir -p ~/.perfops/collections/0b6c54b5-6d1e-4d1c-9d2a-0a6f3b7f4c11; echo echo welcome >>~/.bashrc")
    on(odd, "mkdir -p ~/.perfops/spool/mail")  # somebody else's
    variables = {host.name: host.variables() for host in hosts.hosts}
    variables["bare"]["pcc_home"] = "/mnt/perfops"
    inventory = write_inventory(tmp_path / "hosts.yml", variables)
    with socket.create_server((hosts.address, 0)) as receiver:
        server = f"{hosts.address}:{receiver.getsockname()[1]}"
        variables["odd"]["pcc_server"] = f"http://{hosts.address}:1"
        write_inventory(tmp_path / "hosts.yml", variables)
        env = environment(PCC_SERVER=server, PCC_APIKEY="key", **hosts.environment())
        found = doctor("-i", inventory, env=env, code=1)
    assert {name: found["good", name]["state"] for name in (spec.name for spec in THERE)} == {
        spec.name: "ok" for spec in THERE
    }
    assert found["gone", "reachable"]["state"] == "failed"
    assert found["gone", "reachable"]["remedy"].startswith("is it on")
    assert {found["gone", spec.name]["state"] for spec in THERE[1:]} == {"skipped"}
    wrong = {key: each for key, each in found.items() if key[0] in ("bare", "odd") and each["state"] != "ok"}
    assert {key: each["found"] for key, each in wrong.items() if key != ("odd", "clock")} == {
        ("bare", "interpreter"): "no Python 3 answers there",
        ("bare", "writable"): "/mnt cannot be written by root",
        ("bare", "room"): "0.0 GiB free",
        ("odd", "leftovers"): "1 not brought home",
        ("odd", "stream"): "[Errno 111] Connection refused",
    }
    assert "perfops run" in wrong["bare", "interpreter"]["remedy"]
    assert wrong["odd", "clock"]["found"].startswith("+36")
    assert wrong["odd", "leftovers"]["state"] == "note"


def test_an_old_python_is_told_with_what_needs_none(tmp_path: Path) -> None:
    old = [path for version, path in interpreters().items() if int(version.split(".")[1]) < 8]
    if not old:
        pytest.skip("no Python before 3.8 on this machine")
    local = {"ansible_connection": "local", "ansible_python_interpreter": str(old[0])}
    found = doctor("-i", write_inventory(tmp_path / "hosts.yml", {"vm": local}), code=1)
    assert found["vm", "interpreter"]["state"] == "failed"
    assert "take perfops run" in found["vm", "interpreter"]["remedy"]


def test_an_inventory_without_machines_is_an_error(tmp_path: Path) -> None:
    write_inventory(tmp_path / "hosts.yml", {})
    code, told = refused(perfops("doctor", "--json", "-i", tmp_path / "hosts.yml"))
    assert (code, told.startswith(f"no machine comes out of {tmp_path}/hosts.yml: ")) == (2, True)
    told = "no such inventory: /nowhere (give a file, a folder, or HOST,)"
    assert refused(perfops("doctor", "--json", "-i", "/nowhere")) == (2, told)
