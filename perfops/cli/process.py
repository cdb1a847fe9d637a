"""perfops process: collection files to CSV."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from perfops.outputs.summary import Summary


def process(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Files of one collection, in any order: host and containers, or rotated (.json, .json.gz, - for"
            " standard input).",
            envvar="PCR_COLLECTION",
            metavar="FILE...",
            readable=False,  # who opens it says so in one line
        ),
    ],
    outdir: Annotated[
        Path,
        typer.Option(
            help="The folder for what comes out; made when missing.",
            envvar="PCR_OUTDIR",
            metavar="DIR",
            readable=False,
        ),
    ] = Path(),
    json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Turn a collection into host.csv, the detail CSVs, containers.csv, system_info.json and summary.json.

    Files that follow each other (host.json.1, host.json.2, host.json) give what one file would have given. A damaged
    line costs only itself: it is counted and told with its number. Exit codes: 0 done, 2 nothing usable in a
    file, 3 the folder cannot be written to.

    Example: perfops process results/nightly/vm-01/collection.json --outdir results/nightly/vm-01
    """
    from perfops.cli.progress import reading
    from perfops.outputs.process import process_files

    with reading(files) as progress:
        summary = process_files(files, outdir, progress=progress)
    if json:
        typer.echo(summary.model_dump_json(indent=2))
        return
    for warning in summary.warnings:
        typer.echo(f"perfops: {warning}", err=True)
    typer.echo(f"{outdir}: {told(summary)}")


def told(summary: "Summary") -> str:
    """The summary in one line: snapshots, rows by kind, and whatever was not as it should be."""
    from perfops.outputs.summary import ended_early

    segments = f"{summary.segments} segment{'s' * (summary.segments != 1)}"
    rows = ", ".join(f"{count} {kind}" for kind, count in summary.samples.items())
    parts = [f"{summary.snapshots} snapshots in {segments}, rows: {rows}"]
    if gaps := sum(annotation.kind == "gap" for annotation in summary.annotations):
        parts.append(f"{gaps} gap{'s' * (gaps != 1)}")
    if damaged := summary.damaged_lines:
        parts.append(f"{damaged} damaged line{'s' * (damaged != 1)}")
    if not summary.complete and summary.recorder == "pcc":
        parts.append("cut short")
    if ended_early(summary.end_reason):
        parts.append(f"ended early: {summary.end_reason}")
    return "; ".join(parts)
