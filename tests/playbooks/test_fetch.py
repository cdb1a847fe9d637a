"""A large recording on its way home: packed, in pieces, in bounded memory on either side; and a cut costs a piece."""

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
from fix_playbook import ROOT, write_inventory

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


def make_recording(host: Host) -> tuple[Path, str]:
    """A recording of a size on a machine, most of it holes; and its checksum."""
    path = host.root() / "root" / "big" / "collections" / IDENTITY / "collection.json"
    path.parent.mkdir(parents=True)
    about = {"collection": IDENTITY, "duration": 10.0, "frequency": 1.0, "mode": "local", "boot_id": "x"}
    first = {"timestamp": 1768077300.0, "monotonic": 1.0, "subsystem": "host", "measurement": json.dumps(about)}
    end = first | {"subsystem": "end", "measurement": json.dumps({"reason": "duration", "ticks": 11, "missed": 0})}
    with path.open("wb") as file:
        file.write(json.dumps(first).encode() + b"\n")
        for place in range(1, 5):
            file.seek(place * SIZE // 5)
            file.write(os.urandom(NOISE // 4))
        file.seek(SIZE)
        file.write(b"\n" + json.dumps(end).encode() + b"\n")
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
