"""Traded volume by price row, since 00:00 UTC or over a sliding window.

Sizes are summed as integers in units of 2**-100, which is exact: removing trades leaves no residue, and sums do not
depend on when they are read.
"""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from feeds.model.events import Trade
from workstation.analytics.bars.recent_sizes import RecentSizes
from workstation.analytics.store.row_grid import RowGrid, TradeRows, compacted
from workstation.analytics.store.trades import Merged, Trades, TradeStore
from workstation.readmodels.arrays import Floats, Ints

DAY_NS = 86_400_000_000_000
_SELL, _BUY = 0, 1
_UNIT_POWER = 100
_UNIT = 1 << _UNIT_POWER
_HALF = (1 << 26) - 1
_UNITS = float(_UNIT)


class RowVolumes:
    """Sell and buy volume (base coin) by row of the UTC day, or of a window of `window_ns` of venue time."""

    def __init__(self, grids: dict[int, RowGrid], window_ns: int | None = None) -> None:
        self._places = TradeRows(grids)
        self._grids = {index: (grid.numerator, grid.denominator) for index, grid in grids.items()}
        self._window_ns = window_ns
        self._day = 0
        self._rows: dict[int, list[int]] = {}
        self._changed: set[int] = set()  # rows whose shown values are outdated
        self._first_row = 0
        self._shown = np.zeros((2, 0))
        self._recent = RecentSizes()  # key: 2 * row + 1 for buys, 2 * row for sells

    @property
    def row_count(self) -> int:
        return len(self._rows)

    @property
    def trades_in_window(self) -> int:
        """How many trades the window holds, 0 without a window."""
        return len(self._recent)

    def add(self, ts_ns: int, ticks: int, size: float, market: int, side: int) -> None:
        """Count one trade; `side` is 1 buy, 2 sell, 0 unknown (not counted)."""
        units = int(size * _UNITS)
        if not side or not units or (self._window_ns is None and not self._is_today(ts_ns)):
            return
        numerator, denominator = self._grids[market]
        row = ticks * numerator // denominator
        at = _BUY if side == 1 else _SELL
        if self._window_ns is not None:
            self._recent.add(ts_ns, 2 * row + at, size)
            self.expire(ts_ns)
        cell = self._rows.get(row)
        if cell is None:
            cell = self._rows[row] = [0, 0]
        cell[at] += units
        self._changed.add(row)

    def add_trade(self, trade: Trade, market: int, side: int) -> None:
        self.add(trade.ts_venue_ns, trade.price_ticks, trade.size, market, side)

    def fill(self, trades: Trades) -> None:
        """Count stored trades, in order."""
        trades = trades.of(self._grids)
        if self._window_ns is None:
            self._fill_day(trades)
        elif len(trades.ts):
            self._fill_window(trades, int(trades.ts.max()) - self._window_ns + 1)

    def amend(self, store: TradeStore, merged: Merged) -> bool:
        """Count trades from between those counted: sums do not depend on their order."""
        self.fill(merged.trades)
        return True

    def _fill_window(self, trades: Trades, since_ns: int) -> None:
        counted = (trades.ts >= since_ns) & (trades.lane % 3 != 0) & (trades.size * _UNITS >= 1.0)
        trades, row = self._places.of(trades.where(counted))
        bought = trades.lane % 3 == 1
        self._sum_rows(trades, row, bought)
        self._recent.extend(trades.ts, 2 * row + bought, trades.size)
        self.expire(since_ns - 1 + (self._window_ns or 0))

    def _fill_day(self, trades: Trades) -> None:
        if not len(trades.ts) or int(trades.ts.max()) // DAY_NS < self._day:
            return
        trades = trades.where((trades.lane % 3 != 0) & (trades.size * _UNITS >= 1.0))
        days = trades.ts // DAY_NS
        if not len(days) or not self._is_today(int(days.max()) * DAY_NS):
            return
        trades, row = self._places.of(trades.where(days == self._day))
        self._sum_rows(trades, row, trades.lane % 3 == 1)

    def _sum_rows(self, trades: Trades, row: Ints, bought: npt.NDArray[np.bool_]) -> None:
        for at, side in ((_SELL, ~bought), (_BUY, bought)):
            for number, units in exact_sums(row[side], trades.size[side]).items():
                self._rows.setdefault(number, [0, 0])[at] += units
                self._changed.add(number)

    def expire(self, now_ns: int) -> None:
        """Remove trades outside of the window, which ends at venue time `now_ns`; its older end is excluded."""
        if self._window_ns is None:
            return
        rows = self._rows
        for key, size in self._recent.take_before(now_ns - self._window_ns + 1):
            row = key >> 1
            cell = rows[row]
            cell[key & 1] -= int(size * _UNITS)
            self._changed.add(row)
            if cell == [0, 0]:
                del rows[row]

    def between(self, first_row: int, count: int) -> tuple[Floats, Floats]:
        """Sell and buy volume (base coin) of `count` rows from `first_row`; repeated calls update changed rows only."""
        if first_row != self._first_row or count != self._shown.shape[1]:
            self._first_row, self._shown = first_row, np.zeros((2, count))
            self._changed.clear()
            self._changed.update(row for row in range(first_row, first_row + count) if row in self._rows)
        for row in self._changed:
            if 0 <= row - first_row < count:
                sell, buy = self._rows.get(row, (0, 0))
                self._shown[:, row - first_row] = sell / _UNIT, buy / _UNIT
        self._changed.clear()
        return self._shown[0].copy(), self._shown[1].copy()

    def _is_today(self, ts_ns: int) -> bool:
        day = ts_ns // DAY_NS
        if day > self._day:
            self._changed.update(self._rows)
            self._rows.clear()
            self._day = day
        return day == self._day


