"""A segment as the body of a request: its lines as they are, put together without being parsed."""

import json
import zlib

from .frames import lines_of, restamped, said, sampled, start_of

MYPY = False
if MYPY:
    from typing import List, NamedTuple, Tuple

    from .frames import Part

    # `host` and `before` are the host record and the last tick in front of the `frames`, which are data of frames with
    # the number of ticks so far.
    Batch = NamedTuple("Batch", [("host", bytes), ("before", bytes), ("frames", List[Tuple[int, bytes]])])
else:
    from collections import namedtuple

    Batch = namedtuple("Batch", "host before frames")

LEVEL = 1  # of gzip: a tick is much like the one before, and what packs it better costs the machine under test more


def batch_of(parts: "List[Part]", segment: int) -> Batch:
    """All of a segment."""
    data = [(part.number, part.data) for part in parts if part.data is not None]
    host = b"".join(said(data[0][1], b"host")[:1]) if data else b""
    if segment > 1 and host:
        before = sampled(data[0][1])
        rest = data[0][1].replace(host, b"", 1).replace(before, b"", 1) if before else b""
        if before and not rest:
            return Batch(host, before, data[1:])
    return Batch(host, b"", data)


def behind(host: bytes, before: bytes, frames: "List[Tuple[int, bytes]]") -> "Tuple[bytes, bytes]":
    """Host record and last tick behind some frames."""
    for _, data in frames:
        host = (said(data, b"host") or [host])[-1]
        before = sampled(data) or before
    return (restamped(host, start_of(before)) if before and host else host), before


def body_of(batch: Batch, identifier: str, collection: str, sequence: int) -> bytes:
    """What is posted, packed."""
    lines = [batch.host] if batch.before else []
    lines += batch.before.splitlines(True)
    if not batch.before and batch.frames and not said(batch.frames[0][1], b"host"):
        lines.append(batch.host)
    for _, data in batch.frames:
        lines += [line for _, line in lines_of(data)]
    about = json.dumps({"identifier": identifier, "collection": collection, "sequence": sequence})
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, 31)
    text = about[:-1].encode("ascii") + b', "measurements": [' + b",".join(line for line in lines if line) + b"]}"
    return packer.compress(text) + packer.flush()
