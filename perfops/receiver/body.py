"""Bodies of requests within limits: before they are read, while they are, and after decompression."""

import zlib

from perfops.receiver.errors import RefusedError

GZIP = 16 + zlib.MAX_WBITS
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
    """A gzip body, unpacked; it never takes more than `limit` bytes, whatever it would come to."""
    parts: list[bytes] = []
    size = 0
    rest = data
    try:
        while rest:
            if len(parts) == MEMBERS:
                raise RefusedError(400, f"the body is more than {MEMBERS} gzip streams (pack it in one)")
            unpacker = zlib.decompressobj(GZIP)
            part = unpacker.decompress(rest, limit + 1 - size)
            size += len(part)
            if size > limit:
                raise too_large(limit)
            parts.append(part)
            if not unpacker.eof:
                raise RefusedError(400, "the gzip body ends too early (send it again)")
            rest = unpacker.unused_data
    except zlib.error as error:
        raise RefusedError(400, f"the body is not gzip, or it is damaged ({error})") from error
    return parts[0] if len(parts) == 1 else b"".join(parts)
