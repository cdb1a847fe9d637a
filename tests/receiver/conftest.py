"""A receiver that the tests of a module share."""

from collections.abc import Iterator

import pytest
from fix_database import MakeDatabase
from fix_receiver import Receiver, receiving


@pytest.fixture(scope="module")
def receiver(databases: MakeDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receiver]:
    """A receiver of two workers before a database of its own."""
    with receiving(databases(), tmp_path_factory.mktemp("receiver"), "--workers", "2") as found:
        yield found
