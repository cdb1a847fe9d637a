"""Which metrics and percentiles to compare, by the names that users give."""

from dataclasses import dataclass
from difflib import get_close_matches

from perfops.catalogue import CONTAINER, HOST, KINDS, Kind, Metric
from perfops.dashboards.sql import PERCENTILES, Percentiles
from perfops.dashboards.tables.groups import CONTAINER_NAME
from perfops.errors import BadInputError
from perfops.store.derived import DERIVED, figure

DEFAULT = (
    *("cpu_busy", "cpu_iowait", "cpu_steal", "mem_used"),
    *("disk_read_bytes", "disk_write_bytes", "net_rx_bytes", "net_tx_bytes"),
)


@dataclass(frozen=True, slots=True)
class Compared:
    """A metric of a kind."""

    kind: Kind
    metric: Metric

    @property
    def name(self) -> str:
        """The metric's name."""
        return self.metric.name

    @property
    def full_name(self) -> str:
        """The metric's name with its kind in front, as find_metric() takes it."""
        return f"{self.kind.name}.{self.name}"

    @property
    def device(self) -> str:
        """The expression that names a device, nothing for kinds without any: containers are known by their names."""
        if self.kind is CONTAINER:
            return CONTAINER_NAME
        return self.kind.keys[0].name if self.kind.keys else ""


def find_metrics(names: list[str]) -> list[Compared]:
    """The metrics of some names (`cpu_busy`, or `disk.utilization` with the kind in front), else of DEFAULT."""
    if not names:
        return [Compared(HOST, figure(HOST, name).metric) for name in DEFAULT]
    return [find_metric(name) for name in dict.fromkeys(names)]


def find_metric(name: str) -> Compared:
    """The metric of a name; BadInputError names near ones."""
    wanted, _, rest = name.rpartition(".")
    known = {}
    for kind in KINDS:
        for metric in (*(derived.metric for derived in DERIVED.get(kind.name, ())), *kind.metrics):
            if rest == metric.name and wanted in ("", kind.name):
                return Compared(kind, metric)
            known[metric.name] = kind.name
    like = get_close_matches(rest, known, n=3)
    hint = f"did you mean {' or '.join(f'{known[other]}.{other}' for other in like)}?" if like else "try cpu_busy"
    raise BadInputError(f"no metric {name!r} ({hint})")


def find_percentiles(given: list[float]) -> Percentiles:
    """Percentiles between 0 and 100, each once, with their names; else the usual ones."""
    if not given:
        return PERCENTILES
    for number in given:
        if not 0 <= number <= 100:
            raise BadInputError(f"bad value for --percentile: {number:g} (try 95, or 99.9)")
    return [(number / 100, f"P{number:.10g}") for number in dict.fromkeys(given)]
