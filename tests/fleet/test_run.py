"""`perfops run`: a machine that is reached by SSH alone, on good days and bad ones."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from random import Random
from select import select
from typing import Any
from uuid import uuid4

import pytest
from fix_controller import Controller, add_user
from fix_hosts import Host, Network
from fix_pcc import check_books, interpreters, read, tick_count, wait_for
from fix_sshd import Server, free_port, needs_sshd

from perfops.fleet.address import Address
from perfops.fleet.connect import Login, LostError
from perfops.fleet.fetch import fetch
from perfops.fleet.follow import persist
from perfops.fleet.session import Session
from perfops.fleet.target import Target

PACED = ("--frequency", "250ms")


def run(name: str, *words: str | Path) -> list[str | Path]:
    """A command line over a machine of the SSH configuration."""
    return ["run", name, "--ssh-config", "ssh_config", *PACED, *words]


def listed(controller: Controller, *words: str) -> list[dict[str, Any]]:
    """What `perfops list --json` says."""
    found: list[dict[str, Any]] = json.loads(controller.perfops("list", "--json", *words).stdout)
    return found


def recordings(home: Path) -> list[Path]:
    """Recordings in the collector's folder on a host."""
    return list(home.glob(".perfops/collections/*/collection.json"))


def test_two_runs_at_once_on_one_machine(controller: Controller, hosts: Network) -> None:
    """One as a user without rights, the other under the oldest Python there is; nothing of either is left there."""
    python = interpreters().get("3.6", "/usr/bin/python3")
    host = hosts.hosts[0]
    home = add_user(host, "tester")
    words = ("--duration", "2s", "--label", "build=42", "--site", "lab")
    first = controller.start(*run("one", "--run", "first", "--python", python, *words))
    second = controller.start(*run("tester@one", "--run", "second", *words))
    for process, name in ((first, "first"), (second, "second")):
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        folder = controller.folder / "results" / name
        assert out.splitlines()[-1] == str(folder / "report.html")
        assert "one" in (folder / "report.html").read_text(encoding="utf-8")
        records = read(folder / "one" / "collection.json")
        end = check_books(records, 0.25, 8)
        about = records[0]["measurement"]
        assert (about["identifier"], about["labels"], end["reason"]) == ("one", {"build": "42"}, "duration")
        told = json.loads((folder / "run.json").read_text())
        known = told["hosts"]["one"]
        assert (known["state"], known["samples"], known["gaps"]) == ("complete", end["ticks"], end["missed"])
        assert abs(known["skew_seconds"]) < 60  # the hosts have this machine's clock
        (row,) = listed(controller, "--run", name)
        assert (row["collection"], row["collector"], row["site"]) == (about["collection"], "one", "lab")
        assert controller.perfops("verify", name).returncode == 0
    assert not (home / ".perfops").exists()
    assert not (host.root() / "root" / ".perfops").exists()


@pytest.mark.soak
def test_a_link_that_is_cut(controller: Controller, hosts: Network) -> None:
    """First the connection is torn, then the cable is pulled; the machine samples on, and all of it comes home."""
    long = bool(os.environ.get("PERFOPS_SOAK"))
    host = hosts.hosts[0]
    process = controller.start(*run("one", "--run", "cut", "--duration", "60s" if long else "6s"))
    wait_for("a sample", lambda: any(map(tick_count, recordings(host.root() / "root"))), 60)
    (file,) = recordings(host.root() / "root")
    tear(host)
    ticks = tick_count(file)
    wait_for("two more samples", lambda: tick_count(file) > ticks + 1)
    host.cut()
    ticks = tick_count(file)
    wait_for("samples without a link", lambda: tick_count(file) > ticks + (40 if long else 4))
    host.mend()
    _, err = process.communicate(timeout=240)
    assert process.returncode == 0, err
    assert "next try in" in err
    records = read(controller.folder / "results" / "cut" / "one" / "collection.json")
    end = check_books(records, 0.25, 240 if long else 24)
    assert end["reason"] == "duration"


