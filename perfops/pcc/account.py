"""What whoever started a streamed collection can look at, with --collection: a small file beside the spool.

It begins with the host record, which comes with the first tick, and ends with the end record, which comes after the
flush. So it tells that the sampler runs, and in the end how many ticks were sent. It is a collection without ticks.
"""

from .encode import json_line
from .errors import PccError
from .frames import start_of
from .output import Output

MYPY = False
if MYPY:
    from typing import Any, Callable, Dict

HOST, END = b'"host","measurement":', b'"end","measurement":'


class Account:
    """The file. Where it cannot be written, the collection goes on, and it is tried again with the next tick."""

    def __init__(self, path: str, append: bool, say: "Callable[[str], None]") -> None:
        self.output = Output(path, append)
        self.say = say
        self.waiting = b""
        self.told = False  # that it cannot be written
        self.start = b""  # of the end record

    def note(self, data: bytes) -> None:
        """Look at what is written into the spool: the host record is the first of its tick, the end record is alone."""
        line = data[: data.index(b"\n") + 1]
        if HOST in line[:120]:
            self.waiting += line
        elif END in line[:120]:
            self.start = start_of(line)
        self.write()

    def close(self, facts: "Dict[str, Any]") -> None:
        """The end record, with what became of the ticks."""
        if self.start:
            self.waiting += json_line(self.start, "end", facts)
        self.write()
        try:
            self.output.close()
        except PccError as error:
            self.say(str(error))

    def write(self) -> None:
        """Write what waits."""
        if not self.waiting:
            return
        try:
            self.output.write(self.waiting)
            self.waiting = b""
        except PccError as error:
            if not self.told:
                self.say("{} (sampling goes on)".format(error))
            self.told = True
