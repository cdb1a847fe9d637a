"""What happened to collections: phases, gaps, reboots, steps of the clock; drawn over time, or as a table."""

from collections.abc import Callable

from grafana_foundation_sdk.builders import dashboard, table

from perfops.dashboards.columns import COLLECTION, widths
from perfops.dashboards.common import SHOWN_SPAN, SOURCE, default_table, link, passed, rows, setting
from perfops.dashboards.sql import LABEL, chosen, view
from perfops.dashboards.uids import Page

KINDS = (  # title, kinds of annotation, colour
    ("Phases", ("phase",), "blue"),
    ("Gaps", ("gap", "cut"), "orange"),
    ("Reboots and clock", ("reboot", "clock"), "red"),
)
TOUCHING = '"timestamp" <= $__timeTo() AND coalesce(note.ended_at, "timestamp") >= $__timeFrom()'
CHOSEN = f"collection_id IN ({chosen()})"
LEAST = 1000  # milliseconds that a click on a moment shows before and after it


def of_kinds(kinds: tuple[str, ...]) -> str:
    """That what happened is of some kinds."""
    return "kind IN ({})".format(", ".join(f"'{kind}'" for kind in kinds))


def query(kinds: tuple[str, ...]) -> str:
    """Annotations of some kinds of the chosen collections that touch the time that is shown."""
    return (
        'SELECT "timestamp" AS "time", ended_at AS timeend, text, kind AS tags\n'
        f"  FROM {view('annotation')} note\n"
        f" WHERE {CHOSEN} AND {of_kinds(kinds)}\n"
        f"   AND {TOUCHING}\n"
        ' ORDER BY "timestamp"'
    )


def annotations(
    asked: Callable[[tuple[str, ...]], str] = query,
) -> list[dashboard.AnnotationQuery]:
    """All of them; `asked` gives the query of some kinds."""
    return [
        dashboard.AnnotationQuery()
        .name(title)
        .datasource(SOURCE)
        .enable(True)
        .icon_color(colour)
        .target(rows(asked(kinds), "Anno"))
        for title, kinds, colour in KINDS
    ]


def happened() -> str:
    """What happened in the time that is shown, a row each, with the span that a click shows."""
    return (
        f'SELECT {LABEL} AS collection, note.kind, "timestamp" AS start,\n'
        '       extract(epoch FROM note.ended_at - "timestamp")::float8 AS seconds, note.text,\n'
        f'       floor(extract(epoch FROM "timestamp") * 1000)::bigint - {LEAST} AS from_ms,\n'
        f'       ceil(extract(epoch FROM coalesce(note.ended_at, "timestamp")) * 1000)::bigint + {LEAST} AS to_ms\n'
        f"  FROM {view('annotation')} note JOIN {view('collection')} c ON c.id = note.collection_id\n"
        f" WHERE {CHOSEN} AND c.id IN ({chosen()})\n   AND {TOUCHING}\n"
        ' ORDER BY "timestamp", 1, note.kind'
    )


def happenings(sql: str, description: str) -> table.Panel:
    """The table of what happened."""
    panel = default_table("What happened", description, "string").with_target(rows(sql))
    panel.override_by_name("start", [setting("displayName", "start (UTC)"), setting("unit", "dateTimeAsIso")])
    panel.override_by_name("seconds", [setting("displayName", "length"), setting("unit", "s")])  # of parts, too
    panel.override_by_name("elapsed", [setting("displayName", "after"), setting("unit", "dthms")])
    return widths(panel, collection=COLLECTION, start=150, elapsed=80, kind=80, seconds=90)


def happenings_of(page: Page, *variables: str) -> table.Panel:
    """The table of what happened in the time that is shown; a click on one shows its span in this dashboard."""
    panel = happenings(
        happened(), "Phases, gaps, reboots and steps of the clock in the time shown: a click shows one's span."
    )
    url = f"/d/{page.uid}?{passed(*variables)}{SHOWN_SPAN}"
    panel.override_by_name("kind", [setting("links", [link("Show this span", url)])])
    for name in ("from_ms", "to_ms"):
        panel.override_by_name(name, [setting("custom.hidden", True), setting("decimals", 0)])
    return panel
