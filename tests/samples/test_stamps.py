"""Times as text."""

import pytest

from perfops.samples.stamps import iso, moment


@pytest.mark.parametrize(
    ("timestamp", "text"),
    [
        (1768077310, "2026-01-10T20:35:10Z"),
        (1768077310.0, "2026-01-10T20:35:10Z"),
        (1768077310.25, "2026-01-10T20:35:10.25Z"),
        (1768077310.001, "2026-01-10T20:35:10.001Z"),
        (1768077310.9999999, "2026-01-10T20:35:11Z"),
        (1768077359.999, "2026-01-10T20:35:59.999Z"),
        (0, "1970-01-01T00:00:00Z"),
        (-1, "1969-12-31T23:59:59Z"),
    ],
)
def test_iso(timestamp: float, text: str) -> None:
    assert iso(timestamp) == text
    assert moment(timestamp).isoformat().replace("+00:00", "Z").startswith(text[:19])


def test_a_time_out_of_reach_is_refused() -> None:
    with pytest.raises(ValueError, match="no such time"):
        iso(1e18)
