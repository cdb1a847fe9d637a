"""Files that follow each other are one recording, and so is one that was gone on with: counts, rows and remarks."""

import gzip
import random
from itertools import permutations
from pathlib import Path

import pytest
from fix_loaded import START
from fix_recordings import write
from fix_several import control, end, gap, host, joined, rotated, ticks

from perfops.errors import BadInputError
from perfops.outputs import parts
from perfops.outputs.process import process_files
from perfops.outputs.summary import Summary
from perfops.samples.stamps import moment

LAST = 20


@pytest.fixture
def whole() -> list[bytes]:
    """A recording with containers and a gap."""
    before, after = ticks(0, 9), ticks(13, LAST)
    after[0].insert(0, gap(9, 13, "late"))
    lines = [control(0, "host", host()), *joined(before), *joined(after)]
    return [*lines, control(LAST + 0.25, "end", end(LAST - 2, 3))]


def outcome(paths: list[Path], outdir: Path) -> dict[str, bytes]:
    """Every file of a processing."""
    process_files(paths, outdir)
    return {file.name: file.read_bytes() for file in outdir.iterdir()}


def test_rotated_files_in_any_order_give_what_the_whole_gives(whole: list[bytes], tmp_path: Path) -> None:
    expected = outcome([write(tmp_path / "whole.json", whole)], tmp_path / "whole")
    files = rotated(whole, tmp_path, 6, 13)
    assert [file.name for file in files] == ["host.json.1", "host.json.2", "host.json"]
    for number, order in enumerate(permutations(files)):
        assert outcome(list(order), tmp_path / str(number)) == expected
    assert b'"complete": true' in expected["summary.json"]
    assert b"left out" not in expected["summary.json"]


@pytest.mark.parametrize("places", [(0,), (LAST,), (1, 2, 3), (5, 9, 13, 14)])
def test_wherever_a_file_ends(places: tuple[int, ...], whole: list[bytes], tmp_path: Path) -> None:
    expected = outcome([write(tmp_path / "whole.json", whole)], tmp_path / "whole")
    assert outcome(rotated(whole, tmp_path, *places), tmp_path / "out") == expected


def test_packed_files_and_plain_ones(whole: list[bytes], tmp_path: Path) -> None:
    expected = outcome([write(tmp_path / "whole.json", whole)], tmp_path / "whole")
    first, second, third = rotated(whole, tmp_path, 6, 13)
    for path in (first, third):
        path.write_bytes(gzip.compress(path.read_bytes()))
    assert outcome([third, second, first], tmp_path / "out") == expected


def test_files_put_together_by_hand(whole: list[bytes], tmp_path: Path) -> None:
    expected = outcome([write(tmp_path / "whole.json", whole)], tmp_path / "whole")
    together = write(tmp_path / "together.json", [file.read_bytes() for file in rotated(whole, tmp_path, 6, 13)])
    assert outcome([together], tmp_path / "out") == expected


def test_long_files_are_read_in_parts_and_go_on_with_each_other(tmp_path: Path, monkeypatch) -> None:
    lines = [control(0, "host", host()), *joined(ticks(0, 300)), control(300.5, "end", end(301))]
    expected = outcome([write(tmp_path / "whole.json", lines)], tmp_path / "whole")
    files = rotated(lines, tmp_path, 90, 250)
    monkeypatch.setattr(parts, "SIZE", 20_000)
    assert all(parts.worth_it(file) for file in files) or len(parts.os.sched_getaffinity(0)) < 2
    random.Random(3).shuffle(files)
    assert outcome(files, tmp_path / "out") == expected


def test_a_container_file_beside_them_may_be_rotated_elsewhere(tmp_path: Path) -> None:
    of_host = [
        control(0, "host", host()),
        *joined(ticks(0, LAST, containers=False)),
        control(LAST, "end", end(LAST + 1)),
    ]
    every = joined(ticks(0, LAST))
    of_containers = [control(1, "host", host(8)), *(line for line in every if b"container/" in line)]
    whole = [write(tmp_path / "h.json", of_host), write(tmp_path / "c.json", of_containers)]
    (tmp_path / "host").mkdir()
    (tmp_path / "containers").mkdir()
    files = rotated(of_host, tmp_path / "host", 5, 12) + rotated(of_containers, tmp_path / "containers", 8)
    expected = outcome(whole, tmp_path / "whole")
    assert b'"container": 36' in expected["summary.json"]
    for seed in range(6):
        random.Random(seed).shuffle(files)
        assert outcome(files, tmp_path / str(seed)) == expected


def test_a_file_that_is_missing_is_a_hole_and_not_an_interval(whole: list[bytes], tmp_path: Path) -> None:
    first, _, third = rotated(whole, tmp_path, 6, 14)
    summary = process_files([third, first], tmp_path / "out")
    assert (summary.snapshots, summary.segments, summary.samples["host"]) == (7 + 7, 2, 12)
    assert summary.ticks == 18  # by the end record: what is missing shows
    (hole,) = (note for note in summary.annotations if note.kind == "gap")
    assert hole.text == "7 ticks missed: a file between these two is not here"
    assert (hole.start, hole.end) == (moment(START + 6), moment(START + 14))


def test_a_file_that_is_missing_of_a_recording_that_was_killed_is_a_declared_gap(
    whole: list[bytes], tmp_path: Path
) -> None:
    first, _, third = rotated(whole[:-1], tmp_path, 6, 14)
    summary = process_files([first, third], tmp_path / "out")
    assert (summary.complete, summary.ticks, summary.missed) == (False, 14, 7)
    assert [note.kind for note in summary.annotations] == ["gap"]  # nobody has started it anew


