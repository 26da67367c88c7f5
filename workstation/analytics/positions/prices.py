"""Prices of each market on one axis of bars: from its trades and, before them, from its venue's candles."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from workstation.analytics.state.base import Base
from workstation.analytics.state.market import Market, missing_bars
from workstation.analytics.store.coverage import FOREVER_NS
from workstation.analytics.store.trades import BAR_CAP, DAY_NS, Merged, Trades, TradeStore, distinct
from workstation.readmodels.arrays import Floats, Ints

CARRIED_NS = 60_000_000_000
_JITTER_NS = 60_000_000_000
_OPEN, _HIGH, _LOW, _CLOSE, _VOLUME = range(5)


class PriceBars:
    """Open, high, low, close (quote) and volume (base coin) by bar and market: (bars, markets, 5), NaN and 0 untraded.

    Reads the store on request and retains the newest `cap` bars whose trades are all in the store.
    """

    def __init__(self, markets: Sequence[Market], bar_ns: int, cap: int = BAR_CAP) -> None:
        self._bar_ns, self._cap = bar_ns, cap
        ticks = [market.instrument.tick for market in markets]
        self._numerator = np.array([tick.numerator for tick in ticks])
        self._denominator = np.array([tick.denominator for tick in ticks])
        self._position = 0
        self.start_ns: Ints = np.empty(0, np.int64)
        self.bars: Floats = np.empty((0, len(markets), 5))

    def update(self, store: TradeStore) -> None:
        for part in store.after(self._position):
            self._take(part)
            self._drop_before(max(len(self.start_ns) - self._cap, 0))
        self._position = store.total
        if store.total > len(store):
            oldest_ns = int(next(store.parts()).ts[0]) + _JITTER_NS
            self._drop_before(int(np.searchsorted(self.start_ns, oldest_ns)))

    def amend(self, store: TradeStore, merged: Merged) -> bool:
        """Recount the bars from the first that got late trades; False if a rebuild is needed."""
        begin_ns = merged.bars_from(self._bar_ns)
        if begin_ns is None or self._position < merged.position:
            return False
        if not len(self.start_ns) or begin_ns < self.start_ns[0]:
            return False
        first = int(np.searchsorted(self.start_ns, begin_ns))
        self.start_ns, self.bars = self.start_ns[:first].copy(), self.bars[:first].copy()
        for part in store.between(begin_ns, FOREVER_NS):
            self._take(part)
        self._position = store.total
        return True

    def _take(self, part: Trades) -> None:
        starts = part.ts - part.ts % self._bar_ns
        new = np.setdiff1d(distinct(starts), self.start_ns, assume_unique=True)
        if len(new):
            empty = np.full((len(new), *self.bars.shape[1:]), np.nan)
            empty[..., _VOLUME] = 0.0
            at = np.searchsorted(self.start_ns, new)
            self.start_ns, self.bars = np.insert(self.start_ns, at, new), np.insert(self.bars, at, empty, axis=0)
        row, market = np.searchsorted(self.start_ns, starts), part.market
        price = part.ticks * self._numerator[market] / self._denominator[market]
        at, flat = (row * self.bars.shape[1] + market) * self.bars.shape[2], self.bars.reshape(-1)
        opening = np.flatnonzero(np.isnan(flat[at + _OPEN]))
        flat[at[opening[::-1]] + _OPEN] = price[opening[::-1]]  # the first of a bar wins
        np.fmax.at(flat, at + _HIGH, price)  # flat indices are ten times faster
        np.fmin.at(flat, at + _LOW, price)
        flat[at + _CLOSE] = price  # the last of a bar wins
        np.add.at(flat, at + _VOLUME, part.size)

    def _drop_before(self, first: int) -> None:
        if first > 0:
            self.start_ns, self.bars = self.start_ns[first:].copy(), self.bars[first:].copy()


class Prices(NamedTuple):
    """Arrays (markets, bars); NaN where a market has no price. `starts` (bars,) is ns.

    A price is carried for a minute after the bar in which it was traded. `seen` is the received volume (base coin) of
    the 24 hours that end with the bar.
    """

    starts: Ints
    close: Floats
    ohlc4: Floats
    seen: Floats


class _Bars(NamedTuple):
    start: Ints
    close: Floats
    ohlc4: Floats
    volume: Floats


def prices_of(base: Base, markets: Sequence[Market], bar_ns: int) -> Prices:
    """Prices of some markets on the union of all markets' bars, oldest first."""
    key = ("prices", bar_ns)
    found = base.find(key)
    traded = found if isinstance(found, PriceBars) else base.keep(key, PriceBars(base.markets, bar_ns))
    traded.update(base.trades)
    since_ns = int(traded.start_ns[0]) if len(traded.start_ns) else 1 << 62
    bars = [_joined(market, traded, bar_ns, since_ns) for market in markets]
    starts = np.unique(np.concatenate([traded.start_ns, *(part.start for part in bars)]))
    shape = (len(markets), len(starts))
    close, ohlc4, seen = np.full(shape, np.nan), np.full(shape, np.nan), np.zeros(shape)
    for row, (market, part) in enumerate(zip(markets, bars, strict=True)):
        if len(part.start):
            close[row], ohlc4[row] = _placed(part, starts, bar_ns)
            seen[row] = _volume(part, starts, bar_ns)
        missing = (starts >= since_ns) & missing_bars(market, starts, bar_ns)
        close[row, missing] = ohlc4[row, missing] = np.nan
    return Prices(starts, close, ohlc4, seen)


def _joined(market: Market, traded: PriceBars, bar_ns: int, since_ns: int) -> _Bars:
    """Candles before the first bar of trades of any market, then the market's own bars."""
    rows = traded.bars[:, market.index]
    traded_rows = rows[:, _VOLUME] > 0.0
    rows = rows[traded_rows]
    own = _Bars(traded.start_ns[traded_rows], rows[:, _CLOSE], rows[:, :_VOLUME].sum(axis=1) / 4, rows[:, _VOLUME])
    candles = market.candles.bars(bar_ns, since_ns)
    if candles is None:
        return own
    mean = (candles.open + candles.high + candles.low + candles.close) / 4
    before = _Bars(candles.start, candles.close, mean, candles.volume)
    return _Bars(*(np.concatenate(pair) for pair in zip(before, own, strict=True)))


def _placed(part: _Bars, starts: Ints, bar_ns: int) -> tuple[Floats, Floats]:
    """Close and OHLC4 on the axis; a bar without trades has the last close within a minute, else NaN."""
    at = np.searchsorted(part.start, starts, "right") - 1
    away = starts - part.start[at]
    close, ohlc4 = part.close[at], np.where(away == 0, part.ohlc4[at], part.close[at])
    unknown = (at < 0) | (away > max(CARRIED_NS - bar_ns, 0))
    close[unknown] = ohlc4[unknown] = np.nan
    return close, ohlc4


def _volume(part: _Bars, starts: Ints, bar_ns: int) -> Floats:
    """Volume of the 24 hours that end with each bar."""
    sums = np.concatenate(([0.0], np.cumsum(part.volume)))
    until = np.searchsorted(part.start, starts, "right")
    since = np.searchsorted(part.start, starts + bar_ns - DAY_NS)
    volume: Floats = sums[until] - sums[since]
    return volume
