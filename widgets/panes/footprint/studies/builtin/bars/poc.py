"""The point of control of every bar: a frame around its row of the largest volume."""

import numpy as np
from PySide6.QtGui import QBrush

from widgets.panes.footprint.cells.canvas import BarsInSight
from widgets.panes.footprint.cells.detail import Detail
from widgets.panes.footprint.cells.layouts import row_edges
from widgets.panes.footprint.studies.declaration import CellMarks, ChartStudy, Group, Values, rule_parameter
from widgets.theme.theme import theme
from workstation.readmodels.arrays import Floats, Ints
from workstation.readmodels.flow.footprint import PocTie

_TIES = {PocTie.MIDDLE: "nearest the middle", PocTie.LOWEST: "the lowest"}


def _brushes() -> list[QBrush]:
    return [theme().brush("poc")]


def _rects(sight: BarsInSight, values: Values) -> list[Floats]:
    if sight.detail < Detail.MARKS or not sight.cells:
        return [np.zeros((0, 4))]
    poc = np.array([bar.rows.row[bar.rows.poc] if len(bar.rows) else 0 for bar in sight.cells], np.int64)
    return [_frames(poc, sight) if sight.detail >= Detail.DELTA else _ticks(poc, sight)]


def _frames(row: Ints, sight: BarsInSight) -> Floats:
    """A frame around the whole row: four thin rectangles."""
    columns = sight.columns
    top, height = row_edges(row, sight.scale, sight.cell_size)
    left, width, line = columns.cells_left, columns.cells_right - columns.cells_left, np.full(len(row), columns.line)
    sides = (
        np.stack((left, top, width, line), axis=1),
        np.stack((left, top + height - line, width, line), axis=1),
        np.stack((left, top, line, height), axis=1),
        np.stack((left + width - line, top, line, height), axis=1),
    )
    return np.concatenate(sides)


def _ticks(row: Ints, sight: BarsInSight) -> Floats:
    """A bar across the column in the middle of the row."""
    columns, thickness = sight.columns, 2 * sight.columns.line
    top = np.round(sight.scale.y((row + 0.5) * sight.cell_size) - thickness / 2)
    left, right = columns.cells_left, np.maximum(columns.cells_right, columns.cells_left + columns.line)
    return np.stack((left, top, np.maximum(right - left, 1.0), np.full(len(row), thickness)), axis=1)


STUDY = ChartStudy(
    name="poc",
    label="POC",
    help="Yellow frames are points of control (POC), the rows with the largest volume of their bars.",
    group=Group.CELLS,
    order=20,
    shown=True,
    parameters=(  # naked POCs and value areas start from the POC
        rule_parameter("tie", "of equal rows", "poc_tie", PocTie, texts=_TIES, always=True),
    ),
    outputs=(CellMarks(_brushes, _rects),),
)
