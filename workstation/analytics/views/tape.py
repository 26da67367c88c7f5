"""Time and sales: the newest prints, those of one market and side within a millisecond merged."""

from __future__ import annotations

import numpy as np

from workstation.analytics.bars import frozen
from workstation.analytics.base import Base
from workstation.analytics.trades import Trades
from workstation.readmodels import TapeRequest, TapeView

_MS = 1_000_000
_LOOK_BACK = 4  # trades looked at for each print wanted, before the filter finds too few
_LOOK_LIMIT = 200_000


def tape_view(base: Base, request: TapeRequest, revision: int, now_ns: int) -> TapeView:
    """The newest `request.count` prints that pass the filter, newest first."""
    chosen = {market.index for market in base.chosen(request.markets)}
    look = request.count * _LOOK_BACK + 1
    prints = _prints(base.trades.last(look), chosen, request.minimum_usd)
    while len(prints[0]) <= request.count and look < min(len(base.trades), _LOOK_LIMIT):
        look *= 4
        prints = _prints(base.trades.last(look), chosen, request.minimum_usd)
    ts, ticks, size, notional, sign, market, merged = (frozen(column[: -request.count - 1 : -1]) for column in prints)
    return TapeView(
        request=request,
        revision=revision,
        ts_venue_ns=ts,
        price=frozen(_prices(base, ticks, market)),
        size=size,
        notional=notional,
        side=sign,
        market=market,
        prints=merged,
        markets=tuple(state.state(now_ns) for state in base.markets),
    )


def merge_sweeps(trades: Trades) -> tuple[np.ndarray, ...]:
    """Neighbouring trades of one market and side in one venue millisecond as one print.

    Columns: time, mean ticks weighted by size, size, notional, sign, market, number of trades. Receive order.
    """
    if not len(trades.ts):
        empty = np.empty(0, np.int64)
        return empty, np.empty(0), np.empty(0), np.empty(0), empty, empty, empty
    ms = trades.ts // _MS
    first = np.flatnonzero(np.concatenate(([True], (np.diff(ms) != 0) | (np.diff(trades.lane) != 0))))
    count = np.diff(np.concatenate((first, [len(ms)])))
    size = np.add.reduceat(trades.size, first)
    begin = trades.ticks[first]
    away = np.add.reduceat(trades.size * (trades.ticks - np.repeat(begin, count)), first)
    ticks = begin + away / np.where(size > 0, size, 1.0)
    notional = np.add.reduceat(trades.notional, first)
    return trades.ts[first].copy(), ticks, size, notional, trades.sign[first], trades.market[first], count


def _prints(trades: Trades, chosen: set[int], minimum_usd: float) -> tuple[np.ndarray, ...]:
    columns = merge_sweeps(trades.where(np.isin(trades.market, list(chosen))))
    mask = columns[3] >= minimum_usd
    return tuple(column[mask] for column in columns)


def _prices(base: Base, ticks: np.ndarray, market: np.ndarray) -> np.ndarray:
    steps = np.array([market.instrument.tick.as_integer_ratio() for market in base.markets], float).reshape(-1, 2)
    prices: np.ndarray = ticks * steps[market, 0] / steps[market, 1]
    return prices
