"""The same SQL that the dashboard runs: statistics of two collections and their difference."""

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

from perfops.catalogue import Metric
from perfops.compare.metrics import Compared
from perfops.dashboards.compare.queries import Sides, differences
from perfops.dashboards.sql import EVER, PERCENTILES, Column, Percentiles, quoted
from perfops.store.connection import Connection
from perfops.store.machines import Machine

SIDES = Sides("%(baseline)s", "%(other)s", "%(last)s")


class Difference(NamedTuple):
    """A statistic of a metric, by its kind and itself, on both sides.

    `device` is None for the machine as a whole. A side without a value has None, and so have difference and percent
    then; percent is also None where the baseline is 0.
    """

    kind: str
    metric: Metric
    device: str | None
    statistic: str
    baseline: float | None
    value: float | None
    difference: float | None
    percent: float | None

    def passes(self, threshold: float) -> bool:
        """Whether they differ by more than `threshold` percent; from 0 every other value does."""
        if self.percent is None:
            return bool(self.difference)
        return abs(self.percent) > threshold


def compare(
    connection: Connection,
    baseline: Machine,
    other: Machine,
    wanted: Sequence[Compared],
    percentiles: Percentiles = PERCENTILES,
    last: float | None = None,
) -> list[Difference]:
    """Statistics of each metric (and device) on both sides, over the `last` seconds of each or over all of it."""
    found = []
    values = {"baseline": baseline.collection, "other": other.collection, "last": last or float(EVER)}
    for kind, group in groupby(wanted, key=lambda each: each.kind):
        metrics = list(group)
        columns = [Column(each.name, f"s.{quoted(each.name)}") for each in metrics]
        device = metrics[0].device
        query = differences(kind, columns, SIDES, device=device, percentiles=percentiles)
        known = {each.name: each.metric for each in metrics}
        for row in connection.execute(query, values):
            name, metric, statistic, _, *numbers = row if device else (None, *row)
            found.append(Difference(kind.name, known[metric], name, statistic, *numbers))
    return found
