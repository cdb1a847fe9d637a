"""The part of a long table that is kept says what the whole says, in the kernel's own shape."""

import pytest
from fix_pcc import ROOTS

from perfops.pcc.sources import EVERY_TICK
from perfops.samples.rows import PARSERS

CHOSEN = [source for source in EVERY_TICK if source.choose]


@pytest.mark.parametrize("root", sorted(ROOTS.iterdir()), ids=lambda root: root.name)
@pytest.mark.parametrize("source", CHOSEN, ids=lambda source: source.path)
def test_what_is_kept_gives_the_figures_of_the_whole(root, source) -> None:
    path = root / "proc" / source.path
    if not path.exists():
        pytest.skip(f"{root.name} has no {source.subsystem}")
    whole = path.read_bytes()
    kept = source.choose(whole)
    assert kept.endswith(b"\n")
    assert b"" not in kept.splitlines()
    assert len(kept) < len(whole)
    parse = PARSERS[source.subsystem]
    assert parse(kept.decode(), None)[0] == parse(whole.decode(), None)[0]
