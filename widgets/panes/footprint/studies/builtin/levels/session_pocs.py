"""The points of control of earlier UTC days, from the end of their day until a later trade touches them."""

from datetime import UTC

from PySide6.QtCore import QRectF, Qt

from widgets.items.bands import scaled_font
from widgets.panes.footprint.cells.canvas import Canvas
from widgets.panes.footprint.studies.declaration import ChartStudy, Drawing, Group, Inputs
from widgets.theme import format as text_of
from widgets.theme.theme import theme

_DAY_NS = 86_400_000_000_000


def _draw(canvas: Canvas, inputs: Inputs) -> None:
    """Twice as thick as those of bars, with the day's date."""
    look, line, ratio = theme(), max(1, round(canvas.ratio)), canvas.ratio
    painter, scale, grid = canvas.painter, canvas.scale, canvas.bars.grid
    painter.setFont(scaled_font(look.font(small=True), ratio))
    for poc in canvas.view.session_pocs:
        y = round(scale.y((poc.row + 0.5) * canvas.view.row_size))
        left = max(0, round(scale.x(grid.slot(poc.bar_start_ns + _DAY_NS))))
        right = scale.width if poc.until_ns is None else min(scale.width, scale.x(grid.slot(poc.until_ns)))
        if 0 <= y <= scale.height and left < scale.width and right > left:
            alpha = 220 if poc.until_ns is None else 90
            painter.fillRect(QRectF(left, y - line, round(right) - left, 2 * line), look.brush("poc", alpha))
            if poc.until_ns is None:
                painter.setPen(look.color("poc", alpha))
                box = QRectF(right - 146 * ratio, y - 16 * ratio, 140 * ratio, 14 * ratio)
                text = f"session POC {text_of.day(poc.bar_start_ns, UTC)}"
                painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)


STUDY = ChartStudy(
    name="session_pocs",
    label="session POCs",
    help="Thick rays are the points of control of earlier UTC days.",
    group=Group.CELLS,
    order=30,
    shown=True,
    outputs=(Drawing(_draw),),
)
