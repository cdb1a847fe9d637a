"""perfops show: a run or a collection as it stands in the database."""

import csv
import json as jsons
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from perfops.cli.options import Db, Json

if TYPE_CHECKING:
    from perfops.catalogue import Kind
    from perfops.store.connection import Connection
    from perfops.store.machines import Machine
    from perfops.store.rows import Ends, Row

LONGEST = 120  # characters of a fact, such as the flags of a processor


def show(
    run: Annotated[
        str, typer.Argument(help="Name of a run, or id of one collection or its beginning.", metavar="RUN|COLLECTION")
    ],
    kind: Annotated[
        str,
        typer.Option(help="Samples to show: host, system, cpu, disk, net, filesystem or container.", metavar="KIND"),
    ] = "host",
    rows: Annotated[int, typer.Option(help="How many of the first and of the last rows.", min=0, metavar="N")] = 3,
    device: Annotated[
        str | None,
        typer.Option(
            help="Only rows of this CPU, disk, interface, mount point or container (its name or id).", metavar="NAME"
        ),
    ] = None,
    csv: Annotated[bool, typer.Option("--csv", help="Print all rows of the kind as CSV, and nothing else.")] = False,
    plot: Annotated[
        str | None,
        typer.Option(help="Draw this metric over time, such as cpu_busy or disk.utilization.", metavar="METRIC"),
    ] = None,
    phase: Annotated[
        str | None,
        typer.Option(
            help="Show the percentiles of the kind in this phase (see perfops phase) instead.", metavar="NAME"
        ),
    ] = None,
    db: Db = None,
    json: Json = False,
) -> None:
    """Show what is known of each collection: the machine, counts, what happened, and the first and last rows of a kind.

    With --phase: percentiles of each metric of the kind in that phase, of all its samples. Times are in UTC. Exit
    codes: 0 done, 2 no such run, collection, kind, device or phase, 4 the database cannot be reached or refused.

    Example: perfops show nightly --kind disk --rows 2
    """
    from perfops.errors import BadInputError
    from perfops.store.connection import database, find_target
    from perfops.store.machines import find_machines
    from perfops.store.rows import check_device, find_ends, find_kind

    if csv and json:
        raise BadInputError("--csv and --json both say how to print (give one of them)")
    if phase is not None and (csv or plot is not None):
        raise BadInputError("--phase shows percentiles (leave out --csv and --plot)")
    if plot is not None and (csv or json):
        raise BadInputError("--plot draws a picture (leave out --csv and --json, or give --kind instead of --plot)")
    if plot is not None:
        from perfops.cli.plots import draw

        draw(plot, run, device, db)
        return
    wanted = find_kind(kind, device)
    if phase is not None:
        from perfops.cli.percentiles import tell_phase

        tell_phase(phase, run, wanted, device, db, json=json)
        return
    with database(find_target(db)) as connection:
        machines = find_machines(connection, run)
        if device is not None:
            check_device(connection, machines, wanted, device)
        if csv:
            write_csv(connection, machines, wanted, device)
            return
        found = [(machine, find_ends(connection, machine, wanted, device, rows)) for machine in machines]
    if json:
        typer.echo(jsons.dumps([facts(machine, wanted, ends) for machine, ends in found], indent=2))
        return
    for number, (machine, ends) in enumerate(found):
        if number:
            typer.echo()
        tell(machine, wanted, ends)


def write_csv(connection: "Connection", machines: list["Machine"], kind: "Kind", device: str | None) -> None:
    """All rows of the collections to standard output, each with its collector and collection in front."""
    from perfops.store.rows import stream_rows

    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(("collector", "collection", *kind.columns))
    for machine in machines:
        for row in stream_rows(connection, machine, kind, device):
            writer.writerow((machine.collector, machine.collection, *values(row)))


def values(row: "Row") -> list[Any]:
    """A row as CSV and JSON have it: times in ISO 8601, numbers without a fraction where they have none."""
    from perfops.samples.stamps import iso

    plain = [int(value) if isinstance(value, float) and value.is_integer() else value for value in row[1:]]
    return [iso(row[0].timestamp()), *plain]


