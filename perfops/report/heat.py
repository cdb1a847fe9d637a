"""The picture of all CPUs: one row a CPU, one cell a sample or bin, its colour how busy the CPU was."""

from base64 import b64encode
from typing import Any

from perfops.dashboards.charts import HEAT
from perfops.report.frames import Frame
from perfops.report.statistics import Device

TIMES = "heat"  # the name of its times in the page
SCALE = 2.5  # steps of a percent in a byte
NOTHING = 255


def encoded(frame: Frame, cpus: list[Device], period: float) -> dict[str, Any]:
    """Rows of bytes in base64: the percentage × SCALE, NOTHING where there is no value.

    `cell` is the width of a cell in seconds; a bin lies around its time, a sample (not `binned`) ends at it.
    """
    return {
        "x": TIMES,
        "scale": SCALE,
        "cell": frame.width or period,
        "binned": bool(frame.width),
        "rows": [
            {"label": cpu.name, "bytes": b64encode(bytes(map(as_byte, frame.lines[cpu.key, HEAT.name].mean))).decode()}
            for cpu in cpus
        ],
    }


def as_byte(value: float | None) -> int:
    """A percentage in a byte."""
    return NOTHING if value is None else round(min(value, 100) * SCALE)
