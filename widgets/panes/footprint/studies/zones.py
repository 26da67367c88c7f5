"""Stacked imbalances as zones: from the end of their bar to the right until a later trade goes beyond them."""

from __future__ import annotations

import math
from collections.abc import Iterable

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter

from widgets.items.scale import Scale, SlotGrid
from widgets.theme.theme import theme
from workstation.readmodels.flow.footprint import Zone


def draw_zones(
    painter: QPainter, zones: Iterable[Zone], row_size: float, scale: Scale, grid: SlotGrid, ratio: float
) -> None:
    """Paint the zones in the part that is clipped; a live one reaches the right edge."""
    look, line = theme(), max(1, round(ratio))
    within = painter.clipBoundingRect()
    first, last = scale.slot(within.left()), scale.slot(within.right())
    for zone in zones:
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
