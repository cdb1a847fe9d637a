"""A collection from its first line to its last words."""

from .cgroup import folder_of, there_are_groups
from .errors import PccError
from .loop import sample
from .neighbour import step_back
from .output import Output
from .selftest import self_test
from .sources import EVERY_TICK, NOT_CONTAINERS, Reader
from .stop import Stop
from .units import plain
from .words import fail, say

MYPY = False
if MYPY:
    from typing import Optional

    from .settings import Options


def begin(options: "Options") -> "Optional[Reader]":
    """What every mode begins with; None where this was only a self-test."""
    reader = Reader(options.proc_root, EVERY_TICK, options.without)
    if options.without >= NOT_CONTAINERS and not there_are_groups(options.sys_root):
        raise PccError("no control groups in {} (try --sys-root /sys)".format(folder_of(options.sys_root)))
    if options.self_test:
        print(self_test(options, reader))
        return None
    step_back(options)
    return reader


def run(options: "Options") -> None:
    """Sample, then one line on what was done; an error is one line, too."""
    try:
        reader = begin(options)
        if reader is None:
            return
        stop = Stop()
        output = Output(options.collection, options.append, options.gzip, options.min_free, options.rotate)
        if not options.quiet:
            text = "collection {} into {}: every {} s for {} s"
            say(text.format(options.id, options.collection, plain(options.frequency), plain(options.duration)))
        try:
            facts = sample(options, reader, output, stop)
        finally:
            output.close()
    except PccError as error:
        fail(error)
    else:
        if not options.quiet:
            text = "{ticks} ticks, {missed} missed, {bytes} bytes, {cpu_seconds:.2f} s CPU, ended by {reason}"
            say(text.format(**facts))
