"""The catalogue of metrics: name, unit, formula, source and description of every figure perfops derives."""

from perfops.catalogue.container import CONTAINER
from perfops.catalogue.cpu import CPU
from perfops.catalogue.disk import DISK
from perfops.catalogue.filesystem import FILESYSTEM
from perfops.catalogue.host import HOST
from perfops.catalogue.model import Key, Kind, Metric, Unit
from perfops.catalogue.net import NET
from perfops.catalogue.system import SYSTEM

KINDS = (HOST, SYSTEM, CPU, DISK, NET, FILESYSTEM, CONTAINER)

__all__ = ["CONTAINER", "CPU", "DISK", "FILESYSTEM", "HOST", "KINDS", "NET", "SYSTEM", "Key", "Kind", "Metric", "Unit"]
