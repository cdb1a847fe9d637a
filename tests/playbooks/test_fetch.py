"""A large recording on its way home: packed, in pieces, in bounded memory on either side; and a cut costs a piece."""

import base64
import hashlib
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from fix_hosts import Host, Make
from fix_pcc import wait_for
from fix_playbook import LOCAL, ROOT, write_inventory

IDENTITY = "0b6c54b5-6d1e-4d1c-9d2a-0a6f3b7f4c11"
SIZE = 200 << 20
NOISE = 12 << 20  # bytes of it that cannot be packed
MOST = 128 << 20  # bytes of address space that Python may have on the machine
CUT = 8  # seconds, in which SSH notices
PLAYBOOK = """
- hosts: all
  gather_facts: false
  tasks:
    - name: Bring it home
      perfops.perfops.pcc_fetch:
        id: "{identity}"
        home: /root/big
        folder: "{folder}"
        patience: 60
      register: brought
    - ansible.builtin.debug:
        var: brought.sha256
"""
LIMITED = """#!/bin/sh
ulimit -v {limit}
exec /usr/bin/python3 "$@"
"""
PEAK = """
import resource, subprocess, sys
status = subprocess.run(sys.argv[1:]).returncode
print("peak:", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(status)
"""


def recording() -> tuple[bytes, bytes]:
    """The first and the last line of a recording."""
    about = {"collection": IDENTITY, "duration": 10.0, "frequency": 1.0, "mode": "local", "boot_id": "x"}
    first = {"timestamp": 1768077300.0, "monotonic": 1.0, "subsystem": "host", "measurement": json.dumps(about)}
    end = first | {"subsystem": "end", "measurement": json.dumps({"reason": "duration", "ticks": 11, "missed": 0})}
    return json.dumps(first).encode() + b"\n", json.dumps(end).encode() + b"\n"


def make_recording(host: Host) -> tuple[Path, str]:
    """A recording of a size on a machine, most of it holes; and its checksum."""
    path = host.root() / "root" / "big" / "collections" / IDENTITY / "collection.json"
    path.parent.mkdir(parents=True)
    first, end = recording()
    with path.open("wb") as file:
        file.write(first)
        for place in range(1, 5):
            file.seek(place * SIZE // 5)
            file.write(os.urandom(NOISE // 4))
        file.seek(SIZE)
        file.write(b"\n" + end)
    with path.open("rb") as file:
        return path, hashlib.file_digest(file, "sha256").hexdigest()


def size_of(path: Path) -> int:
    """Bytes of a file that may not be there yet."""
    return path.stat().st_size if path.exists() else 0


@pytest.fixture
def line(tmp_path: Path) -> list[str]:
    """The command line of the playbook, that says its peak memory."""
    program = str(Path(sys.executable).with_name("ansible-playbook"))
    return [sys.executable, "-c", PEAK, program, str(tmp_path / "play.yml"), "-i", str(tmp_path / "hosts.yml")]


def test_a_link_that_is_cut_amid_a_large_recording(network: Make, line: list[str], tmp_path: Path) -> None:
    """What has arrived is not sent again: what comes after the mend begins where it was cut."""
    made = network("big")
    (host,) = made.hosts
    path, checksum = make_recording(host)
    limited = host.root() / "root" / "python"
    limited.write_text(LIMITED.format(limit=MOST >> 10), encoding="ascii")
    limited.chmod(0o755)
    variables: dict[str, Any] = host.variables() | {"ansible_python_interpreter": "/root/python"}
    write_inventory(tmp_path / "hosts.yml", {"big": variables})
    folder = tmp_path / "home"
    (tmp_path / "play.yml").write_text(PLAYBOOK.format(identity=IDENTITY, folder=folder), encoding="utf-8")
    environment = os.environ | made.environment() | {"ANSIBLE_NOCOLOR": "1"}
    part = folder / ".arriving"
    with subprocess.Popen(line, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as run:
        try:
            wait_for("half of it", lambda: run.poll() is not None or size_of(part) > SIZE // 2, 90)
            host.cut()
            assert SIZE // 2 < size_of(part) < SIZE
            time.sleep(CUT)
            host.mend()
            told, _ = run.communicate(timeout=200)
        finally:
            run.kill()
    assert run.returncode == 0, told
    assert checksum in told
    with (folder / "collection.json").open("rb") as file:
        assert hashlib.file_digest(file, "sha256").hexdigest() == checksum
    assert not path.exists()
    (peak,) = re.findall(r"^peak: (\d+)$", told, re.MULTILINE)
    assert int(peak) << 10 < SIZE
    assert int(Path(f"/sys/class/net/{host.link}/statistics/rx_bytes").read_text()) < 1.4 * NOISE


TWICE = """
- hosts: all
  gather_facts: false
  tasks:
    - perfops.perfops.pcc_fetch:
        id: "{{ identity }}"
        home: "{{ there }}"
        folder: "{{ folder }}"
        journal: "{{ run }}/.hosts/{{ inventory_hostname }}.json"
        piece_bytes: 20000
"""


def test_two_that_bring_one_recording_home_at_a_time(tmp_path: Path) -> None:
    """The second one waits, and finds it home; nor does a lost journal have anything replace it."""
    run, there = tmp_path / "run", tmp_path / "there"
    folder, source = run / "alpha", there / "collections" / IDENTITY / "collection.json"
    source.parent.mkdir(parents=True)
    first, end = recording()
    content = first + b"\n".join(base64.b64encode(os.urandom(60)) for _ in range(4000)) + b"\n" + end
    source.write_bytes(content)
    (tmp_path / "play.yml").write_text(TWICE, encoding="utf-8")
    hosts = write_inventory(tmp_path / "hosts.yml", {"alpha": LOCAL})
    given = {"identity": IDENTITY, "there": str(there), "folder": str(folder), "run": str(run)}
    program = str(Path(sys.executable).with_name("ansible-playbook"))
    line = [program, str(tmp_path / "play.yml"), "-i", str(hosts), "-e", json.dumps(given)]
    both = [subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    told = [each.communicate(timeout=120)[0] for each in both]
    assert [each.returncode for each in both] == [0, 0], told
    assert sorted(re.findall(r"changed=(\d)", "".join(told))) == ["0", "1"]
    assert (folder / "collection.json").read_bytes() == content
    assert sorted(path.name for path in folder.iterdir()) == ["collection.json"]
    journal = run / ".hosts" / "alpha.json"
    assert json.loads(journal.read_text())["state"] == "complete"
    journal.unlink()
    source.parent.mkdir(parents=True)
    source.write_bytes(first + b"another\n" + end)
    subprocess.run(line, cwd=ROOT, check=True, capture_output=True)
    assert (folder / "collection.json").read_bytes() == content
    assert source.exists()  # it is not what is home
    assert json.loads(journal.read_text())["state"] == "complete"
    known = json.loads(journal.read_text()) | {"address": {"host": "10.0.0.7", "port": 22, "user": "root"}}
    journal.write_text(json.dumps(known))
    refused = subprocess.run(line, cwd=ROOT, capture_output=True, text=True)
    assert refused.returncode == 2
    assert "the run knows alpha as 10.0.0.7 port 22, and now it is alpha port 22" in " ".join(refused.stdout.split())
    assert json.loads(journal.read_text()) == known
