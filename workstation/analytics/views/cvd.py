"""CVD lines: every market, all perpetuals, all spot, on one axis of bars."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np

from workstation.analytics.bars import frozen
from workstation.analytics.base import Base
from workstation.analytics.market import Market
from workstation.analytics.views.candles import candle_lines
from workstation.analytics.views.footprint import gap_spans, market_bars
from workstation.analytics.volumes import DAY_NS
from workstation.readmodels import Bools, CvdLine, CvdRequest, CvdView, Floats, FootprintBar, Freshness, Ints


def cvd_view(base: Base, request: CvdRequest, revision: int, now_ns: int) -> CvdView:
    """Lines of all markets of a base and their sums."""
    bars = {market.index: _bars(base, market, request.bar_ns) for market in base.markets}
    starts = bar_axis(bars.values())
    lines = [_line(market, bars[market.index], starts, request, now_ns) for market in base.markets]
    perps = [market for market in base.markets if market.instrument.kind.is_perp]
    spots = [market for market in base.markets if not market.instrument.kind.is_perp]
    live = sum(market.trades_freshness(now_ns) is Freshness.LIVE for market in perps)
    return CvdView(
        request=request,
        revision=revision,
        bar_start_ns=starts,
        lines=tuple(lines),
        perp=_sum(perps, bars, starts, request, now_ns, "perp"),
        spot=_sum(spots, bars, starts, request, now_ns, "spot"),
        gaps=gap_spans(base.markets),
        perp_live=live,
        perp_known=len(perps),
        now_ns=now_ns,
        candle_lines=candle_lines(base.markets, starts, request.bar_ns, request.in_usd),
    )


def bar_axis(series: Iterable[Sequence[FootprintBar]]) -> Ints:
    """The sorted union of bar starts."""
    starts = {bar.start_ns for bars in series for bar in bars}
    return frozen(np.array(sorted(starts), np.int64))


def delta_on(bars: Sequence[FootprintBar], starts: Ints, in_usd: bool) -> Floats:
    """Delta of each bar of an axis, 0 where the market did not trade."""
    delta = np.zeros(len(starts))
    if bars:
        values = [bar.buy_usd - bar.sell_usd if in_usd else bar.buy - bar.sell for bar in bars]
        delta[np.searchsorted(starts, [bar.start_ns for bar in bars])] = values
    return delta


def running(delta: Floats, starts: Ints, daily_reset: bool) -> Floats:
    """Partial sums from the first bar, beginning again at every 00:00 UTC when asked to."""
    if not daily_reset or not len(starts):
        return np.cumsum(delta)
    edges = [0, *(np.flatnonzero(np.diff(starts // DAY_NS)) + 1).tolist(), len(starts)]
    return np.concatenate([np.cumsum(delta[begin:end]) for begin, end in pairwise(edges)])


def missing_on(market: Market, starts: Ints, bar_ns: int) -> Bools:
    """Bars that overlap a hole between received trades, lie before the first of them or after the last.

    A bar in which the trades ended for good, as far as is known, is partial but not missing: its sum is what was
    received. All are missing while nothing was received yet.
    """
    missing = np.zeros(len(starts), np.bool_)
    spans = market.coverage.received()
    for (_, begin), (end, _) in pairwise(spans):
        missing |= (starts < end) & (starts + bar_ns > begin)
    if not spans:
        missing[:] = market.coverage.began or market.last_price is None
    else:
        missing |= (starts + bar_ns <= spans[0][0]) | (starts > spans[-1][1])
    return missing


def _bars(base: Base, market: Market, bar_ns: int) -> tuple[FootprintBar, ...]:
    return market_bars(base, market, bar_ns).bars(base.watermark_ns, base.coverage_revision)


def _line(market: Market, bars: Sequence[FootprintBar], starts: Ints, request: CvdRequest, now_ns: int) -> CvdLine:
    instrument = market.instrument
    values = running(delta_on(bars, starts, request.in_usd), starts, request.daily_reset)
    values[missing_on(market, starts, request.bar_ns)] = np.nan
    return _frozen(
        CvdLine(
            label=f"{instrument.venue.value} {instrument.symbol}",
            venue=instrument.venue,
            kind=instrument.kind,
            perp=instrument.kind.is_perp,
            values=values,
            freshness=market.trades_freshness(now_ns),
        )
    )


def _sum(
    markets: list[Market],
    bars: dict[int, tuple[FootprintBar, ...]],
    starts: Ints,
    request: CvdRequest,
    now_ns: int,
    label: str,
) -> CvdLine | None:
    """The sum of what was received; a bar is missing only where it is missing on every market."""
    if not markets:
        return None
    deltas = [delta_on(bars[market.index], starts, request.in_usd) for market in markets]
    values = running(np.sum(deltas, axis=0), starts, request.daily_reset)
    missing = np.all([missing_on(market, starts, request.bar_ns) for market in markets], axis=0)
    values[missing] = np.nan
    freshness = {market.trades_freshness(now_ns) for market in markets}
    best = next(state for state in _BEST_FIRST if state in freshness)
    return _frozen(CvdLine(label, None, None, label == "perp", values, best))


_BEST_FIRST = (Freshness.LIVE, Freshness.STALE, Freshness.SYNCING, Freshness.LOST, Freshness.WAITING)


def _frozen(line: CvdLine) -> CvdLine:
    frozen(line.values)
    return line
