"""Whatever a file of /proc holds: no exception, no figure below 0 or without end, no share above all of it.

The texts are those of real and written trees, then cut, turned about, doubled, blown up or overwritten.
"""

import os
import re
from math import inf, isnan
from typing import Any

import pytest
from fix_recordings import record
from fix_roots import NAMES, SPACE, later, texts
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from perfops.catalogue import KINDS, Unit
from perfops.samples.derive import Sample, derive
from perfops.samples.notes import Notes
from perfops.samples.records import read_records
from perfops.samples.rows import PARSERS
from perfops.samples.snapshots import group
from perfops.samples.story import Story

pytestmark = pytest.mark.soak
EXAMPLES = 2000 if os.environ.get("PERFOPS_SOAK") == "1" else 150
NUMBER = re.compile(r"-?\d+(\.\d+)?")
UNBOUNDED = {"mem_commit_percent"}  # the kernel promises more than there is
PERCENT = {
    kind.name: [
        place
        for place, metric in enumerate(kind.metrics)
        if metric.unit is Unit.PERCENT and metric.name not in UNBOUNDED
    ]
    for kind in KINDS
}
REFUSED = (ValueError, KeyError, TypeError, IndexError, OverflowError)  # what a parser may raise: its text is remarked
NUMBERS = [
    *("0", "-1", "-9223372036854775808", "4294967295", "4294967296", "9223372036854775807", "18446744073709551615"),
    *("18446744073709551616", "9" * 21, "9" * 30, "9" * 308, "9" * 400, "9" * 5000, "1e999", "-0", "1.5", "nan", "inf"),
    *("0x10", "1_000", "+5", "", "٣", "½", "1,5"),
]
Edit = tuple[Any, ...]
edits = st.one_of(
    st.tuples(st.just("cut"), st.floats(0, 1)),
    st.tuples(st.just("begin"), st.floats(0, 1)),
    st.tuples(st.just("drop"), st.integers(0, 400)),
    st.tuples(st.just("double"), st.integers(0, 400)),
    st.tuples(st.just("swap"), st.integers(0, 400), st.integers(0, 400)),
    st.tuples(st.just("reverse")),
    st.tuples(st.just("number"), st.integers(0, 400), st.sampled_from(NUMBERS)),
    st.tuples(st.just("number"), st.integers(0, 400), st.integers(-1, 1 << 65).map(str)),
    st.tuples(st.just("word"), st.integers(0, 4000), st.text(max_size=8)),
    st.tuples(st.just("insert"), st.floats(0, 1), st.binary(max_size=20)),
    st.tuples(
        st.just("line"), st.integers(0, 400), st.sampled_from(["cpu9 1", "full", "sda", "Tcp:", "intr", ":", " "])
    ),
    st.tuples(
        st.just("whole"), st.sampled_from(["", "\n", "\n\n", "{}", "[1]", "null", "\0", "cpu\n", "Tcp: A\nTcp:\n"])
    ),
    st.tuples(st.just("whole"), st.text(max_size=60)),
    st.tuples(st.just("source"), st.sampled_from(sorted(PARSERS))),
)
changes = st.dictionaries(st.sampled_from(sorted(PARSERS)), st.lists(edits, min_size=1, max_size=3), max_size=4)
ticks = st.lists(st.tuples(st.sampled_from(NAMES), st.integers(0, 3), changes), min_size=2, max_size=5)


def edited(text: str, edit: Edit, measured: dict[str, str]) -> str:
    """The text with one edit."""
    kind, *values = edit
    lines = text.splitlines(keepends=True) or [""]
    match kind:
        case "cut":
            return text[: int(values[0] * len(text))]
        case "begin":
            return text[int(values[0] * len(text)) :]
        case "drop":
            del lines[values[0] % len(lines)]
        case "double":
            lines.insert(values[0] % len(lines), lines[values[0] % len(lines)])
        case "swap":
            first, second = (value % len(lines) for value in values)
            lines[first], lines[second] = lines[second], lines[first]
        case "reverse":
            lines.reverse()
        case "line":
            lines.insert(values[0] % len(lines), values[1] + "\n")
        case "number":
            found = list(NUMBER.finditer(text))
            if found:
                number = found[values[0] % len(found)]
                return text[: number.start()] + values[1] + text[number.end() :]
        case "word":
            words = text.split(" ")
            words[values[0] % len(words)] = values[1]
            return " ".join(words)
        case "insert":
            place = int(values[0] * len(text))
            return text[:place] + values[1].decode("utf-8", "backslashreplace") + text[place:]
        case "whole":
            return str(values[0])
        case "source":
            return measured.get(values[0], "")
    return "".join(lines)


def recorded(moments: list[tuple[str, int, dict[str, list[Edit]]]]) -> list[bytes]:
    """The lines of a recording: each tick that of a tree, its counters grown by so many steps, some sources edited."""
    lines = []
    for time, (name, steps, sources) in enumerate(moments, 1):
        measured = later(texts(name), steps)
        for source, text in measured.items():
            for edit in sources.get(source, ()):
                text = edited(text, edit, measured)
            lines.append(record(time, source, text, 50.0 + time))
    return lines


