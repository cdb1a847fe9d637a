"""What was asked for: the values of all flags."""

MYPY = False
if MYPY:
    from typing import Dict, FrozenSet, NamedTuple, Optional, Tuple

    Options = NamedTuple(
        "Options",
        [
            ("mode", str),
            ("duration", float),
            ("frequency", float),
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
        ],
    )
else:
    from collections import namedtuple

    Options = namedtuple(
        "Options",
        "mode duration frequency collection id identifier labels without cloud metadata_address rotate max_bytes"
        " min_free nice ionice oom_score_adj proc_root sys_root append gzip self_test quiet",
    )
