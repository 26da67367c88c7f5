"""A line through the middle of every bar's range: the whole study is this file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
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
from widgets.theme.theme import theme
from workstation.readmodels.arrays import Floats
from workstation.readmodels.flow.footprint import FootprintView


def _middle(inputs: Inputs, view: FootprintView) -> Floats:
    bars, share = inputs.chart.bars, inputs.values["share"]
    return bars.lows + share * (bars.highs - bars.lows)


def _draw(canvas: Canvas, inputs: Inputs) -> None:
    y = canvas.scale.y(_middle(inputs, canvas.view))
    draw_line(canvas.painter, canvas.scale.x(canvas.bars.slots + 0.5), np.round(y), QPen(theme().color("text"), 2))


def _columns(inputs: Inputs, view: FootprintView) -> Mapping[str, Floats]:
    return {"middle": _middle(inputs, view)}


def _readout(inputs: Inputs, view: FootprintView, index: int) -> Iterable[Span]:
    yield Span(f"middle {_middle(inputs, view)[index]:.1f}", "text")


STUDY = ChartStudy(
    name="middle",
    label="middle of the range",
    help="The white line goes through the middle of the range of every bar.",
    group=Group.STUDIES,
    order=200,
    key="M",
    parameters=(Parameter("share", "of the range", 0.5, Number(0, 100, 10, factor=100.0, suffix="%")),),
    outputs=(Drawing(_draw), Columns(_columns), Readout(_readout)),
)
