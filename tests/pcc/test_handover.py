"""The sampler starts itself anew, lean: in the same process and with the same options."""

import resource
import signal
from pathlib import Path

import pytest
from fix_pcc import check_books, environment, interpreters, of, read, start, tick_count, wait_for

LINE = ("--duration", "1h", "--frequency", "20ms", "--quiet", "--labels", "town=Zürich,build=42")
LEAN = [version for version in ("3.8", "3.11", "3.13") if version in interpreters()]


@pytest.mark.parametrize("version", LEAN)
def test_it_goes_on_in_this_process_with_these_options(version: str, packed: Path, tmp_path: Path) -> None:
    path = tmp_path / "host.json"
    line = (*LINE, "--collection", str(path))
    with start(packed, *line, python=interpreters()[version], env=environment()) as process:
        wait_for("a tick", lambda: tick_count(path) >= 1)
        assert cmdline(process.pid)[1:] == ("-IS", str(packed), *line, "")
        left_open = {str(each.readlink()) for each in Path(f"/proc/{process.pid}/fd").iterdir()}
        assert not any("memfd" in name for name in left_open)
        process.send_signal(signal.SIGTERM)
    records = read(path)
    assert records[0]["measurement"]["pid"] == process.pid
    assert records[0]["measurement"]["labels"] == {"town": "Zürich", "build": "42"}
    assert check_books(records, 0.02)["reason"] == "SIGTERM"


def test_where_it_cannot_it_samples_all_the_same(packed: Path, tmp_path: Path) -> None:
    """A limit on the size of files holds for the memory that code is handed over in, too."""
    path = tmp_path / "host.json"
    line = ("--duration", "40ms", "--frequency", "20ms", "--quiet", "--collection", str(path))
    limit = (48 << 10, 48 << 10)
    with start(packed, *line, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit)) as process:
        words = set()
        wait_for("the end", lambda: words.add(cmdline(process.pid)) or process.poll() is not None)
    assert process.returncode == 0
    assert not any("-IS" in each for each in words)
    assert len(of(read(path), "/proc/stat")) == 3


def cmdline(pid: int) -> tuple[str, ...]:
    """The command line of a process, () where it has ended."""
    try:
        return tuple(Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0"))
    except FileNotFoundError:
        return ()
