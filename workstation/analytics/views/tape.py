"""Time and sales: the newest prints, those of one market and side within a millisecond merged."""

from __future__ import annotations

import numpy as np

from workstation.analytics.bars import frozen
from workstation.analytics.base import Base
from workstation.analytics.sweeps import merge_sweeps as merge_sweeps
from workstation.analytics.trades import Trades
from workstation.readmodels import TapeRequest, TapeView

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
        price=frozen(prices_of(base, ticks, market)),
        size=size,
        notional=notional,
        side=sign,
        market=market,
        prints=merged,
        markets=tuple(state.state(now_ns) for state in base.markets),
    )


def _prints(trades: Trades, chosen: set[int], minimum_usd: float) -> tuple[np.ndarray, ...]:
    columns = merge_sweeps(trades.of(chosen))
    mask = columns[3] >= minimum_usd
    return tuple(column[mask] for column in columns)


def prices_of(base: Base, ticks: np.ndarray, market: np.ndarray) -> np.ndarray:
    """Prices from ticks of each one's market."""
    steps = np.array([market.instrument.tick.as_integer_ratio() for market in base.markets], float).reshape(-1, 2)
    prices: np.ndarray = ticks * steps[market, 0] / steps[market, 1]
    return prices
