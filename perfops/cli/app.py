"""The commands of `perfops`: one file a command beside this one, one line here a command."""

import typer

from perfops.cli import (
    apikey,
    build_dashboards,
    build_pcc,
    clean,
    collect,
    compare,
    db,
    deploy,
    exercise,
    grafana,
    load,
    options,
    process,
    receive,
    remove,
    report,
    run,
    settle,
    show,
    spool,
    stop,
    trickle,
    up,
    upload,
    verify,
    watch,
)
from perfops.cli import list as listing

app = typer.Typer(
    name="perfops",
    help="Collect, process, load and look at performance recordings of cloud VMs.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=True,
)
app.callback()(options.common)
app.add_typer(apikey.app, name="apikey")
app.command("build-dashboards")(build_dashboards.build_dashboards)
app.command("build-pcc")(build_pcc.build_pcc)
app.command("clean")(clean.clean)
app.command("collect")(collect.collect)
app.command("compare")(compare.compare)
app.add_typer(db.app, name="db")
app.command("deploy")(deploy.deploy)
app.command("exercise")(exercise.exercise)
app.add_typer(grafana.app, name="grafana")
app.command("list")(listing.list_collections)
app.command("load")(load.load)
app.command("process")(process.process)
app.command("receive")(receive.receive)
app.command("remove")(remove.remove)
app.command("report")(report.report)
app.command("run")(run.run)
app.command("settle")(settle.settle)
app.command("show")(show.show)
app.add_typer(spool.app, name="spool")
app.command("stop")(stop.stop)
app.command("trickle")(trickle.trickle)
app.command("up")(up.up)
app.command("upload")(upload.upload)
app.command("verify")(verify.verify)
app.command("watch")(watch.watch)

pcprocess = typer.Typer(pretty_exceptions_enable=False, add_completion=False)
pcprocess.command("pcprocess")(process.process)

pcd = typer.Typer(pretty_exceptions_enable=False, add_completion=False)
pcd.command("pcd")(receive.receive)
