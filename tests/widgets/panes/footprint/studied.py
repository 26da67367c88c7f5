"""A footprint with something of every study, and the answers to what a chart asks for beside it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from tests.widgets import synthetic
from workstation.readmodels.flow.big_trades import BigTrades, BigTradesRequest
from workstation.readmodels.flow.candles import CandleColumns
from workstation.readmodels.flow.cells import poc_index, value_area
from workstation.readmodels.flow.chart import CellRequest, CellView, QuotesRequest, QuotesView
from workstation.readmodels.flow.footprint import (
    Absorption,
    BarKind,
    BarRule,
    FootprintBar,
    FootprintRequest,
    FootprintView,
    NakedPoc,
)
from workstation.readmodels.flow.profile import ProfileRequest, ProfileView
from workstation.readmodels.request import Request, View

ROW = 10.0
DAY = 86_400_000_000_000


def bars(count: int = 90, seed: int = 12) -> tuple[FootprintBar, ...]:
    """A random walk with counted trades and some unfinished and exhausted extremes."""
    return tuple(
        replace(
            bar,
            buy_trades=np.ceil(bar.buy_volume * 7).astype(np.int64),
            sell_trades=np.ceil(bar.sell_volume * 7).astype(np.int64),
            unfinished_high=bar.closed and index % 5 == 0,
            unfinished_low=bar.closed and index % 7 == 3,
            exhausted_high=bar.closed and index % 6 == 2,
            exhausted_low=bar.closed and index % 10 == 5,
            slot=index,
        )
        for index, bar in enumerate(synthetic.walk(count, seed=seed))
    )


@cache
def view(count: int = 90, *, history: int = 0, gap: bool = False, rule: BarRule | None = None) -> FootprintView:
    """All of it at once; `history` candles before the bars."""
    made = bars(count)
    spans = ((made[-6].start_ns, made[-6].start_ns + 25_000_000_000),) if gap else ()
    if gap:
        made = (*made[:-6], replace(made[-6], complete=False), *made[-5:])
    shown = synthetic.footprint(made, FootprintRequest("BTC", rule=rule), gaps=spans)
    delta = np.array([bar.delta for bar in made])
    middle = np.array([(bar.high + bar.low) / 2 for bar in made])
    volume = np.array([bar.volume for bar in made])
    volume[: -min(count, 16)] = 0.0  # VWAP begins sixteen bars ago
    weight = np.where(np.cumsum(volume) > 0, np.cumsum(volume), np.nan)
    average = np.cumsum(middle * volume) / weight
    spread = np.sqrt(np.cumsum(np.nan_to_num((middle - average) ** 2) * volume) / weight)
    turns = np.zeros(count, np.int64)
    turns[count - 4 :: 37], turns[count - 7 :: 41] = -1, 1
    return replace(
        shown,
        naked_pocs=tuple(NakedPoc(made[at].poc_row, made[at].start_ns) for at in (count - 12, count - 7)),
        session_pocs=(NakedPoc(made[-3].poc_row + 4, (made[0].start_ns // DAY - 1) * DAY),),
        absorptions=tuple(_absorption(made[at], buy) for at, buy in ((count - 5, True), (count - 2, False))),
        cvd=np.cumsum(delta),
        oi_change=np.where(np.arange(count) % 4 == 3, np.nan, np.round(delta / 3, 1)),
        long_liquidated_usd=np.where(np.arange(count) % 5 == 1, 240_000.0, 0.0),
        short_liquidated_usd=np.where(np.arange(count) % 6 == 2, 90_000.0, 0.0),
        divergence=turns,
        vwap=average,
        vwap_deviation=spread,
        minimum_volume=2.5,
        candles=_candles(made[0], history),
    )


def _absorption(bar: FootprintBar, buy: bool) -> Absorption:
    row = bar.value_high_row if buy else bar.value_low_row
    return Absorption(row, buy, bar.start_ns + 20_000_000_000, bar.start_ns + 30_000_000_000, 40.0, 9.0, 8.0, 33.0)


def _candles(first: FootprintBar, count: int) -> CandleColumns:
    starts = first.start_ns - synthetic.MINUTE * np.arange(count, 0, -1)
    path = first.open + 25 * np.sin(np.arange(count + 1) / 3.0)[::-1] * np.arange(count, -1, -1) / max(count, 1)
    opened, closed = path[:-1], path[1:]
    high, low = np.maximum(opened, closed) + 12, np.minimum(opened, closed) - 9
    return CandleColumns(starts, opened, high, low, closed, np.full(count, 30.0), np.full(count, np.nan))


def answer(request: Request[View], of: FootprintView) -> View | None:
    """An engine's answer; None for requests that are not covered here."""
    match request:
        case ProfileRequest():
            return profile_of(of, request)
        case BigTradesRequest():
            return big_trades(of, request)
        case QuotesRequest():
            last = of.last_price or 0.0
            return QuotesView(request, 1, last - 4.0, last + 6.0, last + 13.0, of.markets)
        case CellRequest():
            sizes = np.array([3.0, 1.0]), np.array([0.5, 2.0])
            return CellView(request, 1, of.markets[:2], *sizes, np.array([4, 1]), np.array([2, 2]))
        case _:
            return None


def profile_of(view: FootprintView, request: ProfileRequest) -> ProfileView:
    """The sum of the bars in the span of a request."""
    bars = [bar for bar in view.bars if request.start_ns <= bar.start_ns < request.end_ns]
    none = np.zeros(0, np.int64)
    if not bars:
        return ProfileView(request, 1, 0, np.zeros(0), np.zeros(0), 0, 0, 0, none, none)
    first = min(bar.first_row for bar in bars)
    count = max(bar.first_row + len(bar.buy_volume) for bar in bars) - first
    buy, sell = np.zeros(count), np.zeros(count)
    for bar in bars:
        part = slice(bar.first_row - first, bar.first_row - first + len(bar.buy_volume))
        buy[part] += bar.buy_volume
        sell[part] += bar.sell_volume
    total = buy + sell
    poc = poc_index(total)
    low, high = value_area(total, poc, request.value_area)
    order = np.argsort(total)
    return ProfileView(
        request, 1, first, buy, sell, first + poc, first + low, first + high, first + order[-2:], first + order[2:3]
    )


def big_trades(view: FootprintView, request: BigTradesRequest) -> BigTrades:
    """Three prints a bar of the span, along its range."""
    bars = [bar for bar in view.bars if request.start_ns <= bar.start_ns < request.end_ns]
    step = np.arange(3 * len(bars))
    ts = np.array([bar.start_ns + share * 18_000_000_000 for bar in bars for share in (1, 2, 3)], np.int64)
    price = np.array([bar.low + (bar.high - bar.low) * share / 4 for bar in bars for share in (1, 2, 3)])
    notional = 100_000.0 * (1 + step * 7 % 23)
    return BigTrades(request, 1, 100_000.0, ts, price, notional, step % 3 - 1, step % 2, view.markets)


RANGE = BarRule(BarKind.RANGE, 40.0)