def tear(host: Host) -> None:
    """End the connections to a host's SSH server, but not the server."""
    children = subprocess.run(["pgrep", "-f", "sshd: root@"], capture_output=True, text=True).stdout.split()
    namespace = Path(f"/proc/{host.first()}/ns/net").readlink()
    torn = [child for child in map(int, children) if Path(f"/proc/{child}/ns/net").readlink() == namespace]
    assert torn
    for child in torn:
        with suppress(ProcessLookupError):  # it may have gone with its parent
            os.kill(child, signal.SIGKILL)


def test_a_controller_that_is_killed_and_one_that_is_interrupted(controller: Controller, hosts: Network) -> None:
    """The same run again goes on with the same sampler; with --stop it ends it in order."""
    home = hosts.hosts[0].root() / "root"
    abandon(controller, home, "--run", "killed", "--duration", "5s")
    (file,) = recordings(home)
    pid = read_pid(file)
    done = controller.perfops(*run("one", "--run", "killed", "--duration", "5s"))
    assert done.returncode == 0, done.stderr
    records = read(controller.folder / "results" / "killed" / "one" / "collection.json")
    assert records[0]["measurement"]["pid"] == pid
    assert check_books(records, 0.25, 20)["reason"] == "duration"
    (before,) = listed(controller, "--run", "killed")
    subprocess.run(["gzip", controller.folder / "results" / "killed" / "one" / "collection.json"], check=True)
    again = controller.perfops(*run("one", "--run", "killed", "--duration", "5s", "--quiet"))
    assert (again.returncode, again.stderr) == (0, "perfops: one was home already, nothing was sampled anew\n")
    other = controller.perfops(*run("two", "--name", "one", "--run", "killed", "--duration", "5s", "--quiet"))
    one, two = (f"root@{host.address}:22" for host in hosts.hosts)
    text = f"one of the run killed is {one}, and this is {two} (name another run, or a --name for it)"
    assert (other.returncode, other.stderr) == (2, f"perfops: {text}\n")
    assert listed(controller, "--run", "killed") == [before]

    abandon(controller, home, "--run", "over", "--duration", "2s")
    (file,) = recordings(home)
    wait_for("its end", lambda: b'"end"' in file.read_bytes().splitlines()[-1], 60)
    over = controller.perfops(*run("one", "--run", "over", "--duration", "9s", "--quiet"))
    said = "what was sampled there stays as it is, with a duration of 2 s, not 9 s"
    assert (over.returncode, over.stderr) == (0, f"perfops: {said} (another run name samples anew)\n")

    process = controller.start(*run("one", "--run", "ended", "--duration", "1h", "--quiet"))
    wait_for("a sample", lambda: any(map(tick_count, recordings(home))), 60)
    found = subprocess.run(["pgrep", "-f", recordings(home)[0].parent.name], capture_output=True, text=True).stdout
    os.kill(int(found), signal.SIGTERM)  # as a machine does that is shut down: nobody asked for it
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (1, "perfops: one is partial: ended early: SIGTERM\n")

    process = controller.start(*run("one", "--run", "long", "--duration", "1h"))
    wait_for("a sample", lambda: any(map(tick_count, recordings(home))), 60)
    wait_for("the word of it", lambda: "sampling" in (process.stderr or [""]).readline())  # type: ignore[union-attr]
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    resume, stop = (line.partition(": ")[2] for line in err.splitlines()[-2:])
    assert resume == "perfops run one --ssh-config ssh_config --frequency 250ms --run long --duration 1h"
    assert stop == f"{resume} --stop"
    process = controller.start(*run("one", "--run", "long", "--duration", "2h", "--quiet"))
    said = "what samples already goes on as it has begun, with a duration of 3600 s, not 7200 s"
    assert first_word(process) == f"perfops: {said} (another run name samples anew)\n"
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    done = controller.perfops(*stop.split()[1:], "--duration", "2h", "--quiet")
    assert (done.returncode, done.stderr) == (0, "")
    assert "ended early: SIGTERM" in done.stdout
    told = json.loads((controller.folder / "results" / "long" / "run.json").read_text())
    assert told["hosts"]["one"]["state"] == "complete"
    assert not (home / ".perfops").exists()