def check(samples: list[Sample]) -> None:
    """Every figure is empty or a number from 0 on; a share is at most 100; a key stands once."""
    for sample in samples:
        for kind, rows in sample.rows.items():
            keys = [key for key, _ in rows]
            assert len(set(keys)) == len(keys), kind
            for key, values in rows:
                for value in values:
                    assert isnan(value) or 0 <= value < inf, (kind, key, values)
                for place in PERCENT[kind]:
                    assert not values[place] > 100 * (1 + 1e-9), (kind, key, place, values[place])


# A machine on which something was damaged in each tick or in the second alone: what single guards in the code are for.
DAMAGE: list[tuple[str, Edit]] = [
    ("/proc/stat", ("number", 8, "9" * 17)),  # a guest's time, part of the user's
    ("/proc/stat", ("whole", "cpu 1 2 3 4\nintr 5 1\nctxt 7\nprocs_running -3\nsoftirq 1\n")),
    ("/proc/stat", ("number", 1, "9" * 400)),
    ("/proc/stat", ("double", 1)),
    ("/proc/meminfo", ("whole", "MemTotal: 5 kB\nMemFree: 1 kB\nSwapTotal: 5 kB\nSwapFree: 9 kB\n")),
    ("/proc/meminfo", ("whole", "MemTotal: 5 kB\nMemFree: -1 kB\n")),
    ("/proc/meminfo", ("number", 0, "9" * 400)),
    ("/proc/diskstats", ("whole", "254 0 vda" + f" {'9' * 307}" * 17 + "\n")),
    ("/proc/diskstats", ("double", 3)),
    ("/proc/net/dev", ("number", 3, "9" * 400)),
    ("/proc/net/dev", ("double", 2)),
    ("statfs[*]", ("number", 3, "-5")),
    ("statfs[*]", ("number", 0, "1e300")),
    ("statfs[*]", ("double", 0)),
    ("statfs[*]", ("whole", SPACE + SPACE.replace("6439673", "6439674"))),
    ("/proc/loadavg", ("number", 0, "inf")),
    ("/proc/loadavg", ("number", 1, "-1")),
    ("/proc/vmstat", ("number", 30, "9" * 400)),
    ("/proc/pressure/io", ("number", 3, "999999999999")),
    ("/proc/pressure/io", ("whole", "some total=-5\nfull total=-7\n")),
    ("/proc/net/snmp", ("whole", "Tcp: CurrEstab InSegs\nTcp: -4 -5\n")),
    ("/proc/net/netstat", ("number", 10, "9" * 400)),
    ("/proc/sys/fs/file-nr", ("whole", "5 9 7\n")),
]


@pytest.mark.parametrize("ticks", [{1}, {0, 1, 2}, {0}], ids=str)
@pytest.mark.parametrize(("source", "edit"), DAMAGE)
def test_a_known_damage(source: str, edit: Edit, ticks: set[int]) -> None:
    moments = [("debian12-2cpu", step, {source: [edit]} if step in ticks else {}) for step in range(4)]
    check(list(derive(group(read_records(recorded(moments), "file", Notes())), Story(Notes()), {})))


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ticks)
def test_a_recording_of_damaged_files(moments: list[tuple[str, int, dict[str, list[Edit]]]]) -> None:
    story = Story(Notes())
    check(list(derive(group(read_records(recorded(moments), "file", story.notes)), story, {})))
    assert story.snapshots == len(moments)


@pytest.mark.parametrize("source", sorted(PARSERS))
def test_a_parser_refuses_or_reads_any_text_and_what_it_read_before_changes_nothing(source: str) -> None:
    """Lines that stand as they stood are not read again: that must not show in what is read."""
    trees = [name for name in NAMES if source in texts(name)]

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(
        st.sampled_from(trees),
        st.sampled_from(trees),
        st.integers(0, 3),
        st.lists(edits, max_size=2),
        st.lists(edits, max_size=2),
    )
    @example(trees[0], trees[0], 0, [("double", 3)], [("double", 3), ("word", 40, "7")])
    @example(trees[0], trees[0], 0, [], [("line", 4, "cpu9 1")])
    def check_parser(first: str, second: str, steps: int, before: list[Edit], now: list[Edit]) -> None:
        parse = PARSERS[source]
        measured = [texts(first)[source], later(texts(second), steps)[source]]
        for place, some in enumerate((before, now)):
            for edit in some:
                measured[place] = edited(measured[place], edit, texts(second))
        earlier = read = None
        try:
            earlier = parse(measured[0], None)
            read = parse(measured[1], earlier)
        except REFUSED:
            pass
        if read is not None:
            assert told(read) == told(parse(measured[1], None))

    check_parser()


def told(parsed: Any) -> str:
    """What was read, without what helps to read the next: a text, in which one NaN equals another."""
    kept = [name for name in ("names", "times", "counters", "numbers", "fields", "rows") if hasattr(parsed, name)]
    return repr([getattr(parsed, name) for name in kept] or parsed)
