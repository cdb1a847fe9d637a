"""The rows of the host's detail."""

from grafana_foundation_sdk.models import dashboard as models

from perfops.catalogue import CPU, DISK, FILESYSTEM, NET
from perfops.dashboards import variables
from perfops.dashboards.host import cpus, devices, kernel
from perfops.dashboards.layout import Row
from perfops.dashboards.overview.dashboard import key_panels
from perfops.dashboards.page import make
from perfops.dashboards.panels import buttons
from perfops.dashboards.uids import HOST as PAGE


def host() -> models.Dashboard:
    """The dashboard."""
    span = buttons(PAGE, "site", "collection", CPU.name, DISK.name, NET.name, FILESYSTEM.name, "show")
    top = Row("", [(7, [(3, span), *key_panels()])])
    return make(
        PAGE,
        [top, cpus.row(), devices.disks(), devices.interfaces(), devices.file_systems(), *kernel.rows()],
        [
            variables.sites(),
            variables.collections(),
            variables.of_kind(CPU, "CPU"),
            variables.of_kind(DISK, "Disk"),
            variables.of_kind(NET, "Interface"),
            variables.of_kind(FILESYSTEM, "File system"),
            variables.show(),
        ],
    )
