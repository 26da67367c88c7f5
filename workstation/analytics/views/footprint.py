"""The footprint view: bars with judged cells over a filtered set of markets."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from statistics import median

import numpy as np

from workstation.analytics.bars import frozen
from workstation.analytics.base import Base
from workstation.analytics.market import ONE_ROW, Market, row_grid
from workstation.analytics.series import BarSeries
from workstation.analytics.views.candles import candles_before
from workstation.candle_models import NO_CANDLES
from workstation.readmodels import FootprintBar, FootprintRequest, FootprintRules, FootprintView, Ints, MarketFilter

ROWS_A_BAR = 30  # at most; the next step of 1-2-5 gives 12 at least
HOUR_NS = 3_600_000_000_000
_STEPS = (1, 2, 5)


def footprint_view(base: Base, request: FootprintRequest, revision: int, now_ns: int) -> FootprintView:
    """Bars, gaps and states for a footprint chart."""
    chosen = base.chosen(request.markets)
    row_size = _row_size(base, request, chosen)
    series = _series(base, request, chosen, row_size)
    bars = series.bars(base.watermark_ns, base.coverage_revision)
    first_ns = bars[0].start_ns if bars else None
    return FootprintView(
        request=request,
        revision=revision,
        row_size=float(row_size),
        bars=bars,
        markets=tuple(market.state(now_ns) for market in chosen),
        gaps=gap_spans(chosen),
        last_price=last_price(chosen),
        now_ns=now_ns,
        candles=candles_before(base, chosen, first_ns, request.bar_ns) if request.rule is None else NO_CANDLES,
    )


def bar_series(base: Base, markets: MarketFilter, bar_ns: int) -> BarSeries:
    """Bars without price rows."""
    chosen = base.chosen(markets)
    return _made(base, ("bars", markets, bar_ns), chosen, bar_ns, None, FootprintRules())


def market_bars(base: Base, market: Market, bar_ns: int) -> BarSeries:
    """Bars of one market, without price rows."""
    return _made(base, ("market", market.index, bar_ns), [market], bar_ns, None, FootprintRules())


def gap_spans(markets: Iterable[Market]) -> Ints:
    """Spans of venue time in which trades of any of the markets are missing: (n, 2), ordered by start."""
    spans = sorted({span for market in markets for span in market.coverage.gaps()})
    return frozen(np.array(spans, np.int64).reshape(-1, 2))


def auto_row_size(bars: Iterable[FootprintBar], tick: Fraction, reference_ns: int) -> Fraction:
    """A round multiple of the tick that gives a typical bar 12 to 30 rows.

    Judged on up to 60 closed bars before the last full hour, or, while there are fewer than five of those, on the first
    1, 2, 4, 8 ... bars: a pure function of the bars that changes seldom.
    """
    closed = [bar for bar in bars if bar.closed]
    hour = reference_ns - reference_ns % HOUR_NS
    sample = [bar for bar in closed if bar.end_ns <= hour][-60:]
    if len(sample) < 5:
        sample = closed[: 1 << (len(closed).bit_length() - 1)] if closed else []
    ranges = [bar.high - bar.low for bar in sample]
    return round_step(Fraction(median(ranges) / ROWS_A_BAR) if ranges else tick * 10, tick)


def round_step(wanted: Fraction, tick: Fraction) -> Fraction:
    """The 1-2-5 multiple of the tick nearest above `wanted`."""
    multiple = 1
    while True:
        for step in _STEPS:
            if multiple * step * tick >= wanted:
                return multiple * step * tick
        multiple *= 10


def _row_size(base: Base, request: FootprintRequest, chosen: list[Market]) -> Fraction:
    if request.row_size is not None:
        return Fraction(str(request.row_size))
    bars = bar_series(base, request.markets, request.bar_ns).bars(base.watermark_ns, base.coverage_revision)
    return auto_row_size(bars, base.largest_tick(chosen), base.watermark_ns)


def _series(base: Base, request: FootprintRequest, chosen: list[Market], row_size: Fraction) -> BarSeries:
    key = ("footprint", request.markets, request.bar_ns, row_size, request.rules)
    return _made(base, key, chosen, request.bar_ns, row_size, request.rules)


def _made(
    base: Base,
    key: tuple[object, ...],
    chosen: list[Market],
    bar_ns: int,
    row_size: Fraction | None,
    rules: FootprintRules,
) -> BarSeries:
    found = base.find(key)
    if isinstance(found, BarSeries):
        return found
    grids = {
        market.index: (market, row_grid(market.instrument, row_size) if row_size is not None else ONE_ROW)
        for market in chosen
    }
    series = BarSeries(bar_ns, grids, rules, base.limits.bars)
    for part in base.trades.parts():
        series.fill(part)
    return base.derive(key, series, grids)


def last_price(markets: Iterable[Market]) -> float | None:
    """The price of the trade received last."""
    known = [market for market in markets if market.last_price is not None]
    return max(known, key=lambda market: market.last_trade_ns).last_price if known else None
