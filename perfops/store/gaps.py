"""Gaps as they stand in the annotations: what was never sampled, and what was sampled and is lost."""

import re
from uuid import UUID

from perfops.outputs.summary import Annotation
from perfops.store.connection import Connection

TOLD = re.compile(r"(\d+) ticks missed(?:: ([^;]*))?")  # those of one moment stand in one text
NEVER_SAMPLED = ("late", "restarted")  # reasons; ticks of any other were sampled, and did not arrive


def counted(note: Annotation, *, sampled: bool) -> int:
    """Ticks that a gap says were left out, of those that were `sampled` or of those that were not."""
    if note.kind != "gap":
        return 0
    return sum(int(ticks) for ticks, reason in TOLD.findall(note.text) if (reason not in NEVER_SAMPLED) == sampled)


def missed_in(note: Annotation) -> int:
    """Ticks that were never sampled."""
    return counted(note, sampled=False)


def unsent(connection: Connection, collection: UUID, note: Annotation) -> int:
    """Ticks that were sampled and are declared lost, less those that have arrived all the same."""
    declared = counted(note, sampled=True)
    if not declared:
        return 0
    query = "SELECT count(*) FROM host_sample WHERE collection_id = %s AND timestamp > %s AND timestamp < %s"
    row = connection.execute(query, [collection, note.start, note.end or note.start]).fetchone()
    return max(declared - (row[0] if row else 0), 0)
