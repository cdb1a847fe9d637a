"""What a metric is: the one description that CSV headers, table columns, panels, report and reference page share."""

from dataclasses import dataclass
from enum import StrEnum


class Unit(StrEnum):
    """Units of metrics; the value is what people read beside a number."""

    PERCENT = "%"
    MIB = "MiB"
    BYTES = "B"
    BYTES_PER_SECOND = "B/s"
    PER_SECOND = "1/s"
    MILLISECONDS = "ms"
    COUNT = "count"


@dataclass(frozen=True, slots=True)
class Metric:
    """One derived figure.

    `name` is the CSV header and the column; `formula` says how it follows from the kernel's counters (Δ is later minus
    earlier snapshot, Δt their distance in seconds); `source` names the subsystem that is read. `optional` metrics are
    empty where the figure does not exist, such as a waiting time of a disk that did nothing.
    """

    name: str
    unit: Unit
    formula: str
    source: str
    description: str
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Key:
    """A column that tells the rows of one timestamp apart, such as the name of a disk."""

    name: str
    description: str


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of sample: a CSV file and a table with the same columns.

    A row is `timestamp`, the `keys`, the `details` (text that describes the keys), then the metrics in this order.
    """

    name: str
    file: str
    table: str
    description: str
    metrics: tuple[Metric, ...]
    keys: tuple[Key, ...] = ()
    details: tuple[Key, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of all columns in the order of the CSV file and of the table."""
        return (
            "timestamp",
            *(key.name for key in self.keys),
            *(detail.name for detail in self.details),
            *(metric.name for metric in self.metrics),
        )
