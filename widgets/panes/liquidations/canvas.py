"""The painted list of liquidations, by the side of the closed position."""

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter

from widgets.elements.labels import Align
from widgets.elements.pausing_list import PausingList
from widgets.panes.liquidations.rows import LATE_NS, newer_than, tier
from widgets.theme import format as fmt
from widgets.theme.markets import listed_mark
from widgets.theme.theme import theme
from workstation.readmodels.positions.liquidations import LiquidationMarket, LiquidationsView

ROLES = {1: "liquidated_long", -1: "liquidated_short"}
_ALPHA = (0, 26, 52, 96, 215)  # background by tier
_MARKET_PX, _TIME_PX, _SIDE_PX, _BASE_PX = 60, 54, 46, 58


class LiquidationsCanvas(PausingList[LiquidationsView]):
    """Newest first; the mark points down for a liquidated long, up for a liquidated short."""

    def __init__(self) -> None:
        super().__init__(3)

    def news(self) -> str:
        if self.held is None or self.view is None:
            return ""
        count, exact = newer_than(self.view, self.held)
        return f"{count}{'' if exact else '+'} new"

    def why_empty(self) -> str:
        view = self.view
        if view is None:
            return "waiting for liquidations"
        if all(not source.coverage.in_real_time for source in view.sources):
            return "these venues publish no real-time liquidations"
        if not any(source.received for source in view.sources):
            return "no venue has published a liquidation yet"
        narrowed = view.request.minimum_usd or view.request.position or view.request.markets.venues is not None
        return "no liquidation passes the filters" if narrowed else "no liquidations yet"

    def _lefts(self, everything: bool) -> tuple[float, float, float]:
        """Left edges in pixels of the base (zero wide for one base), the side and the numbers."""
        base = _MARKET_PX + _TIME_PX
        side = base + (_BASE_PX if everything else 0)
        return base, side, side + _SIDE_PX

    def _numbers(self, everything: bool) -> tuple[tuple[str, float, float], ...]:
        """The columns of numbers as (name, left, right) in pixels; the size is hidden in a narrow pane."""
        left = self._lefts(everything)[2]
        room = self.width() - left - 8
        shares = {"price": 0.42, "size": 0.29, "USD": 0.29} if room >= 178 else {"price": 0.6, "USD": 0.4}
        edges = left + room * np.cumsum([0.0, *shares.values()])
        return tuple(zip(shares, edges[:-1].tolist(), edges[1:].tolist(), strict=True))

    def draw_headings(self, painter: QPainter, view: LiquidationsView | None) -> None:
        everything = view is not None and not view.request.base
        base, side, _ = self._lefts(everything)
        painter.setPen(theme().pen("muted"))
        self._small.draw(painter, "market", 8, 0, _MARKET_PX, self.row_px, Align.LEFT)
        self._small.draw(painter, "time", _MARKET_PX + 4, 0, _TIME_PX, self.row_px, Align.LEFT)
        if everything:
            self._small.draw(painter, "coin", base, 0, _BASE_PX, self.row_px, Align.LEFT)
        self._small.draw(painter, "side", side, 0, _SIDE_PX, self.row_px, Align.LEFT)
        for name, left, right in self._numbers(everything):
            self._small.draw(painter, name, left, 0, right - left, self.row_px)

    def draw_row(self, painter: QPainter, view: LiquidationsView, index: int, y: float) -> None:
        look, h = theme(), self.row_px
        position, notional = int(view.position[index]), float(view.notional[index])
        role, step, market = ROLES[position], tier(notional), view.listed[int(view.market[index])]
        if step:
            painter.fillRect(QRectF(4, y, self.width() - 4, h), look.brush(role, _ALPHA[step]))
        labels = self._bold if step >= 2 else self._plain
        ink, quiet = ("window", "window") if step == 4 else ("text" if step else role, "text" if step else "muted")
        painter.fillRect(QRectF(0, y, 3, h), look.venue_color(market.venue))
        everything = not view.request.base
        base, side, _ = self._lefts(everything)
        painter.setPen(look.pen(quiet))
        self._small.draw(painter, listed_mark(market.venue, market.kind), 8, y, _MARKET_PX - 8, h, Align.LEFT)
        self._draw_time(painter, view, index, y, quiet)
        if everything:
            labels.draw(painter, market.base, base, y, _BASE_PX - 6, h, Align.LEFT)
        self.draw_side(painter, -position, side + 4, y + h / 2, "window" if step == 4 else role)
        painter.setPen(look.pen("window" if step == 4 else role))
        labels.draw(painter, "long" if position > 0 else "short", side + 12, y, _SIDE_PX - 14, h, Align.LEFT)
        painter.setPen(look.pen(ink))
        texts = self._texts(view, index, market, notional)
        for name, left, right in self._numbers(everything):
            labels.draw(painter, texts[name], left + 2, y, right - left - 2, h)

    def _texts(self, view: LiquidationsView, index: int, market: LiquidationMarket, notional: float) -> dict[str, str]:
        return {
            "price": fmt.price(float(view.price[index]), market.tick_size),
            "size": fmt.size(float(view.size[index])),
            "USD": fmt.size(notional),
        }

    def _draw_time(self, painter: QPainter, view: LiquidationsView, index: int, y: float, role: str) -> None:
        """Draw the venue's time, in the gap colour if it was published late: the list is in order of arrival."""
        late = view.ts_recv_ns[index] - view.ts_venue_ns[index] > LATE_NS
        painter.setPen(theme().pen("gap" if late and role != "window" else role))
        clock = fmt.clock(int(view.ts_venue_ns[index]))
        self._small.draw(painter, clock, _MARKET_PX + 4, y, _TIME_PX, self.row_px, Align.LEFT)
