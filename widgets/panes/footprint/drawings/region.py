"""Things drawn by the trader: the box of a zoom or a measurement with its text, horizontal levels and zones."""

from dataclasses import dataclass

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPen

from widgets.items.bands import scaled_font
from widgets.items.pixel_item import ChartItem, Plot
from widgets.items.scale import Scale
from widgets.theme.theme import theme
from workstation.readmodels.flow.drawings import Level


@dataclass(frozen=True, slots=True)
class Region:
    """A box between two corners in slots and values, the first where the drag began."""

    from_slot: float
    from_value: float
    to_slot: float
    to_value: float

    @property
    def slots(self) -> tuple[float, float]:
        """Left and right."""
        return min(self.from_slot, self.to_slot), max(self.from_slot, self.to_slot)

    @property
    def values(self) -> tuple[float, float]:
        """Bottom and top."""
        return min(self.from_value, self.to_value), max(self.from_value, self.to_value)


class RegionItem(ChartItem):
    """A box with lines of text beside it; without a region, nothing. Levels are lines over the whole width."""

    name = "the drawings"
    layer = 40.0

    def __init__(self, plot: Plot) -> None:
        super().__init__(plot)
        self.region: Region | None = None
        self.lines: tuple[str, ...] = ()
        self.levels: tuple[Level, ...] = ()
        self.lit: Level | None = None  # the level under the pointer

    def show_region(self, region: Region | None, lines: tuple[str, ...] = ()) -> None:
        if (region, lines) != (self.region, self.lines):
            self.region, self.lines = region, lines
            self.update()

    def show_levels(self, levels: tuple[Level, ...], lit: Level | None = None) -> None:
        if (levels, lit) != (self.levels, self.lit):
            self.levels, self.lit = levels, lit
            self.update()

    def draw(self, painter: QPainter, width: int, height: int, ratio: float) -> None:
        """Levels, then the box."""
        scale = self._scale_of(width, height)
        painter.setFont(scaled_font(theme().font(small=True), ratio))
        for level in self.levels:
            if level.high >= scale.bottom and level.low <= scale.top:
                self._draw_level(painter, level, scale, ratio)
        if self.region is not None:
            self._draw_region(painter, self.region, scale, ratio)

    def _draw_level(self, painter: QPainter, level: Level, scale: Scale, ratio: float) -> None:
        line = max(1, round(ratio)) * (2 if level == self.lit else 1)
        top, bottom = round(scale.y(level.high)), round(scale.y(level.low))
        if level.is_zone:
            painter.fillRect(QRectF(0, top, scale.width, bottom - top), theme().brush("focus", 30))
        for y in {top, bottom}:
            painter.fillRect(QRectF(0, y, scale.width, line), theme().brush("focus"))
        if level.name:
            painter.setPen(theme().pen("focus"))
            box = QRectF(6 * ratio, top - 15 * ratio, scale.width, 14 * ratio)
            painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom, level.name)

    def _draw_region(self, painter: QPainter, region: Region, scale: Scale, ratio: float) -> None:
        (left, right), (bottom, top) = region.slots, region.values
        box = QRectF(scale.x(left), scale.y(top), scale.x(right) - scale.x(left), scale.y(bottom) - scale.y(top))
        painter.setPen(QPen(theme().color("focus"), max(1, round(ratio))))
        painter.setBrush(theme().brush("focus", 34))
        painter.drawRect(box)
        if self.lines:
            self._draw_lines(painter, box, scale, ratio)

    def _draw_lines(self, painter: QPainter, box: QRectF, scale: Scale, ratio: float) -> None:
        font = scaled_font(theme().font(), ratio)
        metrics = QFontMetricsF(font)
        step, pad = metrics.height() + 2 * ratio, 6 * ratio
        width = max(metrics.horizontalAdvance(text) for text in self.lines) + 2 * pad
        height = step * len(self.lines) + 2 * pad
        x = box.right() + pad if box.right() + pad + width < scale.width else box.left() - pad - width
        y = min(max(box.center().y() - height / 2, 0), scale.height - height)
        plate = QRectF(round(max(x, 0)), round(y), width, height)
        painter.setFont(font)
        painter.setBrush(theme().brush("raised"))
        painter.setPen(theme().pen("hairline"))
        painter.drawRect(plate)
        painter.setPen(theme().pen("text"))
        for index, text in enumerate(self.lines):
            line = QRectF(plate.left() + pad, plate.top() + pad + index * step, width, step)
            painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
