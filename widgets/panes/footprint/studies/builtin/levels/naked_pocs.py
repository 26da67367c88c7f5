"""Points of control that no later trade has touched: a ray from the end of their bar to the touch, or to the edge."""

from PySide6.QtCore import QRectF

from widgets.panes.footprint.cells.canvas import Canvas
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
    """Naked ones reach the right edge; one that was touched ends there and is fainter."""
    look, line = theme(), max(1, round(canvas.ratio))
    scale, grid = canvas.scale, canvas.bars.grid
    for poc in canvas.view.naked_pocs:
        y = round(scale.y((poc.row + 0.5) * canvas.view.row_size))
        left = scale.x(grid.slot(poc.bar_start_ns) + 1)
        right = scale.width if poc.until_ns is None else scale.x(grid.slot(poc.until_ns))
        if 0 <= y <= scale.height and left < scale.width and right > max(left, 0):
            x = max(0, round(left))
            brush = look.brush("poc", 190 if poc.until_ns is None else 70)
            canvas.painter.fillRect(QRectF(x, y, min(scale.width, round(right)) - x, line), brush)


STUDY = ChartStudy(
    name="naked_pocs",
    label="naked POCs",
    help="Rays extend a POC until price trades there again; a naked one reaches the right edge.",
    group=Group.CELLS,
    order=25,
    shown=True,
    parameters=(rule_parameter("bars", "looked back", "naked_pocs", Number(0, 1000, 10, suffix=" bars")),),
    outputs=(Drawing(_draw, Layer.UNDER, lambda view: view.naked_pocs),),
)
