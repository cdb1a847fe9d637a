"""perfops grafana: the dashboards in a Grafana that is there already."""

import json as jsons
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from perfops.cli.options import Json

if TYPE_CHECKING:
    from perfops.dashboards.push import Pushed

app = typer.Typer(help="Dashboards for a Grafana that is there already.", no_args_is_help=True)


@app.callback()
def grafana() -> None:
    """Dashboards for a Grafana that is there already."""


@app.command()
def push(
    url: Annotated[
        str,
        typer.Option(
            help="Address of Grafana, with its path where it has one.", envvar="PERFOPS_GRAFANA_URL", metavar="URL"
        ),
    ],
    token_file: Annotated[
        Path,
        typer.Option(
            help="File with the token of a service account in its first line, `-` for standard input.",
            envvar="PERFOPS_GRAFANA_TOKEN_FILE",
            metavar="FILE",
        ),
    ],
    folder: Annotated[str, typer.Option(help="Title of the folder, where it is made.", metavar="TITLE")] = "perfops",
    json: Json = False,
) -> None:
    """Send all dashboards to Grafana by its HTTP API, over those that were sent before.

    The service account needs the role Editor. They look for a PostgreSQL data source with perfops in its name.
    Exit codes: 0 done, 2 the address or the token is refused, 3 Grafana does not answer.

    Example: perfops grafana push --url http://127.0.0.1:3000 --token-file token
    """
    from perfops.cli.passwords import read_secret
    from perfops.dashboards.push import Grafana, check_token, check_url
    from perfops.dashboards.push import push as send

    server = Grafana(check_url(url), check_token(read_secret(token_file, "token")))
    sent: list[Pushed] = []

    def tell(pushed: "Pushed") -> None:
        sent.append(pushed)
        if not json:
            typer.echo(f"{pushed.title}: {pushed.address}")

    remarks = send(server, folder, tell)
    if json:
        typer.echo(jsons.dumps({"dashboards": [each._asdict() for each in sent], "remarks": remarks}, indent=2))
        return
    for remark in remarks:
        typer.echo(remark, err=True)
