"""A dashboard around its rows: links to the others, time in UTC, the same for all."""

from collections.abc import Sequence
from typing import Any

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models import dashboard as models

from perfops.dashboards import variables as shared
from perfops.dashboards.annotations import annotations
from perfops.dashboards.layout import Row, place
from perfops.dashboards.uids import TAG, Page


def make(
    page: Page,
    rows: Sequence[Row],
    variables: Sequence[Any],
    *,
    notes: Sequence[dashboard.AnnotationQuery] | None = None,
    refresh: str = "",
    span: str = "now-24h",
) -> models.Dashboard:
    """The dashboard of a page; `span` is what is shown where it is opened without a collection's time.

    `notes` are what is drawn over all its charts; else what happened to the chosen collections.
    """
    builder = (
        dashboard.Dashboard(page.title)
        .uid(page.uid)
        .description(page.description)
        .tags([TAG])
        .timezone("utc")
        .time(span, "now")
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .editable()
        .refresh(refresh)
        .variables([shared.source(), *variables])
        .annotations(list(annotations() if notes is None else notes))
        .link(
            dashboard.DashboardLink("perfops")
            .type(models.DashboardLinkType.DASHBOARDS)
            .tags([TAG])
            .as_dropdown(False)
            .include_vars(True)
            .keep_time(True)
            .icon("external link")
            .tooltip("The same collection in another dashboard")
        )
    )
    made = builder.build()
    made.panels = place(rows)
    return made
