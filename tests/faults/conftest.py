"""The packed sampler."""

from pathlib import Path

import pytest
from fix_pcc import pack


@pytest.fixture(scope="session")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sampler as `perfops build-pcc` packs it."""
    return pack(tmp_path_factory.mktemp("packed"))
