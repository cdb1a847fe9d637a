"""Durations and labels as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfops.pcc.errors import PccError
from perfops.pcc.units import LONGEST, SECONDS, clean, parse_duration, parse_labels, plain


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("10m", 600),
        ("1h", 3600),
        ("24h", 86400),
        ("2d", 172800),
        ("1h30m", 5400),
        ("1m30s500ms", 90.5),
        ("250ms", 0.25),
        ("1.5h", 5400),
        ("10ms", 0.01),
    ],
)
def test_a_duration(text: str, seconds: float) -> None:
    assert parse_duration(text, "--duration", "10m") == seconds


@pytest.mark.parametrize(
    "text",
    ["", "5", "5x", "s", "-5s", "5 s", " 5s", "5s ", "1h 30m", "5S", "1e3s", "0s", "0h0m", ".5s", "5.s", "1h30", "nan",
     "inf", "10001d", "9" * 400 + "s"],
)  # fmt: skip
def test_what_is_no_duration_is_told_with_its_origin_and_a_remedy(text: str) -> None:
    with pytest.raises(PccError) as caught:
        parse_duration(text, "PCC_FREQUENCY", "5s")
    assert str(caught.value) == f"bad value for PCC_FREQUENCY: {text!r} (try 5s)"
    assert caught.value.exit_code == 2


@given(st.lists(st.tuples(st.integers(1, 9999), st.sampled_from(sorted(SECONDS))), min_size=1, max_size=4))
def test_a_duration_is_the_sum_of_its_parts(parts: list[tuple[int, str]]) -> None:
    seconds = sum(number * SECONDS[unit] for number, unit in parts)
    text = "".join(f"{number}{unit}" for number, unit in parts)
    if seconds > LONGEST:
        with pytest.raises(PccError):
            parse_duration(text, "--duration", "10m")
    else:
        assert parse_duration(text, "--duration", "10m") == pytest.approx(seconds, rel=1e-12)


@given(st.text(max_size=12))
def test_any_text_is_a_duration_or_an_error_with_a_remedy(text: str) -> None:
    try:
        seconds = parse_duration(text, "--duration", "10m")
    except PccError as error:
        told = str(error)
    else:
        assert 0 < seconds <= LONGEST
        return
    assert told == f"bad value for --duration: {text!r} (try 10m)"


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("", {}),
        ("build=42,kind=nightly", {"build": "42", "kind": "nightly"}),
        (" build = 42 ,, kind=", {"build": "42", "kind": ""}),
        ("query=a=b", {"query": "a=b"}),
        ("k=1,k=2", {"k": "2"}),
    ],
)
def test_labels(text: str, labels: dict[str, str]) -> None:
    assert parse_labels(text, "--labels") == labels


@pytest.mark.parametrize(("text", "item"), [("nightly", "nightly"), ("a=1,b", "b"), ("=5", "=5"), (" =5", " =5")])
def test_a_label_without_a_key_is_told(text: str, item: str) -> None:
    with pytest.raises(PccError) as caught:
        parse_labels(text, "PCC_LABELS")
    assert str(caught.value) == (f"bad value for PCC_LABELS: {item!r} has no key or no '=' (try build=42,kind=nightly)")
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(("seconds", "text"), [(5.0, "5"), (0.25, "0.25"), (0.07 * 10, "0.7"), (86400.0, "86400")])
def test_seconds_in_a_message(seconds: float, text: str) -> None:
    assert str(plain(seconds)) == text


@pytest.mark.parametrize(("text", "cleaned"), [("Zürich", "Zürich"), ("a\udcff", "a\\xff"), ("\udcc3\udcbc", "ü")])
def test_text_from_outside_becomes_text_that_json_can_hold(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned
