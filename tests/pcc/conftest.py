"""The packed sampler, and one recording of this machine that several tests look at."""

import os
import resource
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from fix_pcc import Records, environment, pack, read, run

FREQUENCY, LAST = 0.05, 20


@pytest.fixture(autouse=True)
def few_descriptors() -> Iterator[None]:
    """Close the control groups a test has read in this very process, and take back the raised limit on open files."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit[0], resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    for place in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            if "/cgroup" in str(place.readlink()):
                os.close(int(place.name))


@pytest.fixture(scope="session")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sampler as `perfops build-pcc` packs it."""
    return pack(tmp_path_factory.mktemp("packed"))


@pytest.fixture(scope="session")
def recording(packed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording of this machine: 1 s at 50 ms."""
    path = tmp_path_factory.mktemp("recording") / "host.json"
    done = run(
        packed,
        *("--duration", "1s", "--frequency", "50ms", "--collection", str(path), "--labels", "build=42,kind=night run"),
        env=environment(),
    )
    assert done.returncode == 0, done.stderr
    return path


@pytest.fixture(scope="session")
def records(recording: Path) -> Records:
    """The records of the recording."""
    return read(recording)
