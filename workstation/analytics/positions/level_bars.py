"""Input of the liquidation level estimate: minute bars of every perpetual, from trades and, before them, from candles.

A pure function of the base's stores, however often it is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from feeds.model.instrument import MarketKind
from workstation.analytics.state.base import Base
from workstation.analytics.state.market import Market
from workstation.analytics.store.trades import Trades
from workstation.readmodels.arrays import Bools, Floats, Ints
from workstation.readmodels.flow.outliers import JUMP
from workstation.readmodels.positions.liquidation_levels import HOUR_NS, MINUTE_NS

STEP_NS = 6 * HOUR_NS  # the first bar moves in steps, so that the estimate is not recomputed every minute
_BUY = 1


@dataclass(frozen=True, slots=True, eq=False)
class LevelBars:
    """Minutes from `first` on (minutes since the epoch): `close` (n,), `inverse` (markets,), others (markets, n).

    `traded` is base coin with a known taker, `bought` the taker buys in it, `notional` its quote notional. `half` marks
    bars without a published taker split: half is assumed bought. Prices are NaN without trades. `open_interest` is the
    last published in the minute: base coin, of inverse markets USD; NaN where none was.
    """

    first: int
    close: Floats
    high: Floats
    low: Floats
    traded: Floats
    bought: Floats
    notional: Floats
    half: Bools
    open_interest: Floats
    inverse: Bools

    def __len__(self) -> int:
        return len(self.close)


@dataclass(slots=True)
class _Minutes:
    """Sums of trades by market and minute, growing at the end."""

    first: int
    columns: Floats  # (6, m, n): high, low, traded, bought, notional, close

    @classmethod
    def empty(cls, first: int, markets: int, count: int) -> _Minutes:
        columns = np.zeros((6, markets, count))
        columns[[0, 1, 5]] = np.nan
        return cls(first, columns)

    def reach(self, last: int) -> None:
        have = self.columns.shape[2]
        if last - self.first >= have:
            more = _Minutes.empty(0, self.columns.shape[1], max(last - self.first + 1 - have, 240))
            self.columns = np.concatenate((self.columns, more.columns), axis=2)


class LevelInputs:
    """Builds level bars of some perpetuals incrementally from the stores of their base."""

    def __init__(self, markets: Sequence[Market]) -> None:
        self.markets = list(markets)
        self._row = {market.index: row for row, market in enumerate(self.markets)}
        self._tick = np.array([float(market.instrument.tick) for market in self.markets])
        self._position = self._dropped = 0
        self._minutes: _Minutes | None = None
        self._open_interest: dict[int, _OpenInterest] = {}

    def bars(self, base: Base) -> LevelBars | None:
        """All bars, those before the first trade from candles; None without any."""
        self._read(base, _oldest(base.watermark_ns, base.limits.level_bars_ns))
        candles = [market.candles.bars(MINUTE_NS, self._begin_ns(row)) for row, market in enumerate(self.markets)]
        begins = [int(part.start[0]) // MINUTE_NS for part in candles if part is not None]
        ends = [int(part.start[-1]) // MINUTE_NS for part in candles if part is not None]
        if self._minutes is not None:
            begins.append(self._minutes.first)
        last = max([*ends, base.watermark_ns // MINUTE_NS], default=0)
        if not begins or last < min(begins):
            return None
        first = max(min(begins), _oldest(last * MINUTE_NS, base.limits.level_bars_ns))
        made = _Minutes.empty(first, len(self.markets), last - first + 1)
        half = np.zeros((len(self.markets), last - first + 1), np.bool_)
        for row, part in enumerate(candles):
            if part is not None:
                self._take_candles(made, half, row, part.start, part)
        self._take_trades(made)
        return self._finish(made, half)

    def _read(self, base: Base, oldest: int) -> None:
        """Count new trades from the minute `oldest` on."""
        dropped = base.trades.total - len(base.trades)
        if dropped != self._dropped:
            self._position, self._dropped, self._minutes = 0, dropped, None
        if self._minutes is not None and self._minutes.first < oldest:
            self._minutes = _Minutes(oldest, self._minutes.columns[:, :, oldest - self._minutes.first :].copy())
        for part in base.trades.after(self._position):
            wanted = part.where(np.isin(part.market, list(self._row)) & (part.ts // MINUTE_NS >= oldest))
            if len(wanted.ts):
                self._count(wanted)
        self._position = base.trades.total

    def _count(self, trades: Trades) -> None:
        minute = trades.ts // MINUTE_NS
        row = np.array([self._row.get(index, 0) for index in range(int(trades.market.max()) + 1)])[trades.market]
        if self._minutes is None or minute.min() < self._minutes.first:
            self._minutes = _earlier(self._minutes, int(minute.min()), len(self.markets))
        self._minutes.reach(int(minute.max()))
        high, low, traded, bought, notional, close = self._minutes.columns.reshape(6, -1)
        at = row * self._minutes.columns.shape[2] + minute - self._minutes.first  # flat indices are ten times faster
        price, side = trades.ticks * self._tick[row], trades.lane % 3
        np.fmax.at(high, at, price)
        np.fmin.at(low, at, price)
        known = side != 0
        np.add.at(traded, at, np.where(known, trades.size, 0.0))
        np.add.at(bought, at, np.where(side == _BUY, trades.size, 0.0))
        np.add.at(notional, at, np.where(known, trades.size * price, 0.0))
        close[at] = price  # the last of a minute wins

    def _begin_ns(self, row: int) -> int:
        """Start of a market's first minute with trades; candles are used before it."""
        if self._minutes is None:
            return 1 << 62
        known = np.flatnonzero(~np.isnan(self._minutes.columns[0, row]))
        return int(self._minutes.first + known[0]) * MINUTE_NS if len(known) else 1 << 62

    def _take_candles(self, made: _Minutes, half: Bools, row: int, start: Ints, part: object) -> None:
        high, low, close, volume, bought, turnover = (
            getattr(part, name) for name in ("high", "low", "close", "volume", "bought", "turnover")
        )
        at = start // MINUTE_NS - made.first
        inside = at >= 0
        at = at[inside]
        unknown = np.isnan(bought[inside])
        worth = np.where(np.isnan(turnover), volume * (high + low + close) / 3, turnover)[inside]
        parts = (
            high[inside],
            low[inside],
            volume[inside],
            np.where(unknown, volume[inside] / 2, bought[inside]),
            worth,
        )
        for column, values in zip(made.columns, (*parts, close[inside]), strict=True):
            column[row, at] = values
        half[row, at] = unknown

    def _take_trades(self, made: _Minutes) -> None:
        if self._minutes is None:
            return
        shift = self._minutes.first - made.first
        begin, count = max(-shift, 0), made.columns.shape[2] - max(shift, 0)
        source = self._minutes.columns[:, :, begin : begin + count]
        target = made.columns[:, :, max(shift, 0) : max(shift, 0) + source.shape[2]]
        target[:] = np.where(np.isnan(source[0]), target, source)

    def _finish(self, made: _Minutes, half: Bools) -> LevelBars:
        _remove_outliers(made.columns)
        high, low, traded, bought, notional, close = made.columns
        lead = np.argsort(traded.sum(axis=1), kind="stable")
        line = np.full(close.shape[1], np.nan)
        for row in lead.tolist():  # the market that traded most wins
            line = np.where(np.isnan(close[row]), line, close[row])
        inverse = np.array([market.instrument.kind is MarketKind.INVERSE for market in self.markets])
        open_interest = np.stack(
            [self._open_interest_by_minute(row, made.first, line) for row in range(len(self.markets))]
        )
        return LevelBars(made.first, line, high, low, traded, bought, notional, half, open_interest, inverse)

    def _open_interest_by_minute(self, row: int, first: int, price: Floats) -> Floats:
        """Open interest by minute, NaN unpublished; USD for inverse markets, at `price` if published in coin."""
        market = self.markets[row]
        series = self._open_interest.setdefault(row, _OpenInterest())
        series.update(market)
        at = -(-series.ts // MINUTE_NS) - 1 - first  # a value at the end of a minute belongs to that minute
        inside = (at >= 0) & (at < len(price))
        found = np.full(len(price), np.nan)
        if market.instrument.kind is MarketKind.INVERSE:
            value = np.where(
                np.isnan(series.notional[inside]), series.size[inside] * price[at[inside]], series.notional[inside]
            )
        else:
            value = series.size[inside]
        found[at[inside]] = value
        return found


def _remove_outliers(columns: Floats) -> None:
    """Replace high, low and close a jump away from the middle close of five minutes (two before, two after) by it.

    A print beyond would end all levels on its side and stretch the grid of rows.
    """
    high, low, close = columns[0], columns[1], columns[5]
    for row in range(len(close)):
        known = np.flatnonzero(np.isfinite(close[row]))
        if not len(known) or high[row, known].max() <= JUMP * low[row, known].min():
            continue
        closes = close[row, known]
        around = np.lib.stride_tricks.sliding_window_view(np.pad(closes, 2, mode="reflect"), 5)
        middle = np.median(around, axis=1)
        for prices in (high, low, close):
            here = prices[row, known]
            prices[row, known] = np.where((here > JUMP * middle) | (JUMP * here < middle), middle, here)


def _oldest(ts_ns: int, retained_ns: int) -> int:
    """First minute retained at a time."""
    return (ts_ns - retained_ns) // STEP_NS * STEP_NS // MINUTE_NS


@dataclass(slots=True)
class _OpenInterest:
    """The rows of one open interest series as arrays, updated incrementally."""

    ts: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    size: Floats = field(default_factory=lambda: np.zeros(0))
    notional: Floats = field(default_factory=lambda: np.zeros(0))
    rewritten: int = -1

    def update(self, market: Market) -> None:
        """Read new rows; the last row read may have changed."""
        series = market.open_interest_series
        retained = max(len(self.ts) - 1, 0) if series.rewritten == self.rewritten else 0
        rows = series.since(retained)
        self.rewritten = series.rewritten
        if not rows:
            return
        self.ts = np.append(self.ts[:retained], np.array([row.ts_ns for row in rows], np.int64))
        self.size = np.append(self.size[:retained], [row.size for row in rows])
        notional = [np.nan if row.notional is None else row.notional for row in rows]
        self.notional = np.append(self.notional[:retained], notional)


def _earlier(minutes: _Minutes | None, first: int, markets: int) -> _Minutes:
    """The sums extended to an earlier first minute."""
    if minutes is None:
        return _Minutes.empty(first, markets, 240)
    before = _Minutes.empty(first, markets, minutes.first - first)
    return _Minutes(first, np.concatenate((before.columns, minutes.columns), axis=2))
