"""What happened to a collection, drawn into every panel: phases, gaps, reboots, steps of the clock."""

from grafana_foundation_sdk.builders import dashboard

from perfops.dashboards.common import SOURCE, rows
from perfops.dashboards.sql import chosen, view

KINDS = (  # title, kinds of annotation, colour
    ("Phases", ("phase",), "blue"),
    ("Gaps", ("gap", "cut"), "orange"),
    ("Reboots and clock", ("reboot", "clock"), "red"),
)


def query(kinds: tuple[str, ...]) -> str:
    """Annotations of some kinds that touch the time that is shown."""
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    return (
        'SELECT "timestamp" AS "time", ended_at AS timeend, text, kind AS tags\n'
        f"  FROM {view('annotation')}\n"
        f" WHERE collection_id IN ({chosen()}) AND kind IN ({listed})\n"
        '   AND "timestamp" <= $__timeTo() AND coalesce(ended_at, "timestamp") >= $__timeFrom()\n'
        ' ORDER BY "timestamp"'
    )


def annotations() -> list[dashboard.AnnotationQuery]:
    """All of them."""
    return [
        dashboard.AnnotationQuery()
        .name(title)
        .datasource(SOURCE)
        .enable(True)
        .icon_color(colour)
        .target(rows(query(kinds), "Anno"))
        for title, kinds, colour in KINDS
    ]
