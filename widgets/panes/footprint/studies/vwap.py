"""VWAP with its bands, one value a bar: a line through the middles of the bars."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPen

from widgets.items.bulk import draw_line
from widgets.items.scale import Scale
from widgets.panes.footprint.cells.bars_on_grid import BarsOnGrid
from widgets.theme.theme import theme
from workstation.readmodels.flow.footprint import FootprintView

DAY_NS = 86_400_000_000_000
_ROLE = "focus"


def draw_vwap(
    painter: QPainter, placed: BarsOnGrid, view: FootprintView, bands: int, scale: Scale, ratio: float
) -> None:
    """The line, and `bands` pairs of lines one standard deviation apart; broken where it begins anew or is unknown."""
    if len(view.vwap) != len(placed.slots):
        return
    part = placed.between(scale.left, scale.right)
    part = slice(max(part.start - 1, 0), part.stop + 1)
    x, middle, spread = scale.x(placed.slots[part] + 0.5), view.vwap[part], view.vwap_deviation[part]
    if view.request.vwap_anchor_ns is None:
        days = np.flatnonzero(np.diff(placed.figure("start_ns")[part] // DAY_NS)) + 1
        x, middle, spread = (np.insert(column, days, np.nan) for column in (x, middle, spread))
    fainter = QPen(theme().color(_ROLE, 90), max(1, round(ratio)), Qt.PenStyle.SolidLine)
    for band in range(1, bands + 1):
        for sign in (-1, 1):
            draw_line(painter, x, np.round(scale.y(middle + sign * band * spread)), fainter)
    draw_line(painter, x, np.round(scale.y(middle)), QPen(theme().color(_ROLE, 190), 1.5 * ratio))
