"""A run as it goes, on standard error: a table of machines on a terminal, plain lines elsewhere."""

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import RenderableType

    from perfops.fleet.board import Board, Machine

LINE = 15.0  # seconds between two plain lines that say the same
ROWS = 30  # machines that are shown one by one
REFRESH = 4  # drawings a second
EARLY = ("opening", "checking", "installing")


@contextmanager
def showing(board: "Board", quiet: bool) -> Iterator[Callable[[], None]]:
    """A function to call again and again; what is shown is up to it."""
    if quiet:
        yield lambda: None
    elif sys.stderr.isatty():
        from rich.console import Console
        from rich.live import Live

        console = Console(stderr=True)
        with Live(get_renderable=lambda: draw(board), console=console, refresh_per_second=REFRESH, transient=True):
            yield lambda: None
    else:
        if board.run:
            say(f"run {board.run}")
        yield Lines(board).tell


class Lines:
    """Plain lines: one for each new state of things, and now and then while they stay."""

    def __init__(self, board: "Board") -> None:
        self.board = board
        self.said: tuple[object, ...] = ()
        self.when = 0.0
        self.messages: dict[str, str] = {}

    def tell(self) -> None:
        """Say what is new."""
        for machine in self.board.all():
            if machine.message and machine.message != self.messages.get(machine.name):
                say(f"{machine.name}{'' if machine.state == 'going' else f' {machine.state}'}: {machine.message}")
            self.messages[machine.name] = machine.message
        state = tuple(sorted(stages(self.board).items()))
        now = time.monotonic()
        if state and (state != self.said or now - self.when > LINE):
            self.said, self.when = state, now
            say(summary(self.board))


def say(text: str) -> None:
    """A line with the time of day."""
    print(f"{datetime.now().astimezone():%H:%M:%S} {text}", file=sys.stderr, flush=True)


def stages(board: "Board") -> Counter[str]:
    """How many machines are at which stage, or lost."""
    counted: Counter[str] = Counter()
    for machine in board.all():
        if machine.stage != "waiting" or machine.message:
            counted[stage(machine)] += 1
    return counted


def summary(board: "Board") -> str:
    """All of it in one line: `3 sampling, 1 unreachable; 5 min 3 s left`."""
    counted = stages(board)
    if board.single:
        parts = [f"{machine.name} {stage(machine)}" for machine in board.all()]
    elif len(counted) == 1 and not counted.keys().isdisjoint(EARLY):  # one of them does it for all
        parts = list(counted)
    else:
        parts = [", ".join(f"{count} {name}" for name, count in counted.items())]
    ends = [machine.ends for machine in board.going() if machine.ends and machine.stage == "sampling"]
    if ends:
        parts.append(f"{left(max(ends) - board.clock())} left")
    if size := home(board):
        parts.append(f"{size} home")
    if board.single:
        parts += [machine.note for machine in board.all()]
    return "; ".join(filter(None, parts))


def home(board: "Board") -> str:
    """Bytes that are home, '' for none."""
    from perfops.catalogue import Unit
    from perfops.fleet.outcome import bytes_home
    from perfops.report.units import human

    size = bytes_home(board.folder)
    return human(size, Unit.BYTES) if size else ""


def left(seconds: float) -> str:
    """A time to come, in whole seconds."""
    from perfops.report.units import length

    return length(round(max(seconds, 0))) or "0 s"


def draw(board: "Board") -> "RenderableType":
    """The machines, each with its stage; of many only those that need a look."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    machines = sorted(board.all(), key=lambda each: (each.state in ("going", "done"), each.name))
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=False)
    for machine in machines[:ROWS]:
        style = {"going": "", "done": "green"}.get(machine.state, "red")
        table.add_row(Text(machine.name), Text(stage(machine), style), Text(told(board, machine)))
    more = len(machines) - ROWS
    lines = [Text(f"… and {more} more")] if more > 0 else []
    return Group(Text(f"{board.run or 'perfops'}: {summary(board) or 'starting Ansible'}", "bold"), table, *lines)


def stage(machine: "Machine") -> str:
    """A machine's stage, or what became of it."""
    return machine.stage if machine.state in ("going", "done") else machine.state


def told(board: "Board", machine: "Machine") -> str:
    """How far it is, or why it went no further."""
    if machine.message:
        return machine.message
    if machine.stage == "sampling" and machine.began is not None and machine.ends is not None:
        now = board.clock()
        share = min((now - machine.began) / max(machine.ends - machine.began, 0.001), 1)
        return f"{share:4.0%} {'━' * round(share * 20):<20} {left(machine.ends - now)} left {machine.note}".rstrip()
    return machine.note