@pytest.mark.soak
def test_an_interrupt_while_the_machine_answers(controller: Controller, hosts: Network) -> None:
    """Ctrl-C ends the command in the middle of an answer, too; what is left of that answer is not waited for."""
    home, moments = hosts.hosts[0].root() / "root", Random(1)
    abandon(controller, home, "--run", "long", "--duration", "1h")
    for _ in range(200 if os.environ.get("PERFOPS_SOAK") else 8):
        interrupt(controller.start(*run("one", "--run", "long", "--duration", "2h", "--quiet")), moments)
    assert controller.perfops(*run("one", "--run", "long", "--stop", "--quiet")).returncode == 0


def abandon(controller: Controller, home: Path, *words: str) -> None:
    """Begin a run, and kill the command when the machine has a sample."""
    process = controller.start(*run("one", *words))
    wait_for("a sample", lambda: any(map(tick_count, recordings(home))), 60)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def first_word(process: subprocess.Popen[str]) -> str:
    """The first line on standard error, which is waited for no longer than a minute."""
    assert process.stderr
    wait_for("its first word", lambda: select([process.stderr], [], [], 0)[0], 60)
    return process.stderr.readline()


def interrupt(process: subprocess.Popen[str], moments: Random) -> None:
    """Send Ctrl-C to a command soon after it has found what samples, and see it end as it should."""
    first_word(process)
    time.sleep(moments.uniform(0, 0.03))  # any moment is right
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert err.startswith("perfops: interrupted here; what samples there goes on\n"), err
    assert len(err.splitlines()) == 3, err


def read_pid(file: Path) -> int:
    """The process that writes a recording."""
    about = json.loads(json.loads(file.read_bytes().splitlines()[0])["measurement"])
    pid: int = about["pid"]
    return pid


