"""VWAP with its bands, one value a bar: a line through the middles of the bars."""

from collections.abc import Iterable, Mapping

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QPen

from widgets.elements.spans import Span
from widgets.items.bulk import draw_line
from widgets.panes.footprint.cells.canvas import Canvas
from widgets.panes.footprint.studies.declaration import (
    ChartStudy,
    Columns,
    Drawing,
    Group,
    Inputs,
    Number,
    Parameter,
    Readout,
)
from widgets.theme import format as text_of
from widgets.theme.theme import theme
from workstation.readmodels.arrays import Floats
from workstation.readmodels.flow.footprint import FootprintView

_DAY_NS = 86_400_000_000_000
_ROLE = "focus"


def _draw(canvas: Canvas, inputs: Inputs) -> None:
    """The line, and pairs of lines one standard deviation apart; broken where VWAP begins again or is unknown."""
    view, bars, scale, ratio = canvas.view, canvas.bars, canvas.scale, canvas.ratio
    if len(view.vwap) != len(bars.slots):
        return
    part = bars.between(scale.left, scale.right)
    part = slice(max(part.start - 1, 0), part.stop + 1)
    x, middle, spread = scale.x(bars.slots[part] + 0.5), view.vwap[part], view.vwap_deviation[part]
    if view.request.vwap_anchor_ns is None:
        days = np.flatnonzero(np.diff(bars.figure("start_ns")[part] // _DAY_NS)) + 1
        x, middle, spread = (np.insert(column, days, np.nan) for column in (x, middle, spread))
    fainter = QPen(theme().color(_ROLE, 90), max(1, round(ratio)), Qt.PenStyle.SolidLine)
    for band in range(1, inputs.values["bands"] + 1):
        for sign in (-1, 1):
            draw_line(canvas.painter, x, np.round(scale.y(middle + sign * band * spread)), fainter)
    draw_line(canvas.painter, x, np.round(scale.y(middle)), QPen(theme().color(_ROLE, 190), 1.5 * ratio))


def _readout(inputs: Inputs, view: FootprintView, index: int) -> Iterable[Span]:
    if index >= len(view.vwap) or not np.isfinite(view.vwap[index]):
        return
    middle, spread = (text_of.price(float(one[index]), inputs.chart.step) for one in (view.vwap, view.vwap_deviation))
    yield Span(f"VWAP {middle} \N{PLUS-MINUS SIGN}{spread}", _ROLE)


def _columns(inputs: Inputs, view: FootprintView) -> Mapping[str, Floats]:
    return {"vwap": view.vwap}


STUDY = ChartStudy(
    name="vwap",
    label="VWAP",
    help="The blue line is VWAP from 00:00 UTC, or from the bar chosen in the menu, with bands of standard deviations.",
    group=Group.STUDIES,
    order=60,
    shown=True,
    parameters=(
        Parameter(
            "bands",
            "bands",
            1,
            Number(0, 3, 1, suffix=" SD"),
            menu={0: "none", 1: "1 standard deviation", 2: "2 standard deviations", 3: "3 standard deviations"},
        ),
    ),
    outputs=(Drawing(_draw), Readout(_readout), Columns(_columns)),
)
