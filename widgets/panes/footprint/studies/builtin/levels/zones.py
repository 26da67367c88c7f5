"""Stacked imbalances as zones: from the end of their bar to the right until a later trade goes beyond them."""

import math

from PySide6.QtCore import QRectF

from widgets.panes.footprint.cells.canvas import Canvas
from widgets.panes.footprint.cells.detail import Detail
from widgets.panes.footprint.studies.declaration import (
    ChartStudy,
    Drawing,
    Group,
    Inputs,
    Layer,
    Number,
    rule_parameter,
)
from widgets.theme.theme import theme


def _draw(canvas: Canvas, inputs: Inputs) -> None:
    """Paint the zones in the part that is clipped; a live one reaches the right edge."""
    if canvas.detail < Detail.MARKS:
        return
    look, line = theme(), max(1, round(canvas.ratio))
    painter, scale, grid, row_size = canvas.painter, canvas.scale, canvas.bars.grid, canvas.view.row_size
    within = painter.clipBoundingRect()
    first, last = scale.slot(within.left()), scale.slot(within.right())
    for zone in canvas.view.zones:
        low, high = zone.low_row * row_size, (zone.high_row + 1) * row_size
        if high < scale.bottom or low > scale.top:
            continue
        start = math.ceil(grid.slot(zone.from_ns) - 1e-6)
        end = scale.right if zone.until_ns is None else grid.slot(zone.until_ns)
        if end < first or start > last:
            continue
        left, right = max(0.0, round(scale.x(start))), max(min(scale.width, round(scale.x(end))), 0.0)
        top, bottom = round(scale.y(high)), round(scale.y(low))
        role = "buy" if zone.buy else "sell"
        painter.fillRect(QRectF(left, top, right - left, bottom - top), look.brush(role, 34))
        edge = look.brush(role, 130)
        painter.fillRect(QRectF(left, top, right - left, line), edge)
        painter.fillRect(QRectF(left, bottom - line, right - left, line), edge)


STUDY = ChartStudy(
    name="zones",
    label="stacked zones",
    help="Imbalances in consecutive rows of a closed bar form a zone, drawn until price trades through it.",
    group=Group.SIGNS,
    order=15,
    shown=True,
    parameters=(
        rule_parameter("length", "stack length", "stack_length", Number(2, 10, 1, suffix=" rows"), always=True),
    ),
    outputs=(Drawing(_draw, Layer.UNDER, lambda view: view.zones),),
)
