"""The host's facts."""

import os
import time
from pathlib import Path

from fix_pcc import ROOTS, Records, of

from perfops.pcc.host import host_facts, os_name
from perfops.pcc.options import read_options

CLOUD = {"provider": "azure", "region": "westeurope"}


def test_the_facts_of_the_host(tmp_path: Path) -> None:
    options = read_options(
        ["--proc-root", str(ROOTS / "debian12-2cpu" / "proc"), "--sys-root", str(tmp_path), "--labels", "k=v"], {}
    )
    before = time.time()
    facts = host_facts(options, CLOUD, {"/proc/stat": "gone"})
    assert before - 1 < facts.pop("started") < time.time() + 1
    system = os.uname()
    assert facts == {
        "collection": options.id, "identifier": system.nodename, "labels": {"k": "v"}, "mode": "local",
        "duration": 600, "frequency": 1, "pcc": "0.1.0", "pid": os.getpid(), "hostname": system.nodename,
        "kernel": system.release, "architecture": system.machine, "os": os_name(),
        "boot_id": (ROOTS / "debian12-2cpu/proc/sys/kernel/random/boot_id").read_text().strip(),
        "clock_tick": 100, "page_size": os.sysconf("SC_PAGE_SIZE"), "cpus_online": os.sysconf("SC_NPROCESSORS_ONLN"),
        "cloud": CLOUD, "disks": None, "interfaces": None, "others": [], "unreadable": {"/proc/stat": "gone"},
        "settings": {"nice": 0, "ionice": None, "oom_score_adj": None, "without": []},
    }  # fmt: skip


def test_the_settings_are_told_as_they_were_asked_for() -> None:
    arguments = ["--nice", "5", "--ionice", "best-effort:7", "--oom-score-adj", "300", "--without", "tcp,pressure"]
    assert host_facts(read_options(arguments, {}), None, {})["settings"] == {
        "nice": 5,
        "ionice": "best-effort:7",
        "oom_score_adj": 300,
        "without": ["pressure", "tcp"],
    }
    assert host_facts(read_options(["--ionice", "idle"], {}), None, {})["settings"]["ionice"] == "idle"


def test_the_real_host_record(records: Records) -> None:
    facts = records[0]["measurement"]
    assert facts["boot_id"] == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert facts["labels"] == {"build": "42", "kind": "night run"}
    assert (facts["duration"], facts["frequency"], facts["mode"]) == (1, 0.05, "local")
    diskstats = of(records, "/proc/diskstats")[0]["measurement"].split()
    assert {each["name"] for each in facts["disks"]} <= set(diskstats)
    net = of(records, "/proc/net/dev")[0]["measurement"].split()
    assert {each["name"] + ":" for each in facts["interfaces"]} <= set(net)
