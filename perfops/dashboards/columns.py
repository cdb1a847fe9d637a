"""Columns of tables about collections: the same title, unit and width wherever they stand.

Numbers and times get the width they need, the texts share what is left: so a table
fits a laptop, and grows with the window.
"""

from grafana_foundation_sdk.builders import table

from perfops.dashboards.common import BUSY, setting

COLUMNS = {  # name: title, unit, width in pixels
    "side": ("side", "string", 80),
    "cloud": ("cloud", "string", 60),
    "instance_type": ("instance type", "string", 120),
    "cpus": ("CPUs", "string", 55),
    "os": ("OS", "string", 165),
    "started_at": ("start (UTC)", "time:YYYY-MM-DD HH:mm", 135),
    "seconds": ("length", "dthms", 75),
    "frequency": ("every", "s", 60),
    "samples": ("samples", "none", 75),
    "missed": ("missed", "none", 65),
    "gaps": ("gaps", "none", 50),
    "mode": ("mode", "string", 60),
    "state": ("state", "string", 105),
}
COLLECTION = 330  # pixels that a collection's name needs: its collector, site and start


def of_collections(panel: table.Panel, *names: str) -> table.Panel:
    """Title, unit and width of columns by their names."""
    for name in names:
        title, unit, width = COLUMNS[name]
        shown = [setting("displayName", title), setting("unit", unit), setting("decimals", 0)]
        panel.override_by_name(name, [*shown, setting("custom.width", width)])
    return panel


def widths(panel: table.Panel, **pixels: int) -> table.Panel:
    """Widths of columns by their names."""
    for name, width in pixels.items():
        panel.override_by_name(name, [setting("custom.width", width)])
    return panel


def share(panel: table.Panel, name: str, title: str, width: int, cell: str = "gauge") -> table.Panel:
    """A column of shares in percent, coloured where much is bad: a bar each, or by `color-text` the number alone."""
    options = {"type": cell} | ({"mode": "basic"} if cell == "gauge" else {})
    bar = [setting("custom.cellOptions", options), setting("unit", "percent")]
    steps = {"mode": "absolute", "steps": [{"value": value, "color": colour} for value, colour in BUSY]}
    shown = [setting("displayName", title), setting("decimals", 0), setting("custom.width", width)]
    return panel.override_by_name(
        name, [*bar, *shown, setting("min", 0), setting("max", 100), setting("thresholds", steps)]
    )