def facts(machine: "Machine", kind: "Kind", ends: "Ends") -> dict[str, Any]:
    """A collection as JSON has it."""
    return {
        "collection": str(machine.collection),
        "run": machine.run,
        "collector": machine.collector,
        "site": machine.site,
        "mode": machine.mode,
        "start": machine.start.isoformat(),
        "end": machine.end.isoformat(),
        "seconds": machine.seconds,
        "frequency": machine.frequency,
        "state": machine.state,
        "complete": machine.complete,
        "labels": machine.labels,
        "summary": machine.summary.model_dump(mode="json", exclude={"annotations", "labels"}),
        "annotations": [note.model_dump(mode="json") for note in machine.annotations],
        "kind": kind.name,
        "total": ends.total,
        "rows": [dict(zip(kind.columns, values(row), strict=True)) for row in (*ends.first, *ends.last)],
    }


def tell(machine: "Machine", kind: "Kind", ends: "Ends") -> None:
    """A collection in words, then its rows: a line a metric, a column a moment."""
    from perfops.cli.tables import pairs
    from perfops.report.facts import observer_cost
    from perfops.report.remarks import told

    typer.echo(f"{machine.name} ({machine.site})")
    pairs(short_facts(machine))
    for note in machine.annotations:
        typer.echo(f"  {note.kind} {told(note)}")
    for warning in machine.summary.warnings:
        typer.echo(f"  {warning}")
    if cost := observer_cost(machine):
        typer.echo(f"  {cost}")
    shown = len(ends.first) + len(ends.last)
    if shown:
        typer.echo(f"\n{kind.name}: {shown} of {ends.total} rows" if shown < ends.total else f"\n{kind.name}: all rows")
        table(machine, kind, ends)
    elif not ends.total:
        typer.echo(f"\n{kind.name}: no rows")


def short_facts(machine: "Machine") -> list[tuple[str, str]]:
    """Names and values; what is not known is left out."""
    from perfops.cli.tables import counts
    from perfops.report.facts import all_facts
    from perfops.report.remarks import moment
    from perfops.report.units import length
    from perfops.store.states import told

    summary, host = machine.summary, machine.summary.host
    rows = (
        ("collection", str(machine.collection)),
        ("run", machine.run),
        ("labels", ", ".join(f"{key}={value}" for key, value in machine.labels.items())),
        ("start", f"{moment(machine.start)} UTC"),
        ("end", f"{moment(machine.end)} UTC"),
        ("length", length(machine.seconds) or "0 s"),
        ("every", length(machine.frequency) if machine.frequency else None),
        ("mode", machine.mode),
        ("state", told(machine.state, summary.end_reason)),
        ("snapshots", f"{summary.snapshots} in {summary.segments} segment{'s' * (summary.segments != 1)}"),
        ("missed", None if summary.missed is None else str(summary.missed)),
        ("samples", counts(summary.samples)),
        ("hostname", summary.hostname),
        *((name, str(host[name])) for name in ("model_name", "total_cpus", "os", "kernel") if host.get(name)),
        *((name, value) for name, value in all_facts(machine) if name != "hostname"),
    )
    return [(name, value if len(value) <= LONGEST else f"{value[:LONGEST]}…") for name, value in rows if value]


def table(machine: "Machine", kind: "Kind", ends: "Ends") -> None:
    """The rows of a kind on their side: a line a metric, which would be too many columns."""
    from perfops.cli.tables import show as show_table

    gap = len(ends.first) + len(ends.last) < ends.total
    chosen: list[Row | None] = [*ends.first, *([None] if gap else []), *ends.last]
    one_day = machine.start.date() == machine.end.date()
    names = [named(row, "%H:%M:%S" if one_day else "%Y-%m-%d %H:%M:%S") for row in chosen]
    units = {metric.name: metric.unit.value for metric in kind.metrics}
    lines = [
        (column, units.get(column, ""), *("…" if row is None else cell(row[place]) for row in chosen))
        for place, column in enumerate(kind.columns)
        if place
    ]
    show_table(("timestamp", "unit", *names), lines, names)


def named(row: "Row | None", pattern: str) -> str:
    """The moment of a row, with a fraction only where it has one."""
    if row is None:
        return "…"
    fraction = f"{row[0].microsecond:06d}".rstrip("0")
    return f"{row[0]:{pattern}}" + (f".{fraction}" if fraction else "")


def cell(value: str | float | None) -> str:
    """A value in full, `-` where there is none."""
    if value is None:
        return "-"
    return value if isinstance(value, str) else f"{value:.4f}".rstrip("0").rstrip(".")
