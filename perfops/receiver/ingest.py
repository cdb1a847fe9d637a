"""A batch's body to what goes into the tables, by the functions that a file goes through.

A body is `{"identifier", "collection", "sequence", "measurements": [record, …]}`, and its records begin with the `host`
record and, but for the first batch, the last tick of the batch before. So a batch is whole: nothing is remembered here
of the one before it.
"""

from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson

from perfops.catalogue import HOST, KINDS
from perfops.outputs.lines import Lines
from perfops.outputs.summarize import annotation, fingerprint, start_of
from perfops.outputs.summary import Summary
from perfops.outputs.system_info import system_info
from perfops.receiver.errors import RefusedError
from perfops.samples.derive import Primer, derive
from perfops.samples.notes import Notes
from perfops.samples.records import LAST_TIME, NUMBERS, Fields, json_object, record_of
from perfops.samples.snapshots import CONTROL, Snapshot, group
from perfops.samples.stamps import moment
from perfops.samples.story import Story
from perfops.store.batches import Batch
from perfops.store.streams import MODE, Owner, Piece

LONGEST = 200  # characters of a name
LARGEST_HOST = 1 << 20  # characters of a host record
USUAL_HOST = 1 << 13  # of one that is remembered: so many of them take some MiB
USUAL_BODY = 1 << 18  # bytes of a body of which the parsed sources are remembered
SITE = "default"
FRAME = "frame"  # of the sender's spool; it may be left out
STRINGS, TIMES, CLOCKS = frozenset((str,)), frozenset(NUMBERS), frozenset((*NUMBERS, type(None)))


def read_batch(data: bytes) -> tuple[Batch, Notes]:
    """The batch of an unpacked body, and what is remarkable about it; RefusedError where it is none."""
    value = parsed(data)
    name, identity, sequence = envelope(value)
    records = read_records(value["measurements"])
    _, _, begins, told = records[0]
    if begins != "host":
        raise RefusedError(422, f"the batch begins with {begins[:60]!r}, not with the host record")
    host = read_host(told)
    if str(host.get("collection", "")).lower() != str(identity):
        raise RefusedError(422, "the host record is of another collection than the batch")
    snapshots = list(group(records))
    ticks = [snapshot for snapshot in snapshots if not snapshot.records.keys() <= CONTROL]
    if not ticks:
        raise RefusedError(422, "no tick in the batch (it begins with the last one before it)")
    story = Story(Notes())
    known = alike(str(host.get("kernel"))[:LONGEST]) if len(data) <= USUAL_BODY else None
    primer = Primer(host, ticks[:1], known) if sequence > 1 else None
    rows = lines_of(snapshots, story, primer, identity)
    piece = piece_of(name, identity, host, ticks, story, len(rows.get(HOST.name, ())))
    return Batch(piece, rows, [annotation(each) for each in story.events]), story.notes


def parsed(data: bytes) -> dict[str, Any]:
    """The JSON object of a body."""
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise RefusedError(400, f"the body is not JSON: {error.msg[:100]}") from error
    if not isinstance(value, dict):
        raise RefusedError(422, "the body is not a JSON object")
    return value


def envelope(value: dict[str, Any]) -> tuple[str, UUID, int]:
    """Identifier, collection and sequence of a batch."""
    for key in ("identifier", "collection", "sequence", "measurements"):
        if key not in value:
            raise RefusedError(422, f"the batch has no {key!r}")
    name, collection, sequence = value["identifier"], value["collection"], value["sequence"]
    if not isinstance(name, str) or not is_name(name):
        raise RefusedError(422, f"'identifier' is not a name of 1 to {LONGEST} characters")
    if sequence.__class__ is not int or not 0 <= sequence < 1 << 53:
        raise RefusedError(422, "'sequence' is not a whole number from 0 up")
    if not isinstance(value["measurements"], list) or not value["measurements"]:
        raise RefusedError(422, "'measurements' is not a list of records")
    try:
        return name, UUID(collection), sequence
    except (ValueError, TypeError, AttributeError) as error:
        raise RefusedError(422, "'collection' is not a UUID") from error


def is_name(text: str) -> bool:
    """Whether a text can be a name."""
    return 0 < len(text) <= LONGEST and text.isprintable()


def read_records(values: list[Any]) -> list[Fields]:
    """The records of a batch; one that is none refuses it, as it was checked where it was written."""
    return good_records(values) or checked_records(values)