@needs_sshd
def test_a_fetch_goes_on_where_it_broke_off(sshd: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is here of a recording is not fetched again, unless it is of another one; it is on disk under its name."""
    forced: list[str] = []
    force = os.fsync

    def note(descriptor: int) -> None:
        forced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        force(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    there, here = tmp_path / "there", tmp_path / "here"
    content = os.urandom(3_000_000)
    there.write_bytes(content)
    (tmp_path / "config").write_text(f"UserKnownHostsFile {sshd.known_hosts}\n")
    login = Login(Address("127.0.0.1", "root", sshd.port), config=tmp_path / "config", key=sshd.key)
    target = Target(login, str(tmp_path), "python3", "0")
    firsts = []
    for begun in (b"", content[:2_000_000], b"of another one", content + b"and more"):
        (tmp_path / "here.part").write_bytes(begun)
        told: list[int] = []
        fetch(target, str(there), here, sha256(content).hexdigest(), told.append)
        assert here.read_bytes() == content
        firsts.append(told[0])
        here.unlink()
    target.close()
    assert forced == 4 * [str(tmp_path / "here.part"), str(tmp_path)]
    assert firsts[1] > 2_000_000
    assert all(0 <= first < 1_000_000 for first in (firsts[0], *firsts[2:]))


@needs_sshd
def test_a_collection_without_a_first_sample(sshd: Server, tmp_path: Path) -> None:
    """Somebody has just started it: that is waited for; or it is ended before there is one."""
    (tmp_path / "config").write_text(f"UserKnownHostsFile {sshd.known_hosts}\n")
    login = Login(Address("127.0.0.1", "root", sshd.port), config=tmp_path / "config", key=sshd.key)
    identity = str(uuid4())
    place = tmp_path / "collections" / identity / "collection.json"
    place.parent.mkdir(parents=True)
    session = Session(
        Target(login, str(tmp_path), "python3", identity), b"", {}, 0.0, lambda *_, **__: None, lambda *_: None
    )
    program = (
        "import sys,time; time.sleep(float(sys.argv[1])); open(sys.argv[2],'a').write(sys.argv[3]); time.sleep(60)"
    )
    host = {"timestamp": 5.0, "subsystem": "host", "measurement": json.dumps({"duration": 7.0})}
    for pause, stop in ((2, False), (60, True)):
        words = [sys.executable, "-c", program, str(pause), str(place), json.dumps(host) + "\n", "--id", identity]
        with subprocess.Popen(words) as process:
            facts = session.begin(stop=stop)
            assert (facts["started_at"], facts["duration"]) == ((None, None) if stop else (5.0, 7.0))
            process.kill()
        place.unlink(missing_ok=True)
    session.target.close()


@needs_sshd
@pytest.mark.parametrize("case", ["key", "unknown", "changed", "python", "old", "away", "name"])
def test_a_refusal_is_one_line_with_the_remedy(case: str, controller: Controller, sshd: Server) -> None:
    """And nothing is begun on the machine."""
    home = controller.folder / "home"
    settings: dict[str, object] = {
        "HostName": "127.0.0.1",
        "Port": free_port() if case == "away" else sshd.port,
        "User": "root",
        "IdentityFile": sshd.key,
        "UserKnownHostsFile": sshd.known_hosts,
    }
    more: list[str | Path] = []
    other = controller.folder / "other"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", other], check=True)
    name = f"[127.0.0.1]:{sshd.port}"
    if case == "key":
        settings["IdentityFile"] = other
    elif case in ("unknown", "changed"):
        known = controller.folder / "known"
        known.write_text(f"{name} {other.with_suffix('.pub').read_text()}" if case == "changed" else "")
        settings["UserKnownHostsFile"] = known
    elif case in ("python", "old"):
        program = controller.folder / "python3.5"
        program.write_text("#!/bin/sh\nexit 96\n")
        program.chmod(0o755)
        more = ["--python", program if case == "old" else "python9"]
    controller.knows("vm", settings)
    done = controller.perfops(*run("vm" if case != "name" else "vm one", "--quiet", "--home", home, *more))
    code, words = {
        "key": (5, "root@vm lets none of the keys in (name one with -i KEY, or add it to the agent: ssh-add)"),
        "unknown": (5, f"the host key of {name} is not known: ssh-ed25519 SHA256:"),
        "changed": (5, "the host key of vm has changed: it was ssh-ed25519 SHA256:"),
        "python": (5, "vm has no python9 (install Python 3.6 or later there, or name its path in --python)"),
        "old": (5, "vm has a Python older than 3.6 (install Python 3.6 or later there, or name its path in --python)"),
        "away": (5, "cannot reach vm: "),
        "name": (2, "bad value for the machine: 'vm one' (try azureuser@192.0.2.11 or vm-01:2222)"),
    }[case]
    assert done.returncode == code, done.stderr
    assert done.stderr.startswith(f"perfops: {words}")
    assert len(done.stderr.splitlines()) == 1
    assert not home.exists()
    assert not list((controller.folder / "results").glob("*"))
    if case == "unknown":  # each of the two remedies, as it is said
        scan = f"ssh-keyscan -p {sshd.port} 127.0.0.1 >> {settings['UserKnownHostsFile']}"
        assert scan in done.stderr
        accepted = controller.perfops(*run("vm", "--duration", "500ms", "--home", home, "--accept-new-host-key"))
        assert accepted.returncode == 0, accepted.stderr
        assert Path(str(settings["UserKnownHostsFile"])).read_text().split()[:2] == [name, "ssh-ed25519"]
        assert not home.exists()
    if case == "changed":
        remedy = done.stderr.partition("if it is right: ")[2].partition(", and")[0]
        assert remedy == f"ssh-keygen -R '{name}'"


def test_a_machine_that_is_lost_is_given_up_in_the_end() -> None:
    """What it does not do is to be tried for ever; each sign of life begins its time anew."""
    tries, heard = [], [0.0]

    def act() -> None:
        tries.append(time.monotonic())
        if len(tries) == 2:
            heard[0] = time.monotonic()
        raise LostError("away")

    pauses: list[float] = []
    with pytest.raises(LostError):
        persist(act, lambda: 2.5, lambda: heard[0], lambda _, pause: pauses.append(pause))
    assert pauses == [1.0, 1.0, 2.0]
