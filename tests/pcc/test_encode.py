"""Bytes of the kernel to lines of JSON."""

import json

from hypothesis import example, given
from hypothesis import strategies as st

from perfops.pcc import encode

KERNEL = st.text(st.characters(min_codepoint=9, max_codepoint=0x7E, include_characters="\n\t")).map(str.encode)


@given(st.one_of(st.binary(max_size=200), KERNEL))
@example(b'cpu  1 2\n"quoted" \\040\t\n')
@example(b"caf\xc3\xa9 \xff\x00\x7f\x1f \xe2\x82\xac \xed\xa0\x80")
def test_any_bytes_come_back_as_text(text: bytes) -> None:
    escaped = encode.escape(text)
    assert escaped.isascii()
    assert b"\n" not in escaped
    assert json.loads(b'"' + escaped + b'"') == text.decode("utf-8", "backslashreplace")


@given(KERNEL)
def test_plain_text_reads_as_what_the_json_module_writes(text: bytes) -> None:
    assert json.loads(b'"' + encode.escape(text) + b'"') == json.loads(json.dumps(text.decode()))


@given(st.binary(max_size=50))
def test_a_record_is_one_line_with_its_keys_in_order(text: bytes) -> None:
    line = encode.line(encode.stamp(1700000000.25, 12.5), "/proc/stat", text)
    assert line.endswith(b"}\n")
    assert line.count(b"\n") == 1
    assert list(json.loads(line).items()) == [
        ("timestamp", 1700000000.25),
        ("monotonic", 12.5),
        ("subsystem", "/proc/stat"),
        ("measurement", text.decode("utf-8", "backslashreplace")),
    ]


def test_a_stamp_has_milliseconds_and_microseconds() -> None:
    assert encode.stamp(1700000000, 4.25) == b'{"timestamp":1700000000.000,"monotonic":4.250000,"subsystem":"'


@given(st.dictionaries(st.text(max_size=5), st.one_of(st.none(), st.integers(), st.text(max_size=5)), max_size=4))
def test_a_measurement_of_json_comes_back(value: dict[str, object]) -> None:
    assert json.loads(json.loads(encode.json_line(encode.stamp(1, 1), "host", value))["measurement"]) == value