def good_records(values: list[Any]) -> list[Fields]:
    """The records of a batch in which all are good and none is a frame, else none.

    A batch has a hundred and more, and to look at one key of all of them takes half the time of looking at each.
    """
    try:
        stamps = [value["timestamp"] for value in values]
        clocks = [value.get("monotonic") for value in values]
        subsystems = [value["subsystem"] for value in values]
        texts = [value["measurement"] for value in values]
    except (KeyError, TypeError, AttributeError):
        return []
    if (
        STRINGS.issuperset(map(type, subsystems))
        and STRINGS.issuperset(map(type, texts))
        and TIMES.issuperset(map(type, stamps))
        and CLOCKS.issuperset(map(type, clocks))
        and 0 <= min(stamps) <= max(stamps) < LAST_TIME
        and FRAME not in subsystems
    ):
        return list(zip(stamps, clocks, subsystems, texts, strict=True))
    return []


def checked_records(values: list[Any]) -> list[Fields]:
    """The same one by one: the first that is no record is named."""
    records: list[Fields] = []
    for number, value in enumerate(values, 1):
        try:
            record = record_of(value)
        except KeyError as error:
            raise RefusedError(422, f"record {number} has no {error.args[0]!r}") from error
        except (TypeError, AttributeError) as error:
            raise RefusedError(422, f"record {number} is not a JSON object") from error
        if isinstance(record, str):
            raise RefusedError(422, f"record {number}: {record[:100]}")
        if record.subsystem != FRAME:
            records.append(record)
    if not records:
        raise RefusedError(422, "'measurements' holds nothing but frames")
    return records


def read_host(text: str) -> dict[str, Any]:
    """What a host record says; it is the same in all batches of a start, and not to be changed."""
    return remembered(text) if len(text) <= USUAL_HOST else checked_host(text)


@lru_cache(maxsize=4096)
def remembered(text: str) -> dict[str, Any]:
    """One of a usual size, read once."""
    return checked_host(text)


@lru_cache(maxsize=64)
def alike(kernel: str) -> dict[str, Any]:  # noqa: ARG001 - it is the key
    """What was parsed last of any machine with that kernel, to be brought up to date."""
    return {}


def checked_host(text: str) -> dict[str, Any]:
    """A host record, parsed."""
    if len(text) > LARGEST_HOST:
        raise RefusedError(422, f"the host record is larger than {LARGEST_HOST >> 20} MiB")
    host = json_object(text)
    if host is None:
        raise RefusedError(422, "the host record is not a JSON object")
    labels = labels_of(host)
    for key in ("site", "run"):
        if key in labels and not is_name(labels[key]):
            raise RefusedError(422, f"the label {key!r} is not a name of 1 to {LONGEST} characters")
    return host


def labels_of(host: dict[str, Any]) -> dict[str, str]:
    """The labels of a host record."""
    labels = host.get("labels")
    return {key: str(value) for key, value in labels.items()} if isinstance(labels, dict) else {}


def lines_of(snapshots: list[Snapshot], story: Story, primer: Primer | None, identity: UUID) -> dict[str, list[str]]:
    """The rows of the snapshots as lines of COPY, by kind."""
    lines = {kind.name: Lines(kind) for kind in KINDS}
    prefix = f"{identity},"
    for stamp, rows in derive(snapshots, story, {}, primer):
        beginning = prefix + stamp
        for name, found in rows.items():
            lines[name].add(beginning, found)
    return {name: each.waiting for name, each in lines.items() if each.waiting}


def piece_of(name: str, identity: UUID, host: dict[str, Any], ticks: list[Snapshot], story: Story, rows: int) -> Piece:
    """What the batch says about its collection; `rows` are those of the host."""
    labels = labels_of(host)
    times = [tick.timestamp for tick in ticks]
    first, last = moment(min(times)), moment(max(times))
    frequency = host.get("frequency")

    def describe() -> Summary:
        told = host.get("hostname")
        return Summary(
            collection=identity,
            fingerprint=fingerprint(str(identity).encode()),
            recorder="pcc",
            hostname=told if isinstance(told, str) else None,
            mode=MODE,
            start=first,
            end=last,
            frequency=float(frequency) if frequency.__class__ in NUMBERS else story.usual_interval(),
            labels=labels,
            host=system_info(story.cpuinfo, host),
            complete=False,
            snapshots=0,
            segments=0,
            samples={},
        )

    return Piece(
        collection=identity,
        owner=Owner(name, labels.get("site", SITE)),
        run=labels.get("run"),
        labels=labels,
        first=first,
        last=last,
        starts=[start_of(run, host) for run in story.runs.sampled()],
        describe=describe,
        tells=bool(story.cpuinfo),
        rows=rows,
    )
