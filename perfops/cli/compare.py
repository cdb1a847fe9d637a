"""perfops compare: percentiles of two runs or collections side by side."""

import json as jsons
from typing import TYPE_CHECKING, Annotated, Any

import typer

from perfops.cli.options import Db, Json, parse_time

if TYPE_CHECKING:
    from perfops.compare.missing import Missing
    from perfops.compare.pairs import Pair, Pairs
    from perfops.compare.percentiles import Difference

    Found = list[tuple[Pair, list[Difference], list[Missing]]]


def compare(
    baseline: Annotated[str, typer.Argument(help="Run or collection to compare with.", metavar="BASELINE")],
    other: Annotated[str, typer.Argument(help="Run or collection that is compared.", metavar="OTHER")],
    metric: Annotated[
        list[str] | None,
        typer.Option(help="A metric, such as cpu_busy or disk.utilization; can be repeated.", metavar="NAME"),
    ] = None,
    percentile: Annotated[
        list[float] | None,
        typer.Option(help="A percentile to show in place of the usual statistics; can be repeated.", metavar="NUMBER"),
    ] = None,
    last: Annotated[
        str | None, typer.Option(help="Only the last part of each collection: 10m, 1h.", metavar="TIME")
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(
            help="Exit code 1 where a figure that is shown differs by more percent, or could not be compared.",
            min=0,
            metavar="PERCENT",
        ),
    ] = None,
    db: Db = None,
    json: Json = False,
) -> None:
    """Compare two collections, or the machines of two runs by their names: figures, and the difference of each.

    Mean, P50, P90, P95, P99 and max are exact, over all samples. It says where machines, kernels, frequencies, states
    or lengths are not the same on both sides, and what a side lacks. Exit codes: 0 done, 1 with --threshold: a
    difference passes it, or not all could be compared, 2 no such run, collection or metric, 4 the database cannot be
    reached or refused.

    Example: perfops compare nightly nightly --metric cpu_busy --percentile 95 --threshold 10
    """
    from perfops.compare.metrics import find_metrics, find_percentiles
    from perfops.compare.missing import find_missing
    from perfops.compare.pairs import pair
    from perfops.compare.percentiles import compare as compare_machines
    from perfops.store.connection import database, find_target
    from perfops.store.machines import find_machines

    wanted, percentiles = find_metrics(metric or []), find_percentiles(percentile or [])
    seconds = None if last is None else parse_time(last, "--last", "10m")
    names = {name for _, name in percentiles} | (set() if percentile else {"mean", "max"})
    with database(find_target(db)) as connection:
        pairs = pair(find_machines(connection, baseline), find_machines(connection, other))
        found = []
        for each in pairs.pairs:
            rows = compare_machines(connection, *each, wanted, percentiles, seconds)
            rows = [row for row in rows if row.statistic in names]
            found.append((each, rows, find_missing(wanted, rows)))
    if json:
        typer.echo(jsons.dumps(facts(pairs, found), indent=2))
    else:
        tell(pairs, found)
    if threshold is not None:
        check(pairs, found, threshold)


def check(pairs: "Pairs", found: "Found", threshold: float) -> None:
    """CheckFailedError where a figure differs by more than the threshold, or is not there to be compared."""
    from perfops.errors import CheckFailedError

    told = []
    if passing := [row for _, rows, _ in found for row in rows if row.passes(threshold)]:
        count = f"{len(passing)} figure{'s differ' if len(passing) > 1 else ' differs'}"
        told.append(f"{count} by more than {threshold:g} %, the first is {passing[0].metric.name}")
    lost = [f"the machine {name} (on one side only)" for name in pairs.alone]
    lost += [f"{each.name} ({each.reason})" for _, _, missing in found for each in missing if each.lost]
    if lost:
        told.append(f"{len(lost)} could not be compared, the first is {lost[0]}: see what was lost, or choose --metric")
    if told:
        raise CheckFailedError("; ".join(told))


def tell(pairs: "Pairs", found: "Found") -> None:
    """Each pair as a table."""
    from perfops.cli.tables import show
    from perfops.compare.missing import in_words
    from perfops.compare.pairs import unlike
    from perfops.report.remarks import moment

    columns = ("metric", "device", "statistic", "baseline", "other", "difference", "percent")
    for number, (pair, rows, missing) in enumerate(found):
        if number:
            typer.echo()
        sides = (f"{side.name} ({side.site}, {moment(side.start)} UTC)" for side in pair)
        typer.echo(" against ".join(sides))
        for text in unlike(pair):
            typer.echo(f"  not the same: {text}")
        cells = [row_cells(row) for row in rows]
        if any(row.device for row in rows):
            show(columns, cells, columns[3:])
        elif cells:
            show((columns[0], *columns[2:]), [(cell[0], *cell[2:]) for cell in cells], columns[3:])
        for text in in_words(missing):
            typer.echo(f"  not compared: {text}")
    if pairs.alone:
        typer.echo(f"\non one side only: {', '.join(pairs.alone)}")


def row_cells(row: "Difference") -> tuple[str, ...]:
    """A difference as a row."""
    from perfops.report.units import human

    unit = row.metric.unit
    sign = "+" if (row.difference or 0) > 0 else ""
    percent = "-" if row.percent is None else f"{row.percent:+.1f} %"
    figures = (human(row.baseline, unit), human(row.value, unit), sign + human(row.difference, unit))
    return (row.metric.name, row.device or "", row.statistic, *figures, percent)


def facts(pairs: "Pairs", found: "Found") -> dict[str, Any]:
    """All of it as JSON has it: numbers in the unit of the metric."""
    from perfops.compare.pairs import unlike

    return {
        "pairs": [
            {
                "baseline": str(pair.baseline.collection),
                "other": str(pair.other.collection),
                "collectors": [side.collector for side in pair],
                "unlike": unlike(pair),
                "differences": [
                    row._asdict() | {"metric": row.metric.name, "unit": row.metric.unit.value} for row in rows
                ],
                "missing": [each._asdict() for each in missing],
            }
            for pair, rows, missing in found
        ],
        "alone": pairs.alone,
    }