def test_a_copy_or_a_part_once_more_is_refused(whole: list[bytes], tmp_path: Path) -> None:
    path = write(tmp_path / "whole.json", whole)
    copy = tmp_path / "whole.json.gz"
    copy.write_bytes(gzip.compress(path.read_bytes()))
    half = write(tmp_path / "half.json", whole[: len(whole) // 2])
    for files in ([path, path], [path, copy], [half, path]):
        with pytest.raises(BadInputError, match=r"has the time from .* to .* once more \(give each recording once\)"):
            process_files(files, tmp_path / "out")
        assert not list((tmp_path / "out").iterdir())


def restarted(tmp_path: Path, *, reboot: bool = False, killed: bool = True) -> tuple[Path, list[bytes]]:
    """A recording that was gone on with; the first start was killed in the middle of a line."""
    uptime, boot = (-5.0, "c") if reboot else (100.0, "b")
    first = [control(0, "host", host()), *joined(ticks(0, 3)), gap(3, 6, "late"), *joined(ticks(6, 9))]
    torn = [ticks(10, 10)[0][0][:60] + b"\n"] if killed else [control(9.5, "end", end(8, 2))]
    second = [
        control(14, "host", host(8, boot_id=boot), uptime),
        gap(9, 14, "restarted", uptime),
        *joined(ticks(14, LAST, uptime)),
        control(LAST, "end", end(7, 4, "SIGTERM"), uptime),
    ]
    lines = [*first, *torn, *second]
    return write(tmp_path / "host.json", lines), lines


def check_counts(summary: Summary) -> None:
    assert (summary.snapshots, summary.ticks, summary.missed) == (8 + 7, 8 + 7, 2 + 4)
    assert (summary.complete, summary.end_reason) == (True, "SIGTERM")
    gaps = [(note.start.timestamp() - START, note.text) for note in summary.annotations if note.kind == "gap"]
    assert gaps == [(3, "2 ticks missed: late"), (9, "4 ticks missed: restarted")]


def test_a_recording_gone_on_with_counts_all_its_starts_and_tells_where_it_was_killed(tmp_path: Path) -> None:
    summary = process_files([restarted(tmp_path)[0]], tmp_path / "out")
    check_counts(summary)
    assert (summary.segments, summary.samples["host"]) == (1, 14)
    assert [note.start.timestamp() - START for note in summary.annotations if note.kind == "cut"] == [9]
    assert summary.damaged_lines == 1
    assert summary.observer
    assert (summary.observer.cpu_seconds, summary.observer.bytes_written) == (0.5, 9000)


def test_a_start_that_came_to_its_end_is_no_cut_and_its_cost_is_added(tmp_path: Path) -> None:
    summary = process_files([restarted(tmp_path, killed=False)[0]], tmp_path / "out")
    check_counts(summary)
    assert {note.kind for note in summary.annotations} == {"gap"}
    assert summary.observer
    assert (summary.observer.cpu_seconds, summary.observer.bytes_written) == (1.0, 9000)


def test_gone_on_with_after_a_reboot_it_is_two_segments_and_the_reboot_alone_is_told(tmp_path: Path) -> None:
    summary = process_files([restarted(tmp_path, reboot=True)[0]], tmp_path / "out")
    check_counts(summary)
    assert (summary.segments, summary.samples["host"]) == (2, 13)
    assert {note.kind for note in summary.annotations} == {"gap", "reboot"}


def test_a_last_start_that_was_killed_leaves_it_incomplete(tmp_path: Path) -> None:
    _, lines = restarted(tmp_path, killed=False)
    summary = process_files([write(tmp_path / "cut.json", lines[:-1])], tmp_path / "out")
    assert (summary.complete, summary.end_reason) == (False, None)
    assert (summary.ticks, summary.missed) == (8 + 7, 2 + 4)


@pytest.mark.parametrize("reboot", [False, True])
def test_gone_on_with_and_rotated(reboot: bool, tmp_path: Path) -> None:
    path, lines = restarted(tmp_path, reboot=reboot)
    clean = [line for line in lines if line.endswith(b"}\n")]
    (tmp_path / "files").mkdir()
    expected = outcome([write(path, clean)], tmp_path / "whole")
    for number, places in enumerate([(2, 8), (9,), (14,), (8, 14, 17)]):
        files = rotated(clean, tmp_path / "files", *places)
        assert outcome(files[::-1], tmp_path / str(number)) == expected, places


def test_a_damaged_host_record_behind_an_end_begins_a_start_all_the_same(tmp_path: Path) -> None:
    _, lines = restarted(tmp_path, killed=False)
    place = next(number for number, line in enumerate(lines) if number and b'"subsystem": "host"' in line)
    damaged = [*lines[:place], lines[place][:50] + b"\n", *lines[place + 1 :]]
    summary = process_files([write(tmp_path / "damaged.json", damaged)], tmp_path / "out")
    check_counts(summary)


def test_files_of_two_collections_at_different_times_are_an_error(whole: list[bytes], tmp_path: Path) -> None:
    later = [control(100, "host", host(collection="11111111-2222-4333-8444-555555555555")), *joined(ticks(100, 105))]
    files = [write(tmp_path / "b.json", later), write(tmp_path / "a.json", whole)]
    with pytest.raises(BadInputError, match="different collections"):
        process_files(files, tmp_path / "out")
