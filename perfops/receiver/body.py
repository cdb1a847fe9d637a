"""Bodies of requests within limits: before they are read, while they are, and after decompression."""

import zlib
from collections.abc import Iterable, Iterator

from perfops.receiver.errors import RefusedError

GZIP = 16 + zlib.MAX_WBITS
BLOCK = 1 << 20
MEMBERS = 16  # gzip streams behind each other that a body may be


def check_encoding(encoding: str) -> bool:
    """Whether a body is packed; RefusedError where by anything but gzip."""
    if encoding in ("", "identity"):
        return False
    if encoding in ("gzip", "x-gzip"):
        return True
    raise RefusedError(400, f"content encoding {encoding[:40]!r} is not known (use gzip, or none)")


def too_large(limit: int) -> RefusedError:
    """The answer to a body that is larger than what is taken."""
    return RefusedError(413, f"the body is larger than {limit >> 20} MiB (send it in parts)")


def unpacked(data: bytes, limit: int) -> bytes:
    """A gzip body, unpacked; it never takes more than a block over `limit` bytes, whatever it would come to."""
    parts: list[bytes] = []
    size = 0
    for part in unpacked_parts([data], "body", MEMBERS, 400, "send it again"):
        size += len(part)
        if size > limit:
            raise too_large(limit)
        parts.append(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def unpacked_parts(blocks: Iterable[bytes], name: str, most: int, status: int, remedy: str) -> Iterator[bytes]:
    """What comes as gzip, unpacked block by block, at most so many streams behind each other.

    RefusedError, with that status, where it is damaged, or ends amid a stream; nothing at all is nothing.
    """
    unpacker = None
    streams = 0
    try:
        for block in blocks:
            data = block
            while data:
                if unpacker is None or unpacker.eof:
                    streams += 1
                    if streams > most:
                        raise RefusedError(status, f"the {name} is more than {most} gzip streams (pack it in one)")
                    unpacker = zlib.decompressobj(GZIP)
                yield unpacker.decompress(data, BLOCK)
                data = unpacker.unconsumed_tail or unpacker.unused_data
    except zlib.error as error:
        raise RefusedError(status, f"the {name} is not gzip, or it is damaged ({error})") from error
    if unpacker is not None and not unpacker.eof:
        raise RefusedError(status, f"the gzip {name} ends too early ({remedy})")
