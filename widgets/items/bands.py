"""The quiet layers under a chart: grid lines on the ticks of the axes, gap bands, the shade over incomplete bars."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QFontMetricsF, QPainter, QPen

from widgets import format as text_of
from widgets.axis_ticks import value_ticks
from widgets.items.scale import Scale, SlotGrid
from widgets.theme import theme
from workstation.readmodels import Floats, Ints

_LEAST_PX = 3


def scaled_font(font: QFont, ratio: float) -> QFont:
    """The font for a canvas of device pixels."""
    scaled = QFont(font)
    scaled.setPixelSize(max(1, round(font.pixelSize() * ratio)))
    return scaled


def draw_grid(painter: QPainter, scale: Scale, grid: SlotGrid, ratio: float) -> None:
    """Hairlines at the ticks; a new day is brighter."""
    look, line = theme(), max(1, round(ratio))
    for value in value_ticks(scale.bottom, scale.top, scale.height / ratio):
        painter.fillRect(QRectF(0, round(scale.y(value)), scale.width, line), look.brush("grid"))
    for slot, _, is_day, _ in grid.ticks(scale.left, scale.right, scale.width / ratio):
        brush = look.brush("hairline" if is_day else "grid")
        painter.fillRect(QRectF(round(scale.x(slot)), 0, line, scale.height), brush)


def draw_gaps(painter: QPainter, gaps: Ints, scale: Scale, grid: SlotGrid, ratio: float) -> None:
    """Hatched bands over the spans (start and end in ns) whose trades are missing, with the word and how long."""
    look = theme()
    hatch = QBrush(look.color("gap", 70), Qt.BrushStyle.BDiagPattern)
    painter.setFont(scaled_font(look.font(small=True), ratio))
    metrics = QFontMetricsF(painter.font())
    for start_ns, end_ns in gaps.reshape(-1, 2).tolist():
        left, right = scale.x(grid.slot(start_ns)), scale.x(grid.slot(end_ns))
        if right < 0 or left > scale.width:
            continue
        band = QRectF(round(left), 0, max(round(right - left), _LEAST_PX * ratio), scale.height)
        painter.fillRect(band, look.brush("gap", 26))
        painter.fillRect(band, hatch)
        text = f"gap {text_of.age(end_ns - start_ns)}"
        fits = metrics.horizontalAdvance(text) <= band.width() - 8 * ratio
        _label(painter, band, text if fits else "gap", metrics, look.color("gap"), ratio)


def draw_incomplete(painter: QPainter, bars: Floats, scale: Scale, ratio: float) -> None:
    """A shade over bars that were not received from start to end: (n, 3) of slot, low and high.

    The word stands once on every run of them, where it covers no cell.
    """
    look = theme()
    painter.setFont(scaled_font(look.font(small=True), ratio))
    metrics = QFontMetricsF(painter.font())
    for run in np.split(bars, 1 + np.flatnonzero(np.diff(bars[:, 0]) != 1)):
        if not len(run):
            continue
        left, right = max(0, round(scale.x(run[0, 0]))), min(round(scale.x(run[-1, 0] + 1)), round(scale.width))
        band = QRectF(left, 0, right - left, scale.height)
        painter.fillRect(band, look.brush("gap", 22))
        width = metrics.horizontalAdvance("partial") + 12 * ratio
        spot = _free_spot(run, QRectF(left, 0, width, scale.height), scale, ratio)
        if spot is not None and width <= band.width():
            _label(
                painter, QRectF(left, 0, width, scale.height), "partial", metrics, look.color("gap"), ratio, top=spot
            )


def _free_spot(run: Floats, column: QRectF, scale: Scale, ratio: float) -> bool | None:
    """Whether a word at the top (True) or at the foot (False) of a column covers no bar; None where it would."""
    under = run[(scale.x(run[:, 0]) < column.right()) & (scale.x(run[:, 0] + 1) > column.left())]
    if not len(under) or float(scale.y(under[:, 2]).min()) > 20 * ratio:
        return True
    return False if float(scale.y(under[:, 1]).max()) < column.height() - 20 * ratio else None


def _label(
    painter: QPainter,
    band: QRectF,
    text: str,
    metrics: QFontMetricsF,
    color: QColor,
    ratio: float,
    *,
    top: bool = False,
) -> None:
    """At the foot (or the top) of the band, on a plate, if it fits."""
    width = metrics.horizontalAdvance(text) + 6 * ratio
    if width > band.width():
        return
    y = band.top() + 3 * ratio if top else band.bottom() - 18 * ratio
    box = QRectF(round(band.center().x() - width / 2), y, width, 15 * ratio)
    painter.fillRect(box, theme().brush("pane"))
    painter.setPen(QPen(color))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
