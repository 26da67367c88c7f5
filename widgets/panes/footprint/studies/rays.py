"""Points of control that no later trade has touched: a ray from the end of their bar to the touch, or to the edge."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter

from widgets.items.bands import scaled_font
from widgets.items.scale import Scale, SlotGrid
from widgets.theme import format as text_of
from widgets.theme.theme import theme
from workstation.readmodels.flow.footprint import NakedPoc

DAY_NS = 86_400_000_000_000


def draw_rays(
    painter: QPainter, pocs: Iterable[NakedPoc], row_size: float, scale: Scale, grid: SlotGrid, ratio: float
) -> None:
    """Naked ones reach the right edge; one that was touched ends there and is fainter."""
    look, line = theme(), max(1, round(ratio))
    for poc in pocs:
        y = round(scale.y((poc.row + 0.5) * row_size))
        left = scale.x(grid.slot(poc.bar_start_ns) + 1)
        right = scale.width if poc.until_ns is None else scale.x(grid.slot(poc.until_ns))
        if 0 <= y <= scale.height and left < scale.width and right > max(left, 0):
            x = max(0, round(left))
            brush = look.brush("poc", 190 if poc.until_ns is None else 70)
            painter.fillRect(QRectF(x, y, min(scale.width, round(right)) - x, line), brush)


def draw_session_pocs(
    painter: QPainter, pocs: Iterable[NakedPoc], row_size: float, scale: Scale, grid: SlotGrid, ratio: float
) -> None:
    """The POCs of earlier UTC days, from the end of their day until touched: twice as thick, with the day's date."""
    look, line = theme(), max(1, round(ratio))
    painter.setFont(scaled_font(look.font(small=True), ratio))
    for poc in pocs:
        y = round(scale.y((poc.row + 0.5) * row_size))
        left = max(0, round(scale.x(grid.slot(poc.bar_start_ns + DAY_NS))))
        right = scale.width if poc.until_ns is None else min(scale.width, scale.x(grid.slot(poc.until_ns)))
        if 0 <= y <= scale.height and left < scale.width and right > left:
            alpha = 220 if poc.until_ns is None else 90
            painter.fillRect(QRectF(left, y - line, round(right) - left, 2 * line), look.brush("poc", alpha))
            if poc.until_ns is None:
                painter.setPen(look.color("poc", alpha))
                box = QRectF(right - 146 * ratio, y - 16 * ratio, 140 * ratio, 14 * ratio)
                words = f"session POC {text_of.day(poc.bar_start_ns)}"
                painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, words)
