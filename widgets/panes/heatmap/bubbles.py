"""Bubbles of big trades: area by notional, one sprite per size and side, one draw call per side."""

import math

import numpy as np
from pyqtgraph.Qt.internals import PrimitiveArray
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainter, QPen, QPixmap

from widgets.items.pixel_item import ChartItem, Plot
from widgets.items.scale import Scale, SlotGrid
from widgets.theme.theme import theme
from workstation.readmodels.arrays import Floats, Ints
from workstation.readmodels.flow.heatmap import HeatTrades

SIZES = 16
_LEAST_PX, _MOST_PX = 2.0, 15.0  # radii
_ROLES = {1: "buy", -1: "sell", 0: "muted"}


def merged_trades(trades: HeatTrades, bucket_ns: int) -> HeatTrades:
    """Merge trades of one bucket and side at their mean price, weighted by notional."""
    if not len(trades.side):
        return trades
    key = trades.ts_venue_ns // bucket_ns * 3 + trades.side + 1
    order = np.argsort(key, kind="stable")
    first = np.flatnonzero(np.diff(key[order], prepend=-1))
    notional = np.add.reduceat(trades.notional[order], first)
    price = np.add.reduceat((trades.price * trades.notional)[order], first) / notional
    ts, side = trades.ts_venue_ns[order][first], trades.side[order][first]
    return HeatTrades(trades.threshold_usd, ts, price, notional, side)


class TradeBubbles(ChartItem):
    """Bubbles whose area is proportional to notional; `largest_usd` has the largest."""

    name = "the bubbles"

    def __init__(self, plot: Plot) -> None:
        super().__init__(plot)
        self._grid = SlotGrid(1_000_000_000, 0)
        self._sprites: dict[float, dict[int, QPixmap]] = {}
        self.trades = HeatTrades()
        self.largest_usd = 0.0

    def set_prints(self, trades: HeatTrades, bucket_ns: int, grid: SlotGrid) -> None:
        """Show these trades, merged by bucket."""
        self.trades, self._grid = merged_trades(trades, bucket_ns), grid
        self.largest_usd = float(self.trades.notional.max(initial=0.0))
        self.update()

    def radii(self, ratio: float) -> Floats:
        """The radius of each bubble in device pixels."""
        share = np.sqrt(self.trades.notional / self.largest_usd) if self.largest_usd else np.zeros(0)
        return (_LEAST_PX + (_MOST_PX - _LEAST_PX) * share) * ratio

    def at(self, x: float, y: float, scale: Scale) -> int | None:
        """The index of the trade whose bubble is at a place in logical pixels, the smallest of several."""
        if not len(self.trades.side):
            return None
        away = np.hypot(self._x(scale) - x, scale.y(self.trades.price) - y)
        radii = self.radii(1.0)
        under = np.flatnonzero(away <= radii + 1)
        return int(under[np.argmin(radii[under])]) if len(under) else None

    def _x(self, scale: Scale) -> Floats:
        slots = (self.trades.ts_venue_ns - self._grid.origin * self._grid.bar_ns) / self._grid.bar_ns
        return scale.x(slots)

    def draw(self, painter: QPainter, width: int, height: int, ratio: float) -> None:
        if not len(self.trades.side):
            return
        scale = self._scale_of(width, height)
        x, y, radii = self._x(scale), scale.y(self.trades.price), self.radii(ratio)
        inside = (x > -radii) & (x < width + radii) & (y > -radii) & (y < height + radii)
        sprites = self._sprites.setdefault(ratio, {})
        step = np.round((radii / ratio - _LEAST_PX) / (_MOST_PX - _LEAST_PX) * (SIZES - 1)).astype(np.int64)
        for side, role in _ROLES.items():
            chosen = np.flatnonzero(inside & (self.trades.side == side))
            if len(chosen):
                if side not in sprites:
                    sprites[side] = _strip(role, ratio)
                order = chosen[np.argsort(-step[chosen], kind="stable")]
                _draw(painter, sprites[side], x[order], y[order], step[order], ratio)


def _cell(ratio: float) -> int:
    return 2 * (math.ceil(_MOST_PX * ratio) + 1)


def _strip(role: str, ratio: float) -> QPixmap:
    """All sizes of one side, from small to large."""
    cell = _cell(ratio)
    strip = QPixmap(cell * SIZES, cell)
    strip.fill(Qt.GlobalColor.transparent)
    painter = QPainter(strip)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(theme().brush(role, 200))
    painter.setPen(QPen(theme().color("window"), ratio))
    for at in range(SIZES):
        radius = (_LEAST_PX + (_MOST_PX - _LEAST_PX) * at / (SIZES - 1)) * ratio
        painter.drawEllipse(QPointF((at + 0.5) * cell, cell / 2), radius, radius)
    painter.end()
    return strip


def _draw(painter: QPainter, strip: QPixmap, x: Floats, y: Floats, step: Ints, ratio: float) -> None:
    cell = _cell(ratio)
    batch = PrimitiveArray(QPainter.PixmapFragment, 10)
    batch.resize(len(x))
    fields = batch.ndarray()
    fields[:] = 0.0
    fields[:, 0], fields[:, 1] = np.round(x), np.round(y)
    fields[:, 2] = step * cell
    fields[:, 4], fields[:, 5] = cell, cell
    fields[:, (6, 7, 9)] = 1.0
    painter.drawPixmapFragments(*batch.drawargs(), strip)  # type: ignore[call-arg]
