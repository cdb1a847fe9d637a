"""perfops doctor: what stands in the way of a test, before it begins."""

import json as jsons
from typing import TYPE_CHECKING, Annotated, Any

import typer

from perfops.cli.options import Db, Json

if TYPE_CHECKING:
    from perfops.fleet.checks import Finding

FEW = 5  # machines that have a row for each check; of more, those that are wholly well have one row
SIGNS = {"ok": "✓", "note": "!", "failed": "✗", "skipped": "–"}


def doctor(
    inventory: Annotated[
        list[str] | None,
        typer.Option(
            "--inventory", "-i", help="Look at the machines of this inventory, too; may be given again.", metavar="PATH"
        ),
    ] = None,
    limit: Annotated[str | None, typer.Option(help="Only these machines or groups of it.", metavar="PATTERN")] = None,
    db: Db = None,
    json: Json = False,
) -> None:
    """Look for what would stand in the way of a test: here, and with -i on every machine of an inventory, all at once.

    Nothing is changed, here or there. ✓ is as it should be, ! is worth knowing, ✗ has to be mended, and its remedy
    stands below; – was not looked at. See docs/troubleshooting.md. Exit codes: 0 nothing has to be mended, 1 something
    has, 2 no machine comes out of the inventory, 3 Ansible does not run.

    Example: perfops doctor
    """
    from perfops.errors import CheckFailedError
    from perfops.fleet.here import check_here
    from perfops.fleet.there import check_there

    found = list(check_here(db))
    if inventory:
        found += check_there(inventory, limit)
    if json:
        typer.echo(jsons.dumps([facts(each) for each in found], indent=2))
    else:
        tell(found)
    if bad := [each for each in found if each.state == "failed"]:
        where = sorted({each.host or "this machine" for each in bad})
        raise CheckFailedError(f"{len(bad)} to be mended: {', '.join(where)} (docs/troubleshooting.md)")


def tell(found: "list[Finding]") -> None:
    """A table, a remedy below it for each that wants one."""
    from perfops.cli.tables import show

    machines = {each.host for each in found if each.host}
    ill = {each.host for each in found if each.state in ("failed", "note")}
    brief = machines - ill if len(machines) > FEW else set()
    gone = {each.host for each in found if (each.spec.name, each.state) == ("reachable", "failed")}
    rows = [
        (SIGNS[each.state], each.host or "here", each.spec.name, each.found)
        for each in found
        if each.host not in brief and not (each.host in gone and each.state == "skipped")
    ]
    rows += [(SIGNS["ok"], host, "all", "as it should be") for host in sorted(filter(None, brief))]
    show(("", "where", "check", "found"), rows)
    if remedies := [each for each in found if each.remedy]:
        typer.echo()
    for each in remedies:
        typer.echo(f"{SIGNS[each.state]} {each.host or 'here'}, {each.spec.name}: {each.remedy}")


def facts(each: "Finding") -> dict[str, Any]:
    """A finding as JSON has it."""
    return {
        "host": each.host,
        "check": each.spec.name,
        "about": each.spec.about,
        "state": each.state,
        "found": each.found,
        "remedy": each.remedy or None,
    }
