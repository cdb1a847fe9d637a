"""When the sender tries again."""

import email.utils
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfops.pcc.retry import LONGEST, BackOff, retry_after


def test_full_jitter_from_1_to_30_seconds() -> None:
    back_off = BackOff()
    limits = []
    for _ in range(8):
        limits.append(back_off.limit)
        assert 0 <= back_off.next() <= limits[-1]
    assert limits == [1, 2, 4, 8, 16, 30, 30, 30]
    back_off.succeeded()
    assert back_off.limit == 1


def test_what_was_asked_for_is_waited_at_least() -> None:
    back_off = BackOff()
    assert all(7 <= back_off.next(7.0) <= 8 for _ in range(20))
    assert back_off.limit == LONGEST


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0), ("120", 120), (" 7 ", 7), ("99999999999999", 86400), ("", None), (None, None), ("soon", None),
     ("-1", None), ("Wed, 21 Oct 2015 07:28:00 GMT", 0), ("Wed, 99 Oct 2015 07:28:00 GMT", None)],
)  # fmt: skip
def test_retry_after_is_a_number_or_a_date(text: str | None, seconds: float | None) -> None:
    assert retry_after(text) == seconds


def test_a_date_that_is_to_come() -> None:
    found = retry_after(email.utils.formatdate(time.time() + 3600, usegmt=True))
    assert found == pytest.approx(3600, abs=60)


@given(st.text())
def test_no_text_is_too_odd(text: str) -> None:
    found = retry_after(text)
    assert found is None or 0 <= found <= 86400
