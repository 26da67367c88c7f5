"""Traded volume by price row: since the session began, or over the last minutes only.

Sizes are summed as integers of 2**-100, which is exact: what is taken out again leaves nothing behind, and no sum
depends on when somebody looked.
"""

from __future__ import annotations

from heapq import heappop, heappush

import numpy as np

from feeds.events import Trade
from workstation.analytics.market import RowGrid
from workstation.analytics.trades import Trades
from workstation.readmodels import Floats

DAY_NS = 86_400_000_000_000
_SELL, _BUY = 0, 1
_UNIT = 1 << 100
_UNITS = float(_UNIT)


class RowVolumes:
    """Sell and buy volume by row; with a window, trades older than it are taken out again."""

    def __init__(self, grids: dict[int, RowGrid], window_ns: int | None = None) -> None:
        self._grids = {index: (grid.numerator, grid.denominator) for index, grid in grids.items()}
        self._window_ns = window_ns
        self._day = 0
        self._rows: dict[int, list[int]] = {}
        self._recent: list[tuple[int, int, int, int]] = []

    def add(self, ts_ns: int, ticks: int, size: float, market: int, side: int) -> None:
        """Count one trade; `side` is 1 buy, 2 sell, 0 unknown (not counted)."""
        units = int(size * _UNITS)
        if not side or not units or (self._window_ns is None and not self._is_today(ts_ns)):
            return
        numerator, denominator = self._grids[market]
        row = ticks * numerator // denominator
        at = _BUY if side == 1 else _SELL
        if self._window_ns is not None:
            heappush(self._recent, (ts_ns, row, at, units))
            self.expire(ts_ns)
        cell = self._rows.get(row)
        if cell is None:
            cell = self._rows[row] = [0, 0]
        cell[at] += units

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
            _, row, at, units = heappop(recent)
            cell = rows[row]
            cell[at] -= units
            if cell == [0, 0]:
                del rows[row]

    def between(self, first_row: int, count: int) -> tuple[Floats, Floats]:
        """Sell and buy volume of `count` rows from `first_row`."""
        sold, bought = np.zeros(count), np.zeros(count)
        for row, (sell, buy) in self._rows.items():
            if 0 <= row - first_row < count:
                sold[row - first_row], bought[row - first_row] = sell / _UNIT, buy / _UNIT
        return sold, bought

    def _is_today(self, ts_ns: int) -> bool:
        day = ts_ns // DAY_NS
        if day > self._day:
            self._rows.clear()
            self._day = day
        return day == self._day


class TakerFlow:
    """Notional traded by takers on each market over a sliding window of venue time."""

    def __init__(self, markets: int, window_ns: int) -> None:
        self._window_ns = window_ns
        self._sums = [0] * markets
        self._recent: list[tuple[int, int, int]] = []

    def add(self, ts_ns: int, notional: float, market: int) -> None:
        """Count one trade."""
        units = int(notional * _UNITS)
        heappush(self._recent, (ts_ns, market, units))
        self._sums[market] += units
        self._expire(ts_ns)

    def add_trade(self, trade: Trade, market: int, side: int) -> None:
        """Count one trade."""
        self.add(trade.ts_venue_ns, trade.notional, market)

    def fill(self, trades: Trades) -> None:
        """Count stored trades, in order."""
        columns = (trades.ts, trades.notional, trades.market)
        for row in zip(*(column.tolist() for column in columns), strict=True):
            self.add(*row)

    def at(self, now_ns: int) -> Floats:
        """Notional by market index within the window that ends at venue time `now_ns`."""
        self._expire(now_ns)
        return np.array([units / _UNIT for units in self._sums])

    def _expire(self, now_ns: int) -> None:
        recent, limit = self._recent, now_ns - self._window_ns
        while recent and recent[0][0] < limit:
            _, market, units = heappop(recent)
            self._sums[market] -= units
