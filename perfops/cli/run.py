"""perfops run: one machine, by SSH alone."""

import shlex
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from perfops.cli.options import Db
from perfops.cli.playing import INTERRUPTED

if TYPE_CHECKING:
    from perfops.fleet.board import Board, Machine
    from perfops.fleet.connect import Login, LostError
    from perfops.fleet.folders import Place
    from perfops.fleet.session import Session
    from perfops.outputs.summary import Summary

DURATION, FREQUENCY = "10m", "1s"
BEFORE = ("waiting", "connecting")  # stages in which nothing was begun


@dataclass(frozen=True, slots=True)
class Talk:
    """What is shown, and the command lines that go on with the run and end it."""

    board: "Board"
    machine: "Machine"
    show: Callable[[], None]
    resume: str


def run(
    machine: Annotated[str, typer.Argument(help="The machine, as ssh knows it.", metavar="[USER@]HOST[:PORT]")],
    duration: Annotated[
        str | None, typer.Option(help="How long to sample: 90s, 10m, 1h30m.", metavar="TIME", show_default=DURATION)
    ] = None,
    frequency: Annotated[
        str | None, typer.Option(help="Time between two samples: 250ms, 1s.", metavar="TIME", show_default=FREQUENCY)
    ] = None,
    label: Annotated[
        list[str] | None, typer.Option(help="A label of the collection; may be given again.", metavar="KEY=VALUE")
    ] = None,
    run: Annotated[
        str | None,
        typer.Option("--run", help="Name of the run; the same name again goes on with that run.", metavar="NAME"),
    ] = None,
    name: Annotated[str | None, typer.Option(help="The machine's name in results; else HOST.", metavar="NAME")] = None,
    site: Annotated[str, typer.Option(help="Where the machine stands.", metavar="SITE")] = "default",
    key: Annotated[
        Path | None,
        typer.Option("--identity", "-i", help="The key to log in with; else those of ssh.", metavar="FILE"),
    ] = None,
    jump: Annotated[
        str | None,
        typer.Option(help="Hosts on the way, the first one first, with commas.", metavar="[USER@]HOST[:PORT],..."),
    ] = None,
    ssh_config: Annotated[
        Path | None, typer.Option(help="SSH configuration instead of ~/.ssh/config.", metavar="FILE")
    ] = None,
    accept_new_host_key: Annotated[
        bool,
        typer.Option("--accept-new-host-key", help="Trust and remember a machine that is seen for the first time."),
    ] = False,
    stop: Annotated[bool, typer.Option("--stop", help="End the run now, in order, and bring it home.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the recording and the collector there.")] = False,
    patience: Annotated[
        str, typer.Option(help="How long the machine may be out of reach after its time is over.", metavar="TIME")
    ] = "10m",
    home: Annotated[str, typer.Option(help="Folder of the collector there.", metavar="DIR")] = "~/.perfops",
    python: Annotated[str, typer.Option(help="Python there, 3.6 or later.", metavar="PROGRAM")] = "python3",
    results: Annotated[Path, typer.Option(help="The folder of results.", metavar="DIR", readable=False)] = Path(
        "results"
    ),
    quiet: Annotated[bool, typer.Option("--quiet", help="Show no progress.")] = False,
    db: Db = None,
) -> None:
    """Sample one machine by SSH alone, without Ansible; bring home what it saw, load and draw it.

    It needs a login and Python 3.6 there. The collector runs on when the connection breaks off, or this command is
    ended: with the same --run NAME it goes on, waits for the end and fetches what is missing; nothing is done twice.
    The report's path is the last line. Exit codes: 0 done, 1 the recording is partial, 2 a value cannot be used, 3 this
    machine refused, 4 the database cannot be reached or refused, 5 the machine under test cannot be reached or refused,
    130 after Ctrl-C.

    Example: perfops run root@127.0.0.1 --ssh-config ssh_config --duration 10s --frequency 1s --label build=42
    """
    from perfops.cli.inventory import name_run
    from perfops.cli.load import check_text, parse_labels
    from perfops.cli.options import check_times, parse_time
    from perfops.errors import BadInputError
    from perfops.fleet.address import parse_address
    from perfops.fleet.connect import Login
    from perfops.fleet.folders import open_place
    from perfops.store.connection import database, find_target

    if stop and not run:
        raise BadInputError("--stop needs the name of a run (give --run NAME)")
    check_times(duration, frequency)
    check_text("--site", site)
    labels = parse_labels(label or [])
    address = parse_address(machine)
    jumps = tuple(parse_address(each, "--jump") for each in (jump or "").split(",") if each)
    login = Login(address, jumps, ssh_config, key, accept_new_host_key)
    check_files(key, ssh_config)
    with database(find_target(db)):  # nothing is sampled for a database that is not there
        pass
    place = open_place(results, name_run(run, []), name or address.host)
    params = {
        "duration": duration or DURATION,
        "frequency": frequency or FREQUENCY,
        "identifier": place.machine,
        "labels": labels,
        "mode": "local",
    }
    asked = {"duration": duration, "frequency": frequency}
    words = again(place, sys.argv[1:])
    waits = parse_time(patience, "--patience", "10m")
    wish = Wish(place, login, params, asked, home, python, waits, stop, keep, site, labels)
    perform(wish, words, quiet, db)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be done."""

    place: "Place"
    login: "Login"
    params: dict[str, Any]
    asked: dict[str, str | None]
    home: str
    python: str
    patience: float
    stop: bool
    keep: bool
    site: str
    labels: dict[str, str]


def check_files(*paths: Path | None) -> None:
    """BadInputError where a file that was named is not there."""
    from perfops.errors import BadInputError

    for path in paths:
        if path and not path.expanduser().is_file():
            raise BadInputError(f"no such file: {path} (name another)")


def again(place: "Place", words: list[str]) -> str:
    """The command line that goes on with this run."""
    kept = [word for word in words if word != "--stop"]
    if "--run" not in kept and not any(word.startswith("--run=") for word in kept):
        kept += ["--run", place.run]
    return shlex.join(["perfops", *kept])


def perform(wish: Wish, words: str, quiet: bool, db: str | None) -> None:
    """All of it, with its progress."""
    from perfops.cli.live import showing
    from perfops.cli.report import report
    from perfops.errors import CheckFailedError
    from perfops.fleet.board import Board, Machine
    from perfops.fleet.connect import LostError
    from perfops.fleet.folders import alone, forget, read_noted, record
    from perfops.fleet.outcome import facts_of, read_run

    place = wish.place
    machine = Machine(place.machine)
    board = Board(place.run, single=True, machines={place.machine: machine})
    try:
        with alone(place.here), showing(board, quiet) as show:
            talk = Talk(board, machine, show, words)
            session = session_of(wish, talk)
            try:
                before = collect(wish, session)
                summary = process_and_load(wish, talk, db)
                if not wish.keep:
                    tidy(session, talk)
            finally:
                session.target.close()
                if machine.stage in BEFORE:
                    forget(place)
            asked = bool(read_noted(place).get("stopped"))
            told_before = (read_run(place.folder).get("hosts") or {}).get(place.machine) if before else None
            facts = told_before or facts_of(summary, place.recording.stat().st_size, session.skew, asked=asked)
            record(place, wish.site, facts, removed=not wish.keep)
    except KeyboardInterrupt:
        print(f"perfops: interrupted here; {on_the_machine(machine, words)}", file=sys.stderr)
        raise typer.Exit(INTERRUPTED) from None
    except LostError as error:
        raise LostError(f"{error}; {on_the_machine(machine, words)}") from error
    from perfops.cli.process import told

    if before:
        print(f"perfops: {place.machine} was home already, nothing was sampled anew", file=sys.stderr)
    print(f"{place.machine}: {told(summary)}")
    if facts["state"] != "complete":
        print(f"perfops: {place.machine} is partial: {facts['reason']}", file=sys.stderr)
    report(place.run, output=place.folder / "report.html", db=db)
    if facts["state"] != "complete":
        raise typer.Exit(CheckFailedError.exit_code)


def on_the_machine(machine: "Machine", words: str) -> str:
    """What goes on there without us, and how to come back to it."""
    if machine.stage in BEFORE:
        return f"nothing was begun by this (try again: {words})"
    return f"what samples there goes on\n  wait for it and bring it home: {words}\n  end it now: {words} --stop"


def session_of(wish: Wish, talk: Talk) -> "Session":
    """The session, and what it tells as the stage of the machine."""
    from perfops.cli.build_pcc import packed
    from perfops.fleet.session import Session
    from perfops.fleet.target import Target

    def tell(stage: str, **known: Any) -> None:
        talk.machine.stage, talk.machine.note, talk.machine.message = stage, note(stage, known), ""
        if stage == "sampling":
            talk.machine.began = talk.board.clock() - known["elapsed"]
            talk.machine.ends = talk.machine.began + known["duration"]
        talk.show()

    def lose(error: "LostError", pause: float) -> None:
        talk.machine.message = f"{error}; next try in {pause:.0f} s"
        talk.show()

    target = Target(wish.login, wish.home, wish.python, wish.place.collection)
    return Session(target, packed(), wish.params, wish.patience, tell, lose, asked=wish.asked)


def note(stage: str, known: dict[str, Any]) -> str:
    """How far a stage is, in words."""
    from perfops.catalogue import Unit
    from perfops.report.units import human

    if stage == "sampling":
        count = round(known["elapsed"] / (known["period"] or 1)) + 1
        return f"{count} sample{'s' * (count != 1)}, {human(known['size'], Unit.BYTES)}"
    if stage == "fetching":
        return f"{human(known['done'], Unit.BYTES)} of {human(known['size'], Unit.BYTES)}"
    return ""


def collect(wish: Wish, session: "Session") -> bool:
    """Have the recording home; whether it was before. BadInputError where it is, or would be, another machine's."""
    from perfops.errors import BadInputError
    from perfops.fleet.connect import reached
    from perfops.fleet.folders import note, read_noted

    known, here = read_noted(wish.place), reached(wish.login)
    about = f"{wish.place.machine} of the run {wish.place.run}"
    if known.get("pruned"):
        raise BadInputError(f"{about} was pruned (name another run in --run)")
    noted = here | {part: value for part, value in (known.get("address") or {}).items() if value}
    if noted != here:
        was, now = (f"{address['user']}@{address['host']}:{address['port']}" for address in (noted, here))
        raise BadInputError(f"{about} is {was}, and this is {now} (name another run, or a --name for it)")
    if wish.place.recording.is_file():
        return True
    facts = session.begin(stop=wish.stop)
    if session.remark:
        print(f"perfops: {session.remark}", file=sys.stderr, flush=True)
    note(wish.place, address=here, **({"stopped": True} if wish.stop else {}))
    session.follow(facts)
    session.bring_home(wish.place.recording)
    return False


def process_and_load(wish: Wish, talk: Talk, db: str | None) -> "Summary":
    """CSV files, and rows in the database."""
    from perfops.cli.load import load_source
    from perfops.outputs.process import process_files
    from perfops.store.connection import database, find_target
    from perfops.store.sources import find_source

    place = wish.place
    talk.machine.stage, talk.machine.note = "processing", ""
    talk.show()
    summary = process_files([place.recording], place.here)
    talk.machine.stage = "loading"
    talk.show()
    with database(find_target(db)) as connection:
        load_source(connection, find_source(place.here), place.machine, wish.site, wish.labels, place.run)
        connection.commit()
    return summary


def tidy(session: "Session", talk: Talk) -> None:
    """Remove what is there; the recording is home, so a machine that is gone is no failure."""
    from perfops.errors import TargetError

    talk.machine.stage = "tidying"
    talk.show()
    try:
        session.target.ask("remove")
    except TargetError as error:
        print(f"perfops: left on the machine: {session.target.home} ({error})", file=sys.stderr)
    with suppress(TargetError):
        session.target.close()
    talk.machine.stage = talk.machine.state = "done"
    talk.show()
