"""What was asked for: the values of all flags."""

MYPY = False
if MYPY:
    from typing import Dict, FrozenSet, NamedTuple, Optional, Tuple

    Server = NamedTuple("Server", [("url", str), ("tls", bool), ("host", str), ("port", int), ("path", str)])

    Options = NamedTuple(
        "Options",
        [
            ("mode", str),
            ("duration", float),
            ("frequency", float),
            ("start_at", float),
            ("collection", str),
            ("id", str),
            ("identifier", str),
            ("labels", Dict[str, str]),
            ("without", FrozenSet[str]),
            ("cloud", bool),
            ("metadata_address", Tuple[str, int]),
            ("rotate", int),
            ("max_bytes", int),
            ("min_free", int),
            ("nice", int),
            ("ionice", Optional[Tuple[int, int]]),
            ("oom_score_adj", Optional[int]),
            ("proc_root", str),
            ("sys_root", str),
            ("append", bool),
            ("gzip", bool),
            ("self_test", bool),
            ("quiet", bool),
            ("server", Tuple[str, bool, str, int, str]),
            ("apikey", str),
            ("cafile", str),
            ("spool", str),
            ("spool_max", int),
            ("spool_full", str),
            ("batch", float),
            ("flush", float),
            ("keep_sent", bool),
            ("spool_check", str),
        ],
    )
else:
    from collections import namedtuple

    Server = namedtuple("Server", "url tls host port path")
    Options = namedtuple(
        "Options",
        "mode duration frequency start_at collection id identifier labels without cloud metadata_address rotate"
        " max_bytes min_free nice ionice oom_score_adj proc_root sys_root append gzip self_test quiet"
        " server apikey cafile spool spool_max spool_full batch flush keep_sent spool_check",
    )
