"""What several commands are tried on."""

from pathlib import Path

import pytest
from fix_database import connected
from fix_loaded import IDENTITY, load_recordings, record_machine

OTHER = IDENTITY.replace("0d8f", "aaaa")


@pytest.fixture
def loaded(database: str, tmp_path: Path) -> str:
    """A database with a run of two machines."""
    with connected(database) as connection:
        for name, identity in (("vm-01", IDENTITY), ("vm-02", OTHER)):
            path = record_machine(tmp_path / f"{name}.json", identity=identity, hostname=name, missed=2)
            load_recordings(connection, tmp_path / name, path, site="azure", run="nightly")
    return database