def exact_sums(row: Ints, size: Floats) -> dict[int, int]:
    """Sum of sizes by row in units of 2**-100, equal to adding them one by one: mantissas are summed by power of two.

    Mantissas are summed in halves of 26 bits, which is exact in float64 for 100 million trades.
    """
    if not len(row):
        return {}
    fraction, power = np.frexp(size)
    mantissa = np.ldexp(fraction, 53).astype(np.int64)
    shift = power.astype(np.int64) - 53 + _UNIT_POWER
    mantissa >>= np.maximum(-shift, 0)
    shift = np.maximum(shift, 0)
    first, least = int(row.min()), int(shift.min())
    width = int(shift.max()) - least + 1
    key, stands_for = compacted((row - first) * width + shift - least)
    low, high = np.bincount(key, mantissa & _HALF), np.bincount(key, mantissa >> 26)
    sums: dict[int, int] = {}
    for at in np.flatnonzero(low + high).tolist():
        place = int(stands_for[at])
        number = first + place // width
        units = (int(low[at]) + (int(high[at]) << 26)) << (least + place % width)
        sums[number] = sums.get(number, 0) + units
    return sums


class TakerFlow:
    """Taker notional (quote) of each market and side over a sliding window of venue time, its older end excluded."""

    def __init__(self, markets: int, window_ns: int) -> None:
        self._window_ns = window_ns
        self._sums = [0] * (3 * markets)  # by lane: unknown side, buys, sells of each market
        self._recent = RecentSizes()

    @property
    def trades_in_window(self) -> int:
        return len(self._recent)

    def add_trade(self, trade: Trade, market: int, side: int) -> None:
        lane = 3 * market + side
        self._recent.add(trade.ts_venue_ns, lane, trade.notional)
        self._sums[lane] += int(trade.notional * _UNITS)
        self._expire(trade.ts_venue_ns)

    def fill(self, trades: Trades) -> None:
        """Count stored trades, in order."""
        if not len(trades.ts):
            return
        newest_ns = int(trades.ts.max())
        trades = trades.where(trades.ts > newest_ns - self._window_ns)
        for lane, notional in zip(trades.lane.tolist(), trades.notional.tolist(), strict=True):
            self._sums[lane] += int(notional * _UNITS)
        self._recent.extend(trades.ts, trades.lane.astype(np.int64), trades.notional)
        self._expire(newest_ns)

    def amend(self, store: TradeStore, merged: Merged) -> bool:
        """Count trades from between those counted: sums do not depend on their order."""
        self.fill(merged.trades)
        return True

    def at(self, now_ns: int) -> Floats:
        """Notional of all sides (markets,) in the window that ends at venue time `now_ns`."""
        self._expire(now_ns)
        return np.array([sum(self._sums[lane : lane + 3]) / _UNIT for lane in range(0, len(self._sums), 3)])

    def net(self, now_ns: int, markets: Iterable[int]) -> float:
        """Buys minus sells of some markets together in the window that ends at venue time `now_ns`."""
        self._expire(now_ns)
        units = sum(self._sums[3 * market + 1] - self._sums[3 * market + 2] for market in markets)
        return float(units / _UNIT)

    def _expire(self, now_ns: int) -> None:
        for lane, notional in self._recent.take_before(now_ns - self._window_ns + 1):
            self._sums[lane] -= int(notional * _UNITS)
