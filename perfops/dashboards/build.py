"""All dashboards, and the files that hold them: the same bytes every time."""

import json
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from perfops.dashboards.collections.dashboard import collections
from perfops.dashboards.compare.dashboard import compare
from perfops.dashboards.containers.dashboard import containers
from perfops.dashboards.fleet.dashboard import fleet
from perfops.dashboards.host.dashboard import host
from perfops.dashboards.overview.dashboard import overview
from perfops.dashboards.tables.dashboard import tables
from perfops.dashboards.uids import PAGES, Page

MAKERS = (collections, overview, host, tables, compare, containers, fleet)


def build() -> dict[Page, Dashboard]:
    """Every dashboard by its page."""
    return dict(zip(PAGES, (make() for make in MAKERS), strict=True))


def text_of(dashboard: Dashboard) -> str:
    """A dashboard as its file has it."""
    return json.dumps(dashboard, cls=JSONEncoder, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def write(folder: Path) -> list[Path]:
    """Write all dashboards, a folder of Grafana's a folder; returns those whose bytes are new."""
    changed = []
    for page, dashboard in build().items():
        path, text = folder / page.folder / page.file, text_of(dashboard)
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            changed.append(path)
    return changed
