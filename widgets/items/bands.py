"""Background layers of a chart: grid lines at the ticks of the axes, gap bands, the shade over incomplete bars."""

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QFontMetricsF, QPainter, QPen, QPolygonF

from widgets.items.scale import Scale, SlotGrid
from widgets.items.ticks import value_ticks
from widgets.theme import format as text_of
from widgets.theme.theme import theme
from workstation.readmodels.arrays import Floats, Ints

_LEAST_PX = 3
_PATTERN_PX = 8  # after which a hatch repeats


def scaled_font(font: QFont, ratio: float) -> QFont:
    """The font for a canvas of device pixels."""
    scaled = QFont(font)
    scaled.setPixelSize(max(1, round(font.pixelSize() * ratio)))
    return scaled


def draw_grid(painter: QPainter, scale: Scale, grid: SlotGrid, ratio: float) -> None:
    """Hairlines at the ticks; a new day is brighter."""
    look, line = theme(), max(1, round(ratio))
    high, wide = 0.5 / scale.unit, 0.5 / scale.pitch  # half a pixel: what is rounded to the edge is in sight
    for value in value_ticks(scale.bottom - high, scale.top + high, (scale.height + 1) / ratio):
        painter.fillRect(QRectF(0, round(scale.y(value)), scale.width, line), look.brush("grid"))
    for slot, _, is_day, _ in grid.ticks(scale.left - wide, scale.right + wide, (scale.width + 1) / ratio):
        brush = look.brush("hairline" if is_day else "grid")
        painter.fillRect(QRectF(round(scale.x(slot)), 0, line, scale.height), brush)


def draw_gaps(painter: QPainter, gaps: Ints, scale: Scale, grid: SlotGrid, ratio: float) -> None:
    """Hatched, labelled bands over spans whose trades are missing: (n, 2) of start and end in ns."""
    hatch_gaps(painter, gaps, scale, grid, ratio)
    name_gaps(painter, gaps, scale, grid, ratio)


def hatch_gaps(painter: QPainter, gaps: Ints, scale: Scale, grid: SlotGrid, ratio: float) -> None:
    """The bands alone; their pattern moves with the chart."""
    look = theme()
    hatch = QBrush(look.color("gap", 70), Qt.BrushStyle.BDiagPattern)
    painter.setBrushOrigin(round(scale.x(0.0)) % _PATTERN_PX, round(scale.y(0.0)) % _PATTERN_PX)
    for _, band in _gap_bands(gaps, scale, grid, ratio):
        painter.fillRect(band, look.brush("gap", 26))
        painter.fillRect(band, hatch)


def name_gaps(painter: QPainter, gaps: Ints, scale: Scale, grid: SlotGrid, ratio: float) -> None:
    """The labels alone, at the bottom of the bands: `gap 12s`."""
    bands = _gap_bands(gaps, scale, grid, ratio)
    if not bands:
        return
    painter.setFont(scaled_font(theme().font(small=True), ratio))
    metrics = QFontMetricsF(painter.font())
    for lost_ns, band in bands:
        text = f"gap {text_of.age(lost_ns)}"
        fits = metrics.horizontalAdvance(text) <= band.width() - 8 * ratio
        _label(painter, band, text if fits else "gap", metrics, theme().color("gap"), ratio)


def _gap_bands(gaps: Ints, scale: Scale, grid: SlotGrid, ratio: float) -> list[tuple[int, QRectF]]:
    """How long each gap in sight is, in ns, and its band."""
    bands = []
    for start_ns, end_ns in gaps.reshape(-1, 2).tolist():
        left, right = round(scale.x(grid.slot(start_ns))), round(scale.x(grid.slot(end_ns)))
        if right >= 0 and left <= scale.width:
            band = QRectF(left, 0, max(right - left, _LEAST_PX * ratio), scale.height)
            bands.append((end_ns - start_ns, band))
    return bands


def shade_incomplete(painter: QPainter, bars: Floats, scale: Scale) -> None:
    """A shade over bars that were not received from start to end: (n, 3) of slot, low and high."""
    for run in _runs(bars):
        left, right = _sides(run, scale)
        painter.fillRect(QRectF(left, 0, right - left, scale.height), theme().brush("gap", 22))


def name_incomplete(painter: QPainter, bars: Floats, scale: Scale, ratio: float) -> None:
    """The label `partial`, once on every run of such bars, where it covers no cell."""
    if not len(bars):
        return
    painter.setFont(scaled_font(theme().font(small=True), ratio))
    metrics = QFontMetricsF(painter.font())
    width = metrics.horizontalAdvance("partial") + 12 * ratio
    for run in _runs(bars):
        left, right = _sides(run, scale)
        place = QRectF(left, 0, width, scale.height)
        spot = _free_spot(run, place, scale, ratio)
        if spot is not None and width <= right - left:
            _label(painter, place, "partial", metrics, theme().color("gap"), ratio, top=spot)


def mark_outliers(painter: QPainter, outliers: list[tuple[int, bool]], scale: Scale, ratio: float) -> None:
    """A triangle at the upper or lower edge for each slot with a print beyond the scale: (slot, above)."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme().brush("gap"))
    half, high = 4 * ratio, 6 * ratio
    for slot, above in outliers:
        x = scale.x(slot + 0.5)
        tip = 1.0 if above else scale.height - 1
        foot = tip + high if above else tip - high
        painter.drawPolygon(QPolygonF([QPointF(x, tip), QPointF(x - half, foot), QPointF(x + half, foot)]))


def _runs(bars: Floats) -> list[Floats]:
    """Bars that stand side by side."""
    return np.split(bars, 1 + np.flatnonzero(np.diff(bars[:, 0]) != 1)) if len(bars) else []


def _sides(run: Floats, scale: Scale) -> tuple[int, int]:
    return max(0, round(scale.x(run[0, 0]))), min(round(scale.x(run[-1, 0] + 1)), round(scale.width))


def _free_spot(run: Floats, column: QRectF, scale: Scale, ratio: float) -> bool | None:
    """True if a label at the top of a column covers no bar, False if one at the bottom does not, None if both do."""
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
    """Draw a label on a filled box at the bottom (or the top) of the band, if it fits."""
    width = metrics.horizontalAdvance(text) + 6 * ratio
    if width > band.width():
        return
    y = band.top() + 3 * ratio if top else band.bottom() - 18 * ratio
    box = QRectF(round(band.center().x() - width / 2), y, width, 15 * ratio)
    painter.fillRect(box, theme().brush("pane"))
    painter.setPen(QPen(color))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
