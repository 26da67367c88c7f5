"""Points of control that no later trade has touched: a ray from the end of their bar to the touch, or to the edge."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter

from widgets.items.scale import Scale, SlotGrid
from widgets.theme import theme
from workstation.readmodels import NakedPoc


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
