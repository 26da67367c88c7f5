"""Stacked imbalances as zones: from their bar to the right until a later bar trades through the whole of them."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter

from widgets.items.scale import Scale
from widgets.theme import theme
from workstation.readmodels import Floats, FootprintBar, Ints, Stack


@dataclass(frozen=True, slots=True)
class Zone:
    """Prices `low`..`high` from bar index `first` to index `last`, where it was traded through; None while it lives."""

    low: float
    high: float
    buy: bool
    first: int
    last: int | None


class ZoneTracker:
    """Finds where zones end. An end is final, so a zone once ended is never looked at again."""

    def __init__(self) -> None:
        self._ended: dict[tuple[FootprintBar, Stack], FootprintBar] = {}
        self._size = 0.0
        self._seen: tuple[FootprintBar, ...] = ()
        self._found: list[Zone] = []

    def zones(self, bars: tuple[FootprintBar, ...], row_size: float, lows: Floats, highs: Floats) -> list[Zone]:
        """All zones of these bars, oldest first; `lows` and `highs` are the bars' own."""
        if self._unmoved(bars, row_size):
            return self._found
        if row_size != self._size or len(self._ended) > 8 * len(bars) + 64:
            self._ended.clear()
            self._size = row_size
        index_of = {bar: index for index, bar in enumerate(bars)} if self._ended else {}
        found = []
        for index, bar in enumerate(bars):
            for stack in bar.stacks:
                ender = self._ended.get((bar, stack))
                last = index_of.get(ender) if ender is not None else self._search(bars, index, stack, lows, highs)
                found.append(Zone(stack.low_row * row_size, (stack.high_row + 1) * row_size, stack.buy, index, last))
        self._found, self._seen = found, bars
        return found

    def _unmoved(self, bars: tuple[FootprintBar, ...], row_size: float) -> bool:
        """A tick of the live bar inside its own range moves no zone."""
        if row_size != self._size or not bars or len(bars) != len(self._seen) or bars[:-1] != self._seen[:-1]:
            return False
        one, other = bars[-1], self._seen[-1]
        return (one.low, one.high, one.stacks, one.closed) == (other.low, other.high, other.stacks, other.closed)

    def _search(
        self, bars: tuple[FootprintBar, ...], index: int, stack: Stack, lows: Floats, highs: Floats
    ) -> int | None:
        """The first later bar beyond the far edge: below a zone of buys, at or above the end of a zone of sells."""
        if stack.buy:
            through = lows[index + 1 :] < stack.low_row * self._size
        else:
            through = highs[index + 1 :] >= (stack.high_row + 1) * self._size
        if not len(through) or not through.any():
            return None
        last = index + 1 + int(through.argmax())
        if bars[last].closed:
            self._ended[bars[index], stack] = bars[last]
        return last


def draw_zones(painter: QPainter, zones: list[Zone], slots: Ints, scale: Scale, ratio: float) -> None:
    """Paint the visible zones; a live one reaches the right edge."""
    look, line = theme(), max(1, round(ratio))
    for zone in zones:
        start, end = float(slots[zone.first]) + 1.0, scale.right if zone.last is None else float(slots[zone.last]) + 0.5
        if end < scale.left or start > scale.right or zone.high < scale.bottom or zone.low > scale.top:
            continue
        left, right = max(0.0, round(scale.x(start))), min(scale.width, round(scale.x(end)))
        top, bottom = round(scale.y(zone.high)), round(scale.y(zone.low))
        role = "buy" if zone.buy else "sell"
        painter.fillRect(QRectF(left, top, right - left, bottom - top), look.brush(role, 34))
        edge = look.brush(role, 130)
        painter.fillRect(QRectF(left, top, right - left, line), edge)
        painter.fillRect(QRectF(left, bottom - line, right - left, line), edge)
