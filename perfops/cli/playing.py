"""A playbook, run to its end, with its progress and what is said in the end: for the commands over an inventory."""

import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import typer

from perfops.cli.inventory import checked, read_extra

if TYPE_CHECKING:
    from perfops.fleet.board import Board
    from perfops.fleet.runner import Event, Playing

LOOK = 0.2  # seconds between two looks
INTERRUPTED = 130  # exit code after Ctrl-C, as shells have it
COLUMNS = ("machine", "state", "samples", "gaps", "skew", "bytes", "reason")
NUMBERS = ("samples", "gaps", "skew", "bytes")


@dataclass(frozen=True, slots=True)
class Wish:
    """What a command wants of a playbook."""

    playbook: str
    inventories: Sequence[str]
    limit: str | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    extra: Sequence[str] = ()
    options: Sequence[str] = ()
    quiet: bool = False
    verbose: bool = False


def play(wish: Wish, run: str | None = None, resume: str = "", stop: str = "") -> None:
    """Run the playbook to its end, with its progress; ends the command where it fails, with the code of Ansible.

    `resume` and `stop` are the command lines that go on with the run and end it.
    """
    from perfops.cli.live import showing
    from perfops.fleet.board import Board
    from perfops.fleet.log import Log
    from perfops.fleet.playbooks import find_playbook
    from perfops.fleet.runner import Order, playing

    given, files = read_extra(wish.extra)
    variables = given | dict(wish.variables)
    options = [*wish.options, *(word for file in files for word in ("-e", file))]
    order = Order(find_playbook(wish.playbook), checked(wish.inventories), variables, wish.limit, options)
    board, log = Board(run), Log(f"{wish.playbook}.yml -i {' -i '.join(wish.inventories)}")
    idle: set[str] = set()
    before: set[str] = set()
    remarks: set[str] = set()

    def hear(event: "Event") -> None:
        board.hear(event)
        if wish.playbook == "stop" and (name := had_nothing(event)):
            idle.add(name)
        if name := was_home(event):
            before.add(name)
        if said := remark(event):
            remarks.add(said)
        log.write(event, board.folder)
        if wish.verbose and (text := event.get("stdout")):
            print(text)

    try:
        with playing(order, hear) as running, showing(board, wish.quiet or wish.verbose) as show:
            status = follow(running, show)
    except KeyboardInterrupt:
        log.close()
        print(f"perfops: interrupted here{on_the_machines(board, resume, stop)}", file=sys.stderr)
        raise typer.Exit(INTERRUPTED) from None
    log.close()
    if status:
        complain(board, log.file.name if log.file else "")
        if resume and all_home(board):
            print("perfops: all that was sampled is home; another run samples anew", file=sys.stderr)
        elif resume:
            print(f"perfops: go on with {resume}", file=sys.stderr)
    for name in sorted(before):
        print(f"perfops: {name} was home already, nothing was sampled anew", file=sys.stderr)
    for said in sorted(remarks):
        print(f"perfops: {said}", file=sys.stderr)
    tell(board, run, status, idle)
    if status:
        raise typer.Exit(status)


def had_nothing(event: "Event") -> str:
    """The machine that had nothing to end, where an event tells of one, else ''."""
    from perfops.fleet.board import MODULE

    data = event.get("event_data") or {}
    ended = event.get("event") == "runner_on_ok" and data.get("task_action") == MODULE
    return str(data.get("host")) if ended and not (data.get("res") or {}).get("changed") else ""


def was_home(event: "Event") -> str:
    """The machine whose recording was home before, where an event tells of one, else ''."""
    return of_result(event, "before")


def remark(event: "Event") -> str:
    """What a machine's result has to remark, else ''."""
    return of_result(event, "remark")


def of_result(event: "Event", name: str) -> str:
    """A text in the result that an event tells of, '' where there is none."""
    return str(((event.get("event_data") or {}).get("res") or {}).get(name) or "")


def follow(running: "Playing", show: Callable[[], None]) -> int:
    """Show how it goes until it has ended; its exit code."""
    while not running.wait(LOOK):
        show()
    show()
    return running.status()


def all_home(board: "Board") -> bool:
    """Whether nothing more can come of the run's machines, also of those whose recording is partial."""
    from perfops.fleet.outcome import read_outcomes

    found = read_outcomes(board.folder) if board.folder else []
    return bool(found) and all(each.state in ("complete", "partial") for each in found)


def on_the_machines(board: "Board", resume: str, stop: str) -> str:
    """What goes on without us, and what to do about it."""
    if not resume:
        return "; the same command again does the rest"
    count = sum(machine.stage == "sampling" for machine in board.going())
    going = f"{count} machine{'s' * (count != 1)} sample{'s' * (count == 1)} on, to the end of the time asked for"
    first = f"; {going}" if count else "; what has begun to sample goes on"
    return f"{first}\n  wait for it and bring it home: {resume}\n  end it now: {stop}"


def complain(board: "Board", log: str) -> None:
    """Say on standard error what went wrong: the machines, else Ansible's own words."""
    for machine in board.lost():
        print(f"perfops: {machine.name} {machine.state}: {machine.message}", file=sys.stderr)
    if not board.lost():
        errors = [line for line in board.said if "error" in line.lower()]
        print("\n".join(errors or board.said) or "perfops: Ansible failed without a word", file=sys.stderr)
    if log:
        print(f"perfops: all that Ansible said is in {log}", file=sys.stderr)


def tell(board: "Board", run: str | None, status: int, idle: Collection[str] = ()) -> None:
    """The final table and, last of all, the report's path; `idle` are machines that had nothing to end."""
    from perfops.cli.tables import show

    rows = rows_of(board)
    if rows:
        show(COLUMNS, rows, NUMBERS)
    elif not run and not status:
        for name in sorted(idle):
            print(f"{name}: nothing was sampling")
        count = len(board.all()) - len(idle)
        if count or not idle:
            print(f"{count} machine{'s' * (count != 1)} done")
    report = board.folder / "report.html" if board.folder else None
    if report and report.is_file():
        print(report)


def rows_of(board: "Board") -> list[tuple[str, ...]]:
    """What came of each machine, from run.json."""
    from perfops.catalogue import Unit
    from perfops.fleet.outcome import read_outcomes
    from perfops.report.units import human

    return [
        (
            each.name,
            each.state,
            "-" if each.samples is None else str(each.samples),
            "-" if each.gaps is None else str(each.gaps),
            "-" if each.skew is None else human(each.skew * 1000, Unit.MILLISECONDS),
            "-" if each.size is None else human(each.size, Unit.BYTES),
            each.reason or "-",
        )
        for each in (read_outcomes(board.folder) if board.folder else [])
    ]
