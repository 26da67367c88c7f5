"""The tape without Qt: size classes, speed, the count of new trades, rows as data."""

import math
from typing import NamedTuple

import numpy as np

from widgets.pane import Table
from widgets.theme.markets import market_mark
from workstation.readmodels.flow.tape import TapeView

SIZE_CLASSES = (100_000.0, 250_000.0, 1_000_000.0, 10_000_000.0)  # USD
SPEED_NS = 15_000_000_000
FAST = 1.5  # times the mean
_SMALL = 4  # a coin whose usual big trade is this many times smaller than the first class has its own classes
_SECOND_NS = 1_000_000_000

Classes = tuple[float, float, float, float]


def size_class(notional: float, classes: Classes = SIZE_CLASSES) -> int:
    """0 below the first class, then 1 to 4; usually from 100k, 250k, 1m and 10m USD."""
    return sum(notional >= limit for limit in classes)


def classes_for(usual_big_usd: float) -> Classes:
    """The size classes of a coin in USD: 1, 2.5, 10 and 100 times a small coin's usual big trade, to two digits."""
    if not 0 < usual_big_usd * _SMALL < SIZE_CLASSES[0]:
        return SIZE_CLASSES
    step = 10.0 ** (math.floor(math.log10(usual_big_usd)) - 1)
    first = round(usual_big_usd / step) * step
    return first, 2.5 * first, 10 * first, 100 * first


class Newest(NamedTuple):
    """How many `trades` arrived since; a lower bound unless `exact`, as the last one seen has left the list."""

    trades: int
    exact: bool


def newer_than(view: TapeView, seen: TapeView | None) -> Newest:
    """Count the trades of `view` above the newest one of `seen`; one that only grew by merging is not new."""
    if seen is None or not len(seen.price):
        return Newest(len(view.price), True)
    same = (
        (view.ts_venue_ns == seen.ts_venue_ns[0])
        & (view.market == seen.market[0])
        & (view.side == seen.side[0])
        & (view.price == seen.price[0])
    )
    found = np.flatnonzero(same)
    return Newest(int(found[0]), True) if len(found) else Newest(len(view.price), False)


class Speed(NamedTuple):
    """Trades per second over 15 s, the buyers' share of their notional (None if no trade has a side), and the ratio to
    the mean of the half hour before (None with less than a minute of it).
    """

    per_second: float
    buy_share: float | None
    times_mean: float | None

    @property
    def fast(self) -> bool:
        return self.times_mean is not None and self.times_mean >= FAST


def tape_speed(view: TapeView, now_ns: int | None = None) -> Speed | None:
    """Speed over the 15 s before `now_ns` or, if later, the newest trade. None for a view without pace."""
    pace = view.pace
    if pace is None:
        return None
    newest = int(pace.second[-1]) if len(pace.second) else 0
    recent = pace.second > max(newest, (now_ns or 0) // _SECOND_NS) - SPEED_NS // _SECOND_NS
    trades = int(pace.prints[recent].sum())
    buy, sell = float(pace.buy_usd[recent].sum()), float(pace.sell_usd[recent].sum())
    share = buy / (buy + sell) if buy + sell > 0 else None
    return Speed(trades * _SECOND_NS / SPEED_NS, share, trades / pace.mean_15s if pace.mean_15s > 0 else None)


def rows_as_table(view: TapeView, first: int = 0, count: int | None = None) -> Table:
    """`count` trades from the `first` on, newest first."""
    names = {1: "buy", -1: "sell"}
    rows: list[tuple[str | int | float | None, ...]] = []
    for at in range(first, len(view.price) if count is None else min(first + count, len(view.price))):
        market = view.markets[int(view.market[at])]
        rows.append(
            (
                int(view.ts_venue_ns[at]),
                market_mark(market),
                market.symbol,
                names.get(int(view.side[at])),
                float(view.price[at]),
                float(view.size[at]),
                float(view.notional[at]),
                int(view.prints[at]),
            )
        )
    return Table(("ts_venue_ns", "market", "symbol", "side", "price", "size", "notional_usd", "trades"), tuple(rows))
