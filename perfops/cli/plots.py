"""Lines in a terminal: a metric over time, as wide as the terminal."""

import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from perfops.compare.metrics import Compared
    from perfops.report.frames import Frame
    from perfops.store.connection import Connection
    from perfops.store.machines import Machine

WIDTH, HEIGHT = 100, 16  # characters, where no terminal says otherwise
DEVICES = 6  # lines that can be told apart
MARKERS = ("•", "+", "x", "o", "*", "#")
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def draw(metric: str, run: str, device: str | None, db: str | None) -> None:
    """A picture of a metric for each collection."""
    from perfops.compare.metrics import find_metrics
    from perfops.store.connection import database, find_target
    from perfops.store.machines import find_machines
    from perfops.store.rows import check_device, find_kind

    (wanted,) = find_metrics([metric])
    kind = find_kind(wanted.kind.name, device)
    with database(find_target(db)) as connection:
        machines = find_machines(connection, run)
        if device is not None:
            check_device(connection, machines, kind, device)
        for machine in machines:
            print(plot(connection, machine, wanted, device))


def plot(connection: "Connection", machine: "Machine", wanted: "Compared", device: str | None) -> str:
    """A metric of a machine: the mean and the highest sample of each point; of devices a line each, the highest."""
    from perfops.report.frames import fetch_frame
    from perfops.report.statistics import HOST, statistics
    from perfops.store.derived import figure

    devices = [HOST]
    if wanted.kind.keys:
        known = statistics(connection, machine, wanted.kind)
        devices = [each.key for each in known if device is None or device in (each.key, each.name)][:DEVICES]
        names = {each.key: each.name for each in known}
    else:
        names = {HOST: ""}
    width = min(shutil.get_terminal_size((WIDTH, HEIGHT)).columns, 2 * WIDTH)
    frame = fetch_frame(connection, machine, wanted.kind, [figure(wanted.kind, wanted.name)], devices, 2 * width)
    return drawn(machine, wanted, frame, {key: names[key] for key in devices}, width)


def drawn(machine: "Machine", wanted: "Compared", frame: "Frame", names: dict[str, str], width: int) -> str:
    """The picture below its title, without colours where nobody sees them."""
    import plotext

    from perfops.report.remarks import moment

    plotext.clear_figure()
    plotext.plotsize(width, HEIGHT)
    plotext.theme("clear")
    lines = list(labelled(wanted, frame, names))
    for (label, values), marker in zip(lines, MARKERS if len(lines) > 1 else ("braille",), strict=False):
        plotext.plot(*points(frame.times, values), marker=marker, label=label)
    ticks = [machine.start.timestamp() + machine.seconds * part / 4 for part in range(5)]
    plotext.xticks(ticks, [clock(tick, machine.seconds) for tick in ticks])
    plotext.ylim(0, top(wanted, [value for _, values in lines for value in values if value is not None]))
    span = f"{moment(machine.start)} to {moment(machine.end)} UTC"
    title = f"{machine.name}: {wanted.name}, {wanted.metric.unit.value}, {span}"
    text: str = plotext.build()
    return f"{title}\n{text if sys.stdout.isatty() else COLOURS.sub('', text)}"


def top(wanted: "Compared", values: Sequence[float]) -> float | None:
    """The end of the scale; None leaves it to plotext, which goes half as far again above a line that is flat."""
    from perfops.catalogue import Unit

    return (max(values, default=0) or 100) if wanted.metric.unit is Unit.PERCENT else None


def labelled(wanted: "Compared", frame: "Frame", names: dict[str, str]) -> Iterator[tuple[str, Sequence[float | None]]]:
    """The lines with their names; where a point stands for one sample, mean and highest are the same."""
    for key, name in names.items():
        line = frame.lines[key, wanted.name]
        if frame.width:
            yield " ".join(filter(None, [name, "highest"])), line.high
        if not frame.width or not name:
            yield name or ("mean" if frame.width else wanted.name), line.mean


def points(times: Sequence[float], values: Sequence[float | None]) -> tuple[list[float], list[float]]:
    """The moments that have a value, and these."""
    known = [(time, value) for time, value in zip(times, values, strict=True) if value is not None]
    return [time for time, _ in known], [value for _, value in known]


def clock(seconds: float, length: float) -> str:
    """A moment below the axis: with its day where the collection has several."""
    from datetime import UTC, datetime

    return datetime.fromtimestamp(seconds, UTC).strftime("%m-%d %H:%M" if length > 86400 else "%H:%M:%S")
