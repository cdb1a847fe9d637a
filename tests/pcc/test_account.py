"""The small file that --collection names in trickle mode: whoever started the sampler follows it by that."""

import errno
from pathlib import Path
from typing import Any

import pytest
from fix_pcc import environment, of, parse, read, run, start, wait_for, whole_lines
from fix_sshd import free_port

from perfops.pcc import encode
from perfops.pcc.account import Account
from perfops.pcc.errors import PccError

START = encode.stamp(1_700_000_000.0, 1000.0)
TICK = encode.line(START, "/proc/stat", b"cpu 1 2 3")


def arguments(folder: Path, *more: str) -> list[str]:
    """A collection of a second that nobody takes."""
    words = [
        "--mode",
        "trickle",
        "--server",
        f"127.0.0.1:{free_port()}",
        "--spool",
        str(folder / "spool"),
        "--no-cloud",
    ]
    return [*words, "--duration", "1s", "--frequency", "250ms", "--flush", "0", *more]


def test_the_host_record_comes_with_the_first_tick_and_the_end_record_after_the_flush(
    packed: Path, tmp_path: Path
) -> None:
    file = tmp_path / "collection.json"
    line = arguments(tmp_path, "--collection", str(file), "--identifier", "vm-01")
    with start(packed, *line, env=environment(PCC_APIKEY="key")) as process:
        wait_for("the host record", lambda: whole_lines(file))
        (host,) = parse(whole_lines(file))
        assert process.poll() is None
        _, told = process.communicate()
    assert process.returncode == 4, told
    records = read(file)
    assert [record["subsystem"] for record in records] == ["host", "end"]
    assert records[0] == host
    assert (host["measurement"]["identifier"], host["measurement"]["mode"]) == ("vm-01", "trickle")
    end = records[1]["measurement"]
    assert (end["reason"], end["sent"], end["lost"]) == ("duration", 0, 0)
    assert end["left"] == end["ticks"]
    assert end["ticks"] + end["missed"] == 5
    segments = sorted((tmp_path / "spool").glob("*/0*.json"))
    (spooled,) = [record for path in segments for record in of(read(path), "end")]
    assert {name: end[name] for name in ("reason", "ticks", "missed")} == {
        name: spooled["measurement"][name] for name in ("reason", "ticks", "missed")
    }


def test_there_is_no_such_file_unless_it_is_asked_for(packed: Path, tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    done = run(packed, *arguments(tmp_path), env=environment(PCC_APIKEY="key"), cwd=tmp_path / "here")
    assert done.returncode == 4, done.stderr
    assert list((tmp_path / "here").iterdir()) == []


def test_a_file_that_is_there_is_not_written_to_and_nothing_is_left(packed: Path, tmp_path: Path) -> None:
    file = tmp_path / "collection.json"
    file.write_text("of another\n", encoding="ascii")
    done = run(packed, *arguments(tmp_path, "--collection", str(file)), env=environment(PCC_APIKEY="key"))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"pcc: collection {file} is there already")
    assert done.stderr.count("\n") == 1
    assert file.read_text(encoding="ascii") == "of another\n"
    assert list((tmp_path / "spool").iterdir()) == []


def test_where_there_is_no_room_for_it_it_is_written_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    account = Account(str(tmp_path / "collection.json"), False, said.append)
    write = account.output.write

    def refuse(data: bytes) -> int:
        raise PccError(f"cannot write: {errno.ENOSPC}", 3)

    monkeypatch.setattr(account.output, "write", refuse)
    account.note(host_line() + TICK)
    account.note(TICK)
    assert said == [f"cannot write: {errno.ENOSPC} (sampling goes on)"]
    monkeypatch.setattr(account.output, "write", write)
    account.note(encode.json_line(START, "end", {"ticks": 2}))
    account.close({"ticks": 2, "sent": 2})
    records: list[dict[str, Any]] = read(tmp_path / "collection.json")
    assert [record["subsystem"] for record in records] == ["host", "end"]
    assert records[1]["measurement"] == {"ticks": 2, "sent": 2}


def host_line() -> bytes:
    """A host record."""
    return encode.json_line(START, "host", {"identifier": "vm-01"})
