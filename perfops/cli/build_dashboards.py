"""perfops build-dashboards: the files that Grafana reads."""

from pathlib import Path
from typing import Annotated

import typer

from perfops.cli.options import check_parent


def build_dashboards(
    output: Annotated[
        Path, typer.Option(help="Folder that gets them, a folder of Grafana's each folder in it.", metavar="FOLDER")
    ] = Path("grafana/dashboards"),
) -> None:
    """Write Grafana's dashboards as JSON, from the catalogue and the code: the same bytes every time.

    Exit codes: 0 done, 2 there is no folder to make it in, 3 the files cannot be written.

    Example: perfops build-dashboards --output /tmp/dashboards
    """
    from perfops.dashboards.build import write
    from perfops.errors import MachineError

    check_parent(output, "folder")
    try:
        changed = write(output)
    except OSError as error:
        raise MachineError(f"cannot write to {output}: {error.strerror} (name another folder in --output)") from error
    typer.echo("\n".join(map(str, changed)) or "unchanged")
