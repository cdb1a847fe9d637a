"""Where panels stand: rows of panels, ids and positions given in reading order."""

from collections.abc import Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as models

WIDE = 24  # columns of Grafana's grid

Panel = Builder[models.Panel]
Line = tuple[int, Sequence[tuple[int, Panel]]]  # height, and panels with their widths


@dataclass(frozen=True, slots=True)
class Row:
    """Lines of panels under a heading (none where the title is empty); repeated for each value of a variable."""

    title: str
    lines: Sequence[Line]
    repeat: str | None = None


def place(rows: Sequence[Row]) -> list[models.Panel | models.RowPanel]:
    """The panels in order, each with its id and position."""
    placed: list[models.Panel | models.RowPanel] = []
    top = 0
    for row in rows:
        if row.title:
            position = models.GridPos(h=1, w=WIDE, x=0, y=top)
            placed.append(heading(row, len(placed) + 1, position))
            top += 1
        for height, panels in row.lines:
            left = 0
            for width, builder in panels:
                panel = builder.build()
                panel.id_val = len(placed) + 1
                panel.grid_pos = models.GridPos(h=height, w=width, x=left, y=top)
                placed.append(panel)
                left += width
            top += height
    return placed


def heading(row: Row, number: int, position: models.GridPos) -> models.RowPanel:
    """The panel that is a row's heading."""
    return models.RowPanel(title=row.title, id_val=number, grid_pos=position, panels=[], repeat=row.repeat)


def even(height: int, *panels: Panel) -> Line:
    """A line of panels of one width."""
    return height, [(WIDE // len(panels), panel) for panel in panels]
