"""Traded volume by price row: since the session began, or over the last minutes only."""

from __future__ import annotations

from collections import deque

import numpy as np

from feeds.events import Trade
from workstation.analytics.market import RowGrid
from workstation.analytics.trades import Trades
from workstation.readmodels import Floats

DAY_NS = 86_400_000_000_000
_SELL, _BUY = 0, 1


class RowVolumes:
    """Sell and buy volume by row; with a window, trades older than it are taken out again."""

    def __init__(self, grids: dict[int, RowGrid], window_ns: int | None = None) -> None:
        self._grids = {index: (grid.numerator, grid.denominator) for index, grid in grids.items()}
        self._window_ns = window_ns
        self._day = 0
        self._rows: dict[int, list[float]] = {}
        self._recent: deque[tuple[int, int, int, float]] = deque()

    def add(self, ts_ns: int, ticks: int, size: float, market: int, side: int) -> None:
        """Count one trade; `side` is 1 buy, 2 sell, 0 unknown (not counted)."""
        if not side:
            return
        numerator, denominator = self._grids[market]
        row = ticks * numerator // denominator
        at = _BUY if side == 1 else _SELL
        if self._window_ns is not None:
            self._recent.append((ts_ns, row, at, size))
        elif ts_ns // DAY_NS != self._day:
            self._begin_day(ts_ns // DAY_NS)
        self._rows.setdefault(row, [0.0, 0.0])[at] += size

    def add_trade(self, trade: Trade, market: int, side: int) -> None:
        """Count one trade."""
        self.add(trade.ts_venue_ns, trade.price_ticks, trade.size, market, side)

    def fill(self, trades: Trades) -> None:
        """Count stored trades, in order."""
        market = trades.market
        mask = np.isin(market, list(self._grids))
        columns = (trades.ts, trades.ticks, trades.size, market, trades.lane % 3)
        for row in zip(*(column[mask].tolist() for column in columns), strict=True):
            self.add(*row)

    def expire(self, now_ns: int) -> None:
        """Take out what is older than the window at venue time `now_ns`."""
        if self._window_ns is None:
            return
        recent, rows, limit = self._recent, self._rows, now_ns - self._window_ns
        while recent and recent[0][0] < limit:
            _, row, at, size = recent.popleft()
            cell = rows[row]
            cell[at] -= size
            if cell[0] < 1e-12 and cell[1] < 1e-12:
                del rows[row]

    def between(self, first_row: int, count: int) -> tuple[Floats, Floats]:
        """Sell and buy volume of `count` rows from `first_row`."""
        sold, bought = np.zeros(count), np.zeros(count)
        for row, (sell, buy) in self._rows.items():
            if 0 <= row - first_row < count:
                sold[row - first_row], bought[row - first_row] = max(sell, 0.0), max(buy, 0.0)
        return sold, bought

    def _begin_day(self, day: int) -> None:
        if day > self._day:
            self._rows.clear()
            self._day = day


class TakerFlow:
    """Notional traded by takers on each market over a sliding window of venue time."""

    def __init__(self, markets: int, window_ns: int = 300_000_000_000) -> None:
        self._window_ns = window_ns
        self._sums = np.zeros(markets)
        self._recent: deque[tuple[int, int, float]] = deque()

    def add_trade(self, trade: Trade, market: int, side: int) -> None:
        """Count one trade."""
        self._recent.append((trade.ts_venue_ns, market, trade.notional))
        self._sums[market] += trade.notional

    def fill(self, trades: Trades) -> None:
        """Count stored trades, in order."""
        columns = (trades.ts.tolist(), trades.market.tolist(), trades.notional.tolist())
        for ts_ns, market, notional in zip(*columns, strict=True):
            self._recent.append((ts_ns, market, notional))
            self._sums[market] += notional

    def at(self, now_ns: int) -> Floats:
        """Notional by market index within the window that ends at venue time `now_ns`."""
        recent, limit = self._recent, now_ns - self._window_ns
        while recent and recent[0][0] < limit:
            _, market, notional = recent.popleft()
            self._sums[market] -= notional
        return self._sums
