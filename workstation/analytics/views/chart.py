"""Quotes and mark price of a chart, the markets behind a cell, candles before the trades."""

from collections.abc import Sequence
from fractions import Fraction
from statistics import median

import numpy as np

from workstation.analytics.answer import of_base
from workstation.analytics.bars.bar_builder import BUY, SELL
from workstation.analytics.state.base import Base
from workstation.analytics.state.candles import delta_of, summed
from workstation.analytics.state.derived_bars import row_grids
from workstation.analytics.state.market import Market
from workstation.analytics.store.coverage import FOREVER_NS
from workstation.analytics.store.row_grid import TradeRows
from workstation.readmodels.arrays import Ints, frozen
from workstation.readmodels.flow.candles import CandleColumns, CandleLine
from workstation.readmodels.flow.chart import CellRequest, CellView, QuotesRequest, QuotesView
from workstation.readmodels.markets import Freshness


def quotes_view(base: Base, request: QuotesRequest, revision: int, now_ns: int) -> QuotesView:
    """Best prices over the live books, and the median mark price."""
    chosen = base.chosen(request.markets)
    live = [market for market in chosen if market.book_freshness(now_ns) is Freshness.LIVE]
    bids = [_price(market, market.book.bids.best) for market in live]
    asks = [_price(market, market.book.asks.best) for market in live]
    marks = [market.mark for market in chosen if market.mark is not None]
    return QuotesView(
        request=request,
        revision=revision,
        best_bid=max((bid for bid in bids if bid is not None), default=None),
        best_ask=min((ask for ask in asks if ask is not None), default=None),
        mark=median(marks) if marks else None,
        known=tuple(market.state(now_ns) for market in base.markets),
        now_ns=now_ns,
    )


def _price(market: Market, ticks: int | None) -> float | None:
    return None if ticks is None else market.instrument.price_from_ticks(ticks)


def cell_view(base: Base, request: CellRequest, revision: int, now_ns: int) -> CellView:
    """Stored trades of the cell, summed by market and side."""
    chosen = base.chosen(request.markets)
    rows = TradeRows(row_grids(chosen, Fraction(str(request.row_size))))
    size, count = np.zeros(3 * len(base.markets)), np.zeros(3 * len(base.markets), np.int64)
    for part in base.trades.between(request.start_ns, request.end_ns):
        trades, row = rows.of(part)
        lane = trades.lane[(row >= request.first_row) & (row <= request.last_row)]
        inside = trades.size[(row >= request.first_row) & (row <= request.last_row)]
        size += np.bincount(lane, inside, len(size))
        count += np.bincount(lane, minlength=len(count))
    sell, buy = size[SELL::3], size[BUY::3]
    traded = [index for index in np.argsort(-(sell + buy), kind="stable").tolist() if sell[index] + buy[index] > 0]
    order = np.array(traded, np.int64)
    return CellView(
        request=request,
        revision=revision,
        markets=tuple(base.markets[index].state(now_ns) for index in traded),
        sell=frozen(sell[order]),
        buy=frozen(buy[order]),
        sells=frozen(count[SELL::3][order]),
        buys=frozen(count[BUY::3][order]),
    )


_CACHED_SUMS = 16


def candles_before(base: Base, markets: Sequence[Market], first_ns: int | None, bar_ns: int) -> CandleColumns:
    """Candles of some markets that end before `first_ns`, the start of the first bar of trades."""
    end_ns = FOREVER_NS if first_ns is None else first_ns
    key = (tuple(market.index for market in markets), bar_ns, end_ns)
    found = base.candle_sums.get(key)
    if found is None:
        parts = [market.candles.bars(bar_ns, end_ns) for market in markets]
        if len(base.candle_sums) >= _CACHED_SUMS:
            base.candle_sums.clear()
        found = base.candle_sums[key] = summed([part for part in parts if part is not None])
    return found


def candle_lines(markets: Sequence[Market], starts: Ints, bar_ns: int, in_usd: bool) -> tuple[CandleLine, ...]:
    """Running deltas from candles before `starts`, of the markets whose venue publishes taker volume."""
    end_ns = int(starts[0]) if len(starts) else FOREVER_NS
    lines = []
    for market in markets:
        part = market.candles.bars(bar_ns, end_ns)
        if part is None:
            continue
        delta, instrument = delta_of(part, in_usd), market.instrument
        if not np.isnan(delta).any():
            sums = np.cumsum(delta)
            label = f"{instrument.venue} {instrument.symbol}"
            values = frozen(sums - sums[-1])
            lines.append(CandleLine(label, instrument.venue, instrument.kind, frozen(part.start), values))
    return tuple(lines)


ANSWERS = (of_base(QuotesRequest, quotes_view, "book_revision"), of_base(CellRequest, cell_view))
