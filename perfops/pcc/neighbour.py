"""Being a good neighbour: the priorities the sampler gives itself, before it samples."""

import os

from .errors import PccError

MYPY = False
if MYPY:
    from typing import Optional, Tuple

    from .settings import Options

IOPRIO_SET = {"x86_64": 251, "aarch64": 30, "ppc64le": 273, "s390x": 282, "riscv64": 30}
CLASS_SHIFT = 13  # of ioprio_set(2)


def step_back(options: "Options") -> None:
    """Take the priorities that were asked for; PccError where this machine refuses."""
    if options.nice:
        os.nice(options.nice)
    if options.oom_score_adj is not None:
        try:
            with open("/proc/self/oom_score_adj", "w") as file:
                file.write(str(options.oom_score_adj))
        except OSError as error:
            text = "cannot set --oom-score-adj {}: {} (below 0 it needs root)"
            raise PccError(text.format(options.oom_score_adj, error.strerror), 3)
    if options.ionice:
        set_io_priority(options.ionice)


def set_io_priority(priority: "Tuple[int, int]") -> None:
    """Set class and level of this process's disk writes, for which Python has no function of its own."""
    import ctypes  # half a megabyte, for those alone who ask for it

    number: "Optional[int]" = IOPRIO_SET.get(os.uname().machine)
    if number is None:
        raise PccError("--ionice is not known for {} (use ionice pcc …)".format(os.uname().machine), 3)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(number, 1, 0, priority[0] << CLASS_SHIFT | priority[1]):
        raise PccError("cannot set --ionice: {} (leave it out)".format(os.strerror(ctypes.get_errno())), 3)
