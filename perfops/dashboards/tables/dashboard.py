"""The rows of the utilisation tables."""

from grafana_foundation_sdk.builders import table
from grafana_foundation_sdk.models import dashboard as models

from perfops.catalogue import CONTAINER, CPU, DISK, FILESYSTEM, NET, Unit
from perfops.dashboards import variables
from perfops.dashboards.annotations import happenings_of
from perfops.dashboards.columns import COLLECTION, widths
from perfops.dashboards.common import TRANSPARENT, default_table, rows, setting, thresholds
from perfops.dashboards.layout import Row, even
from perfops.dashboards.page import make
from perfops.dashboards.panels import buttons
from perfops.dashboards.sql import STATISTICS
from perfops.dashboards.tables.groups import CONTAINER_NAME, DEVICES, WHOLE, Group
from perfops.dashboards.tables.queries import statistics
from perfops.dashboards.uids import TABLES as PAGE
from perfops.dashboards.units import about, unit_of

KINDS = ((CPU, "CPU"), (DISK, "Disk"), (NET, "Interface"), (FILESYSTEM, "File system"))
DEVICE = {CPU.name: 65, DISK.name: 85, NET.name: 100, FILESYSTEM.name: 150, CONTAINER.name: 155}  # pixels of names
CHROME, HEADER, LINE = 48, 34, 36  # pixels of a panel around its table, and of the table's lines
LETTER = 8  # pixels, in the mean
FLAT = 5


def tables() -> models.Dashboard:
    """The dashboard."""
    names = [kind.name for kind, _ in KINDS]
    span = buttons(PAGE, "site", "run", "collection", *names, CONTAINER.name)
    first, *others = WHOLE
    whole = [
        (height(4), [(3, span), (21, group_table(first))]),
        even(FLAT, happenings_of(PAGE, "site", "run", "collection", *names, CONTAINER.name)),
        *(even(height(len(group.names)), group_table(group)) for group in others),
    ]
    return make(
        PAGE,
        [
            Row("The whole machine", whole),
            Row("Devices", [even(height(3), group_table(group)) for group in DEVICES]),
        ],
        [
            variables.sites(),
            variables.runs(),
            variables.collections(several=True),
            *(variables.of_kind(kind, label) for kind, label in KINDS),
            variables.of_kind(CONTAINER, "Container", CONTAINER_NAME.replace("container_", "s.container_")),
        ],
        notes=[],
    )


def height(lines: int) -> int:
    """Lines of Grafana's grid, 30 pixels and 8 between them, for a table of so many lines."""
    return -(-(CHROME + HEADER + LINE * lines + 8) // 38)


def group_table(group: Group) -> table.Panel:
    """The table of a group: high shares get a colour where they are bad."""
    named = [(metric.name, metric) for metric in group.metrics]
    told = about(named, "Each sample counts once; percentiles lie between the two nearest samples (percentile_cont).")
    panel = default_table(group.title, told, unit_of(group.metrics[0]))
    panel.override_by_name("samples", [setting("unit", "none"), setting("decimals", 0), setting("custom.width", 70)])
    widths(panel, collection=COLLECTION, metric=LETTER * max(map(len, group.names)) + 16)
    if group.key:
        widths(panel, device=DEVICE[group.kind.name])
        if group.metrics[0].unit in (Unit.BYTES, Unit.BYTES_PER_SECOND):
            panel.decimals(1)  # for want of room
    if group.coloured:
        panel.thresholds(thresholds(TRANSPARENT))
        for name in STATISTICS:
            panel.override_by_name(name, [setting("custom.cellOptions", {"type": "color-background", "mode": "basic"})])
    sql = statistics(group.kind, group.columns, key=group.key, device=group.device, where=group.where)
    return panel.with_target(rows(sql))
