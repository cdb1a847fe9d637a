"""How far a machine's clock is from the controller's, from the times of calls on both sides.

A call is sent, begins, ends and is answered in this order, whatever the clocks say: that bounds the difference from
both sides, the closer the quicker the call.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

OFF = 1.0  # seconds from which on a clock is said to be off


@dataclass(frozen=True)
class Bounds:
    """Seconds by which the machine's clock is ahead, at least and at most."""

    least: float = -math.inf
    most: float = math.inf

    def narrowed(self, sent: float, received: float, clock: list[float]) -> Bounds:
        """With one more call: Unix seconds when it was sent and answered here, and its begin and end there."""
        begun, ended = clock
        least, most = ended - received, begun - sent
        if least > most:  # a clock was set meanwhile
            return self
        narrow = Bounds(max(self.least, least), min(self.most, most))
        return narrow if narrow.least <= narrow.most else Bounds(least, most)

    @property
    def offset(self) -> float:
        """The difference: none where it may be none."""
        if self.least <= 0 <= self.most or math.inf in (-self.least, self.most):
            return 0.0
        return round((self.least + self.most) / 2, 3)
