"""What a collection is as a whole, in a word or two: said once, in SQL, for lists, pages, dashboards and comparisons.

complete      its recorder has said that the time was over
ended early   its recorder has said that something else ended it, as a signal or a disk that filled up
cut short     it has no end record: the recorder was killed, or the machine went away
end unknown   its recorder is another one and writes no end record, or CSV files do not say
live          it streams: its newest sample is at most half a minute old, or three periods
late          it streams, and its newest sample is older than that
no end        it has streamed, has no end record, and has sent nothing for an hour, or three periods
"""

from typing import LiteralString

from psycopg import sql

from perfops.outputs.summary import ON_TIME

COMPLETE, ENDED_EARLY, CUT_SHORT, UNKNOWN = "complete", "ended early", "cut short", "end unknown"
LIVE, LATE, NO_END = "live", "late", "no end"
FRESH = 30  # seconds: the age of the newest sample at which a stream is late, where three periods are not longer
# Of a row of `collection` that streams: whether anything is still awaited.
AWAKE: LiteralString = "loaded_at > now() - greatest(interval '1 hour', 3 * frequency * interval '1 s')"
STATE = sql.SQL("""
    CASE WHEN complete AND coalesce(summary ->> 'end_reason', {on_time}) <> {on_time} THEN {ended_early}
         WHEN complete THEN {complete}
         WHEN mode <> 'trickle' AND summary ->> 'recorder' = 'pcc' THEN {cut_short}
         WHEN mode <> 'trickle' THEN {unknown}
         WHEN NOT ({awake}) THEN {no_end}
         WHEN now() - ended_at <= make_interval(secs => greatest({fresh}, 3 * frequency)) THEN {live}
         ELSE {late} END""").format(
    on_time=ON_TIME, ended_early=ENDED_EARLY, complete=COMPLETE, cut_short=CUT_SHORT, unknown=UNKNOWN, fresh=FRESH,
    live=LIVE, awake=sql.SQL(AWAKE), late=LATE, no_end=NO_END,
)  # fmt: skip


def told(state: str, end_reason: str | None) -> str:
    """A state, with what ended it early."""
    return f"{state}: {end_reason}" if state == ENDED_EARLY else state
