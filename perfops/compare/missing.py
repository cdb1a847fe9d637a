"""What could not be compared: a figure that a side lacks must not pass for one that is the same."""

from collections.abc import Sequence
from typing import NamedTuple

from perfops.catalogue import DISK
from perfops.compare.metrics import Compared
from perfops.compare.percentiles import Difference

NOWHERE = "no values on one side or both"


class Missing(NamedTuple):
    """A metric with its kind (`disk.utilization`), its device where there is one, and which values there are not.

    What is not `lost` may never have been: a disk that did nothing has no waiting time, and others were compared.
    """

    metric: str
    device: str | None
    reason: str
    lost: bool = True

    @property
    def name(self) -> str:
        """Both names in a phrase."""
        return self.metric + (f" of {self.device}" if self.device else "")


def find_missing(wanted: Sequence[Compared], rows: Sequence[Difference]) -> list[Missing]:
    """The metrics that were wanted and have no row, then the devices that are on one side only, each once."""
    there = {(row.kind, row.metric.name) for row in rows}
    found = [Missing(each.full_name, None, NOWHERE) for each in wanted if (each.kind.name, each.name) not in there]
    compared = {(row.kind, row.metric.name) for row in rows if None not in (row.baseline, row.value)}
    for row in rows:
        if row.baseline is None or row.value is None:
            reason = f"values {'in the other' if row.baseline is None else 'in the baseline'} only"
            idle = row.kind == DISK.name and row.metric.optional and (row.kind, row.metric.name) in compared
            found.append(Missing(f"{row.kind}.{row.metric.name}", row.device, reason, not idle))
    return list(dict.fromkeys(found))


def in_words(missing: Sequence[Missing]) -> list[str]:
    """A phrase for each reason, with all that is missing for it."""
    reasons = dict.fromkeys(each.reason for each in missing)
    return [f"{', '.join(each.name for each in missing if each.reason == reason)} ({reason})" for reason in reasons]
