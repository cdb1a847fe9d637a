"""The percentiles of a phase in a terminal: what `perfops show --phase` prints."""

import json as jsons
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from perfops.catalogue import Kind
    from perfops.outputs.summary import Annotation
    from perfops.report.statistics import Device
    from perfops.store.machines import Machine


def tell_phase(name: str, run: str, kind: "Kind", device: str | None, db: str | None, *, json: bool) -> None:
    """Percentiles of a kind in each phase of a name, of those machines of a run whose collections it touches."""
    from perfops.errors import BadInputError
    from perfops.report.phases import during, phases_of
    from perfops.report.statistics import statistics
    from perfops.store.connection import database, find_target
    from perfops.store.machines import find_machines
    from perfops.store.rows import check_device

    found: list[tuple[Machine, Annotation, list[Device]]] = []
    with database(find_target(db)) as connection:
        machines = find_machines(connection, run)
        if device is not None:
            check_device(connection, machines, kind, device)
        for machine in machines:
            try:
                phases = phases_of(machine, name)
            except BadInputError:
                if machine is machines[-1] and not found:
                    raise
                continue
            for phase in phases:
                known = statistics(connection, during(machine, phase), kind)
                chosen = [each for each in known if device is None or device in (each.key, each.name)]
                found.append((machine, phase, chosen))
    if json:
        typer.echo(jsons.dumps([facts(*each, kind) for each in found], indent=2))
        return
    for number, each in enumerate(found):
        if number:
            typer.echo()
        tell(*each, kind)


def tell(machine: "Machine", phase: "Annotation", devices: "list[Device]", kind: "Kind") -> None:
    """A table a device."""
    from perfops.cli.tables import show
    from perfops.report.remarks import span
    from perfops.report.tables import COLUMNS, table

    end = phase.end or machine.end
    typer.echo(f"{machine.name} ({machine.site}), {phase.text}: {span(phase.start, end)} UTC")
    for device in devices:
        made = table(kind, device)
        typer.echo(f"\n{kind.name}{f' {device.name}' if device.name else ''}: {device.samples} samples")
        show(("metric", *COLUMNS), [(row.name, *row.cells) for row in made.rows], COLUMNS)
        if made.zero:
            typer.echo(f"always 0: {', '.join(made.zero)}")
    if not any(device.samples for device in devices):
        typer.echo(f"\n{kind.name}: no samples")


def facts(machine: "Machine", phase: "Annotation", devices: "list[Device]", kind: "Kind") -> dict[str, Any]:
    """The statistics of a phase as JSON has them: numbers in the unit of the metric, None without a value."""
    return {
        "collection": str(machine.collection),
        "collector": machine.collector,
        "site": machine.site,
        "phase": phase.text,
        "start": phase.start.isoformat(),
        "end": (phase.end or machine.end).isoformat(),
        "kind": kind.name,
        "devices": [
            {
                "device": device.name or None,
                "samples": device.samples,
                "metrics": {name: stats and stats._asdict() for name, stats in device.stats.items()},
            }
            for device in devices
        ],
    }
