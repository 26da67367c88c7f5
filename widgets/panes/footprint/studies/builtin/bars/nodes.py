"""High- and low-volume nodes (HVN, LVN) of every bar."""

import numpy as np
from PySide6.QtGui import QBrush

from widgets.panes.footprint.cells.canvas import BarsInSight
from widgets.panes.footprint.cells.detail import Detail
from widgets.panes.footprint.studies.declaration import CellMarks, ChartStudy, Group, Values
from widgets.theme.theme import theme
from workstation.readmodels.arrays import Floats


def _brushes() -> list[QBrush]:
    return [theme().brush("text"), theme().brush("muted")]


def _rects(sight: BarsInSight, values: Values) -> list[Floats]:
    """A full square at the right of a row of high volume, a thin line at one of low volume."""
    if sight.detail < Detail.BARS or not sight.cells:
        return [np.zeros((0, 4)), np.zeros((0, 4))]
    line = sight.columns.line
    return [_at_rows(sight, 0, 4 * line), _at_rows(sight, 1, line)]


def _at_rows(sight: BarsInSight, which: int, height: float) -> Floats:
    line = sight.columns.line
    counts = [len(bar.nodes[which]) for bar in sight.cells]
    row = np.concatenate([bar.nodes[which] for bar in sight.cells]).astype(np.float64)
    y = np.round(sight.scale.y((row + 0.5) * sight.cell_size) - height / 2)
    x = np.repeat(sight.columns.cells_right - 4 * line, counts)
    return np.stack((x, y, np.full(len(row), 4 * line), np.full(len(row), height)), axis=1)


STUDY = ChartStudy(
    name="nodes",
    label="HVN and LVN of bars",
    help="Squares and short lines at the right of a bar are its high- and low-volume nodes (HVN, LVN).",
    group=Group.CELLS,
    order=40,
    outputs=(CellMarks(_brushes, _rects),),
)
