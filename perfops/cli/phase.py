"""perfops phase: the phases of a run."""

import json as jsons
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from perfops.cli.load import check_text
from perfops.cli.options import Db, Json

if TYPE_CHECKING:
    from perfops.store.connection import Target
    from perfops.store.phases import Mark, Phase

EXAMPLE = "2026-01-10T20:35:10Z"


def phase(
    run: Annotated[str, typer.Argument(help="Name of the run.", metavar="RUN")],
    name: Annotated[
        str | None, typer.Argument(help="Name of the phase that begins; without it they are listed.", metavar="NAME")
    ] = None,
    at: Annotated[
        str | None, typer.Option(help=f"When, as {EXAMPLE} (UTC unless it says another); else now.", metavar="TIME")
    ] = None,
    end: Annotated[bool, typer.Option("--end", help="The phase ends, and no other begins.")] = False,
    lines: Annotated[
        Path | None,
        typer.Option(
            help="A file of phases: in each line a time and a name, or a time alone for an end. With - they are those"
            " of standard input, each written when it comes.",
            metavar="FILE",
            readable=False,  # who opens it says so in one line
        ),
    ] = None,
    clear: Annotated[bool, typer.Option("--clear", help="Remove all phases of the run.")] = False,
    db: Db = None,
    json: Json = False,
) -> None:
    """Write the phases of a run, such as warm-up, steady and cool-down, or list them.

    A phase lasts until the next one begins or until --end. Phases go by the run's name, so they can be written while
    its machines still sample; report, dashboards and perfops show --phase have them when the collections are loaded.
    The same moment again replaces what was written of it. The time is that of this machine's clock.

    Exit codes: 0 done, 2 a name or a time cannot be used, 4 the database cannot be reached or refused.

    Example: perfops phase nightly warm-up && perfops phase nightly --end && perfops phase nightly
    """
    from perfops.store.connection import database, find_target
    from perfops.store.phases import Mark, clear_phases, find_phases, write_marks

    check(run, name, at, end, lines, clear)
    moment = datetime.now(UTC) if at is None else parse_moment(at, "--at")
    target = find_target(db)
    if str(lines) == "-":
        follow(run, target)
        return
    marks = [] if lines is None else read_marks(lines)
    with database(target) as connection:
        if clear:
            clear_phases(connection, run)
        if end and name is not None:
            check_lasts(find_phases(connection, run), run, name, moment)
        if end or name is not None:
            marks = [Mark(moment, None if end else name)]
        write_marks(connection, run, marks)
        known = connection.execute("SELECT 1 FROM collection WHERE run = %s LIMIT 1", [run]).fetchone() is not None
        found = find_phases(connection, run)
    if json:
        typer.echo(jsons.dumps([facts(each) for each in found], indent=2))
    elif marks or clear:
        typer.echo(told(run, marks) + ("" if known or clear else "; nothing of the run is loaded yet"))
    else:
        tell(run, found)


def check(run: str, name: str | None, at: str | None, end: bool, lines: Path | None, clear: bool) -> None:
    """BadInputError where options do not go together, or a name cannot be one."""
    from perfops.errors import BadInputError

    writes = end or name is not None
    if writes + (lines is not None) + clear > 1:
        raise BadInputError("NAME or --end, --lines and --clear say different things (give one of them)")
    if at is not None and not writes:
        raise BadInputError("--at says when, and nothing says what (give the NAME of a phase, or --end)")
    for option, value in (("RUN", run), ("NAME", name)):
        check_text(option, value)
        check_name(option, value)


def check_name(option: str, value: str | None) -> None:
    """BadInputError where a name is empty or more than one line."""
    from perfops.errors import BadInputError

    if value is not None and (not value.strip() or not value.isprintable()):
        raise BadInputError(f"bad value for {option}: {value!r} (try a short name in one line, such as warm-up)")


def parse_moment(text: str, where: str) -> datetime:
    """A moment in ISO 8601, in UTC where it names no other zone; BadInputError says where it stands."""
    from perfops.errors import BadInputError

    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise BadInputError(f"bad value for {where}: {text!r} is no time (try {EXAMPLE})") from None


def follow(run: str, target: "Target") -> None:
    """Write the phases of standard input, each as soon as its line is there."""
    from perfops.store.connection import database
    from perfops.store.phases import write_marks

    count = 0
    for number, line in enumerate(sys.stdin, 1):
        if (mark := parse_line(line, number)) is not None:
            with database(target) as connection:
                write_marks(connection, run, [mark])
            count += 1
    typer.echo(f"{run}: {count} begins and ends of phases")


def read_marks(path: Path) -> "list[Mark]":
    """The phases in a file."""
    from perfops.errors import BadInputError

    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
        raise BadInputError(f"cannot read {path}: {reason} (give a file of times and names)") from error
    return [mark for number, line in enumerate(text.splitlines(), 1) if (mark := parse_line(line, number)) is not None]


def parse_line(line: str, number: int) -> "Mark | None":
    """The begin or end in a line, None where it is empty."""
    from perfops.store.phases import Mark

    moment, _, rest = line.strip().partition(" ")
    name = rest.strip() or None
    check_text(f"--lines, line {number}", name)
    check_name(f"--lines, line {number}", name)
    return Mark(parse_moment(moment, f"--lines, line {number}"), name) if moment else None


def check_lasts(found: "list[Phase]", run: str, name: str, moment: datetime) -> None:
    """BadInputError where another phase lasts at a moment than the one that is to end."""
    from perfops.errors import BadInputError

    lasting = [each.name for each in found if each.start <= moment and (each.end is None or moment <= each.end)]
    if name not in lasting:
        which = f"{lasting[-1]!r} does" if lasting else "none does"
        raise BadInputError(
            f"no phase {name!r} of the run {run!r} lasts then ({which}; perfops phase {run} lists them)"
        )


def told(run: str, marks: "list[Mark]") -> str:
    """What was written, in one line."""
    from perfops.report.remarks import moment

    if not marks:
        return f"{run}: no phases"
    if len(marks) > 1:
        return f"{run}: {len(marks)} begins and ends of phases"
    (mark,) = marks
    return f"{run}: {'the phase ends' if mark.name is None else mark.name} at {moment(mark.moment)} UTC"


def tell(run: str, found: "list[Phase]") -> None:
    """The phases as a table; times are in UTC."""
    from perfops.cli.tables import show
    from perfops.report.remarks import moment
    from perfops.report.units import length

    if not found:
        typer.echo(f"the run {run!r} has no phases (perfops phase {run} NAME begins one)")
        return
    rows = [
        (
            each.name,
            moment(each.start),
            moment(each.end) if each.end else "-",
            length((each.end - each.start).total_seconds()) if each.end else "lasts",
        )
        for each in found
    ]
    show(("phase", "from (UTC)", "to", "length"), rows, ("length",))


def facts(each: "Phase") -> dict[str, Any]:
    """A phase as JSON has it."""
    return {"phase": each.name, "start": each.start.isoformat(), "end": each.end.isoformat() if each.end else None}
