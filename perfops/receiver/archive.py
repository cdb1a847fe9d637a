"""The raw records of batches, kept as files that `perfops process` reads: a folder a collection, a file a batch."""

import gzip
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import orjson


def keep(folder: Path, collection: UUID, data: bytes) -> Path:
    """Write the records of a body; the same body again is the same file. OSError where the disk refuses."""
    value = orjson.loads(data)
    lines = b"".join(orjson.dumps(record) + b"\n" for record in value["measurements"])
    name = f"{value['sequence']:08d}-{sha256(lines).hexdigest()[:12]}.json.gz"
    target = folder / str(collection) / name
    if not target.exists():
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = target.with_suffix(".part")
        part.write_bytes(gzip.compress(lines, compresslevel=1, mtime=0))
        part.replace(target)
    return target
