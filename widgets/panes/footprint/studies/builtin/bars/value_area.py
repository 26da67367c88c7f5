"""The value area of every bar: a thin bracket beside it, from VAL to VAH."""

from collections.abc import Callable

import numpy as np
from PySide6.QtGui import QBrush

from widgets.items.bulk import mix
from widgets.panes.footprint.cells.canvas import BarsInSight
from widgets.panes.footprint.cells.detail import Detail
from widgets.panes.footprint.studies.declaration import CellMarks, ChartStudy, Group, Number, Values, rule_parameter
from widgets.theme.theme import theme
from workstation.readmodels.arrays import Floats
from workstation.readmodels.flow.footprint import ValueAreaMode

_MODES = {
    ValueAreaMode.GROW: "until reached",
    ValueAreaMode.TRADINGVIEW: "never beyond",
    ValueAreaMode.TWO_ROW: "two rows a step",
}


def _brushes() -> list[QBrush]:
    look = theme()
    return [QBrush(mix(look.color("pane"), look.color("poc"), 0.65))]  # opaque: blending thin tall lines is slow


def _rects(sight: BarsInSight, values: Values) -> list[Floats]:
    """A line on the right with a foot at both ends, on the rows of the view, which may be finer than the cells."""
    bars, columns = sight.bars, sight.columns
    if sight.detail < Detail.DELTA or not bars:
        return [np.zeros((0, 4))]
    rows = np.array([(bar.value_low_row, bar.value_high_row + 1) for bar in bars], np.float64).reshape(-1, 2)
    bottom, top = np.round(sight.scale.y(rows * sight.row_size)).T
    line, x = np.full(len(bars), columns.line), columns.value_line
    foot = 2 * line
    rects = (
        np.stack((x, top, line, np.maximum(bottom - top, 1.0)), axis=1),
        np.stack((x - line, top, foot, line), axis=1),
        np.stack((x - line, bottom - line, foot, line), axis=1),
    )
    return [np.concatenate(rects)]


def _used(values: Values, shown: Callable[[str], bool]) -> bool:
    return shown("value_area") or shown("profile")


STUDY = ChartStudy(
    name="value_area",
    label="value area",
    help="The thin yellow line beside a bar is its value area (VA).",
    group=Group.CELLS,
    order=35,
    shown=True,
    parameters=(
        rule_parameter("share", "share", "value_area", Number(50.0, 95.0, 5.0, factor=100.0, suffix="%"), used=_used),
        rule_parameter("mode", "grows", "value_area_mode", ValueAreaMode, texts=_MODES, used=_used),
    ),
    outputs=(CellMarks(_brushes, _rects),),
)
